package dev.hourglass.diffusion;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.ImageSize;
import dev.hourglass.Session;
import dev.hourglass.SessionOptions;
import dev.hourglass.UNet;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import dev.hourglass.unet.TinyUNet;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class AncestralSamplerTest {

    private static final int PIXELS = 9 * 8;
    private static final NoiseSchedule SHORT = NoiseSchedule.linear(12, 1e-3, 0.2);

    /** Six images of one model and seed, sampled in batches. */
    private static float[] sample(UNet model, int batch, long seed) {
        float[] images = new float[6 * PIXELS];
        try (Session session = model.session(SessionOptions.of(batch, 9, 8).withThreads(2));
                AncestralSampler sampler = new AncestralSampler(SHORT, session.denoiser(), Backend.kernels(), seed)) {
            for (int first = 0; first < 6; first += batch) {
                sampler.start(first);
                for (int t = SHORT.steps() - 1; t >= 0; t--) {
                    sampler.step(first, t);
                }
                float[] found = session.denoiser().sample().toArray();
                System.arraycopy(found, 0, images, first * PIXELS, Math.min(batch, 6 - first) * PIXELS);
            }
        }
        return images;
    }

    @Test
    void theBatchSplitDoesNotChangeTheImages() {
        try (UNet model = UNet.create(new TinyUNet(), new ImageSize(9, 8), 5)) {
            float[] together = sample(model, 6, 1);
            assertArrayEquals(together, sample(model, 1, 1), 0f);
            assertArrayEquals(together, sample(model, 4, 1), 0f);
            assertFalse(Arrays.equals(together, sample(model, 6, 2)));
        }
    }

    /** A denoiser that knows the answer leads every start to the one clean image it has in mind. */
    @Test
    void aPerfectDenoiserIsFollowedToItsImage() {
        Shape shape = Shape.of(2, 3, 3, 1);
        try (Slab slab = Slab.open("test", 1024)) {
            Tensor sample = slab.tensor(0, shape);
            Tensor timesteps = slab.tensor(256, Shape.of(2));
            Tensor prediction = slab.tensor(512, shape);
            Denoiser oracle = new Denoiser() {
                @Override
                public Tensor sample() {
                    return sample;
                }

                @Override
                public Tensor timesteps() {
                    return timesteps;
                }

                @Override
                public void predict() {
                    double alphaBar = NoiseSchedule.ddpm().alphaBar((int) timesteps.get(0));
                    for (int k = 0; k < 18; k++) {
                        double noise = (sample.get(k) - Math.sqrt(alphaBar) * wanted(k)) / Math.sqrt(1 - alphaBar);
                        prediction.set(k, (float) noise);
                    }
                }

                @Override
                public Tensor prediction() {
                    return prediction;
                }
            };
            try (AncestralSampler sampler = new AncestralSampler(NoiseSchedule.ddpm(), oracle, Backend.kernels(), 3)) {
                sampler.start(0);
                for (int t = 999; t >= 0; t--) {
                    sampler.step(0, t);
                }
                for (int k = 0; k < 18; k++) {
                    assertEquals(wanted(k), sample.get(k), 1e-4);
                }
            }
        }
    }

    private static double wanted(int k) {
        return Math.sin(k);
    }

    @Test
    void theStartIsStandardNormalNoise() {
        try (UNet model = UNet.create(new TinyUNet(), new ImageSize(40, 40), 5);
                Session session = model.session(SessionOptions.of(8, 40, 40));
                AncestralSampler sampler = new AncestralSampler(SHORT, session.denoiser(), Backend.kernels(), 1)) {
            sampler.start(0);
            float[] noise = session.denoiser().sample().toArray();
            double mean = 0;
            double square = 0;
            for (float value : noise) {
                mean += value / (double) noise.length;
                square += (double) value * value / noise.length;
            }
            // five standard errors
            assertTrue(Math.abs(mean) < 5 / Math.sqrt(noise.length), "mean " + mean);
            assertTrue(Math.abs(square - 1) < 5 * Math.sqrt(2.0 / noise.length), "variance " + square);
        }
    }
}
