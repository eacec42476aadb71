package dev.hourglass.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.ImageSize;
import dev.hourglass.Session;
import dev.hourglass.SessionOptions;
import dev.hourglass.UNet;
import dev.hourglass.diffusion.NoiseSchedule;
import dev.hourglass.io.ImageBytes;
import dev.hourglass.kernel.Backend;
import dev.hourglass.testing.ConditionalModels;
import dev.hourglass.testing.Digits;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Evaluation of models that are told the class of each image. */
class ConditionalEvaluationTest {

    /** Of rounding, in sums of squares. */
    private static final double TOLERANCE = 1e-5;

    /** The error of two images of two classes is made of each image's error under its own class, whatever the batch. */
    @Test
    void eachImageIsAskedUnderItsOwnClass() {
        double first = error(1, 1, List.of(0, 0));
        double second = 2 * error(2, 1, List.of(1, 1)) - error(1, 1, List.of(1, 1));
        assertEquals((first + second) / 2, error(2, 1, List.of(0, 1)), TOLERANCE);
        assertEquals((first + second) / 2, error(2, 2, List.of(0, 1)), TOLERANCE);
        assertTrue(Math.abs(error(2, 2, List.of(0, 0)) - error(2, 2, List.of(0, 1))) > 10 * TOLERANCE);
    }

    private static double error(int count, int batch, List<Integer> labels) {
        try (Conditions conditions = Conditions.none().with("class_labels", labels);
                ImageBytes images = Digits.bars(labels.size(), 8, 8);
                UNet model =
                        UNet.create(ConditionalModels.classes(Map.of("num_class_embeds", 3)), new ImageSize(8, 8), 1);
                Session session = model.session(SessionOptions.of(batch, 8, 8).withThreads(1))) {
            var kernels = Backend.kernels();
            var feed = conditions.into(model.architecture(), images.count(), kernels.elementwise(), session::condition);
            return Evaluation.measure(
                            session.denoiser(), NoiseSchedule.ddpm(), images, feed, count, 1, kernels, done -> {})
                    .error();
        }
    }
}
