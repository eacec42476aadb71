package dev.hourglass;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.error.HourglassException;
import dev.hourglass.io.Safetensors;
import dev.hourglass.memory.Shape;
import dev.hourglass.testing.DiffusersReference;
import dev.hourglass.testing.Floats;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The autoencoder against diffusers' moments and pictures. */
class VaeTest {

    private static final double EXACT = 2e-5;
    private static final double WINOGRAD = 2e-4;

    private final Path folder = DiffusersReference.folder("vae-sd-style");

    @Test
    void momentsAreThoseOfDiffusers() {
        try (Vae vae = Vae.open(folder);
                Safetensors io = Safetensors.open(folder.resolve("io.safetensors"))) {
            Shape shape = io.entry("c0.sample").shape();
            assertEquals(io.entry("c0.output").shape(), vae.momentsShape(shape));
            float[] expected = io.floats("c0.output");
            float[] sample = io.floats("c0.sample");
            assertTrue(Floats.maxError(vae.encode(sample, shape, 2, true), expected) <= EXACT);
            assertTrue(Floats.maxError(vae.encode(sample, shape, 2, false), expected) <= WINOGRAD);
        }
    }

    @Test
    void picturesAreThoseOfDiffusers() {
        try (Vae vae = Vae.open(folder);
                Safetensors io = Safetensors.open(folder.resolve("io.safetensors"))) {
            Shape shape = io.entry("c1.latent").shape();
            assertEquals(io.entry("c1.output").shape(), vae.picturesShape(shape));
            float[] expected = io.floats("c1.output");
            float[] latent = io.floats("c1.latent");
            assertTrue(Floats.maxError(vae.decode(latent, shape, 2, true), expected) <= EXACT);
            assertTrue(Floats.maxError(vae.decode(latent, shape, 2, false), expected) <= WINOGRAD);
        }
    }

    @Test
    void imagesOfAnotherShapeAreRefused() {
        try (Vae vae = Vae.open(folder)) {
            HourglassException error = assertThrows(
                    HourglassException.class, () -> vae.decode(new float[3 * 16], Shape.of(1, 3, 4, 4), 1, true));
            assertTrue(error.getMessage().contains("[N, 4, H, W]"), error.getMessage());
        }
    }

    @Test
    void aUNetIsNoAutoencoder() {
        Path unet = DiffusersReference.folder("unet2d-adm-style");
        HourglassException error = assertThrows(HourglassException.class, () -> Vae.open(unet));
        assertTrue(error.getMessage().contains("AutoencoderKL"), error.getMessage());
    }
}
