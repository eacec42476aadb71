package dev.hourglass.examples;

import dev.hourglass.Session;
import dev.hourglass.SessionOptions;
import dev.hourglass.UNet;
import java.nio.file.Path;

/** The README's example of using Hourglass from another application; {@code ReadmeTest} holds the two together. */
public final class EmbeddingExample {

    private EmbeddingExample() {}

    static float[] run(Path folder) {
        // README: begin
        try (UNet model = UNet.open(folder);
                Session session = model.session(SessionOptions.of(2, 28, 28))) {
            float[] noisy = new float[2 * 28 * 28]; // [N, C, H, W]
            float[] timesteps = {10, 990};
            float[] noise = new float[2 * 28 * 28];
            session.run(noisy, timesteps, noise); // allocates nothing
            return noise;
        }
        // README: end
    }
}
