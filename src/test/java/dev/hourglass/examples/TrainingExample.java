package dev.hourglass.examples;

import dev.hourglass.ImageSize;
import dev.hourglass.UNet;
import dev.hourglass.io.ImageBytes;
import dev.hourglass.io.ImageData;
import dev.hourglass.parallel.Workers;
import dev.hourglass.train.Trainer;
import dev.hourglass.train.TrainingOptions;
import dev.hourglass.unet.TinyUNet;
import java.nio.file.Path;

/** The README's example of training from code; {@code ReadmeTest} holds the two together. */
public final class TrainingExample {

    private TrainingExample() {}

    static float run(Path data, Path folder, int steps) {
        // README: begin
        try (ImageBytes images = ImageData.open(data);
                Workers workers = new Workers(2);
                UNet model = UNet.create(new TinyUNet(), new ImageSize(28, 28), 0);
                Trainer trainer = model.trainer(images, TrainingOptions.plain(steps, 0), workers)) {
            float loss = 0;
            while (trainer.steps() < steps) {
                loss = trainer.step();
            }
            model.save(folder);
            return loss;
        }
        // README: end
    }
}
