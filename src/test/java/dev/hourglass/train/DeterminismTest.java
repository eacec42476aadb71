package dev.hourglass.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.ImageSize;
import dev.hourglass.UNet;
import dev.hourglass.io.ImageBytes;
import dev.hourglass.kernel.Backend;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.Digits;
import dev.hourglass.unet.TinyUNet;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeterminismTest {

    private static final TrainingOptions OPTIONS = new TrainingOptions(
            8, 50, new LearningRate.Constant(1e-3), new AdamW.Settings(0.9, 0.999, 1e-8, 0.01, 1), 0.9, 3);

    /** The scalar twins are a hundred times slower: fewer steps, the same question. */
    private static final int STEPS = Backend.kernels().bits() > 0 ? 50 : 4;

    /** Raw and averaged weights after some steps. */
    private static float[][] train(int threads, TrainingOptions options) {
        try (Workers workers = new Workers(threads);
                ImageBytes images = Digits.bars(30, 17, 14);
                UNet model = UNet.create(new TinyUNet(), new ImageSize(17, 14), options.seed());
                Trainer trainer = model.trainer(images, options, workers)) {
            for (int k = 0; k < STEPS; k++) {
                trainer.step();
            }
            return new float[][] {
                trainer.rawWeights().flat().toArray(),
                trainer.bestWeights().flat().toArray()
            };
        }
    }

    @Test
    void weightsAreBitIdenticalWhateverTheThreads() {
        float[][] one = train(1, OPTIONS);
        for (int threads : new int[] {2, 2, 3}) {
            float[][] several = train(threads, OPTIONS);
            assertArrayEquals(one[0], several[0], 0f);
            assertArrayEquals(one[1], several[1], 0f);
        }
    }

    @Test
    void anotherSeedGivesOtherWeights() {
        TrainingOptions other = new TrainingOptions(8, 50, OPTIONS.rate(), OPTIONS.optimizer(), 0.9, 4);
        assertFalse(Arrays.equals(train(1, OPTIONS)[0], train(1, other)[0]));
    }

    @Test
    void aResumedRunEndsInTheSameWeights(@TempDir Path folder) {
        float[][] whole = train(2, OPTIONS);
        float[][] resumed = new float[2][];
        try (Workers workers = new Workers(2);
                ImageBytes images = Digits.bars(30, 17, 14)) {
            try (UNet model = UNet.create(new TinyUNet(), new ImageSize(17, 14), 3);
                    Trainer trainer = model.trainer(images, OPTIONS, workers)) {
                for (int k = 0; k < STEPS / 2; k++) {
                    trainer.step();
                }
                Checkpoint.write(folder, trainer);
            }
            assertTrue(Checkpoint.exists(folder));
            try (UNet model = UNet.create(new TinyUNet(), new ImageSize(17, 14), 99);
                    Trainer trainer = model.trainer(images, OPTIONS, workers)) {
                Checkpoint.resume(folder, trainer);
                while (trainer.steps() < STEPS) {
                    trainer.step();
                }
                resumed[0] = trainer.rawWeights().flat().toArray();
                resumed[1] = trainer.bestWeights().flat().toArray();
            }
        }
        assertArrayEquals(whole[0], resumed[0], 0f);
        assertArrayEquals(whole[1], resumed[1], 0f);
    }
}
