package dev.hourglass.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.ImageSize;
import dev.hourglass.Session;
import dev.hourglass.SessionOptions;
import dev.hourglass.UNet;
import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.Weights;
import dev.hourglass.io.ImageBytes;
import dev.hourglass.kernel.Backend;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.memory.Tensor;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.ConditionalModels;
import dev.hourglass.testing.Digits;
import dev.hourglass.testing.Floats;
import dev.hourglass.unet.Architecture;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training of models whose configuration says {@code dropout}. */
class DropoutTrainingTest {

    private static final ImageSize SIZE = new ImageSize(9, 8);
    private static final int STEPS = 6;
    private static final int BATCH = 4;
    private static final TrainingOptions OPTIONS =
            new TrainingOptions(BATCH, 50, new LearningRate.Constant(1e-3), AdamW.Settings.DEFAULT, 0.9, 3);

    private static Architecture architecture(double dropout) {
        return ConditionalModels.classes(Map.of("dropout", dropout));
    }

    private static float[] train(double dropout, int threads) {
        try (Workers workers = new Workers(threads);
                ImageBytes images = Digits.bars(10, SIZE.height(), SIZE.width());
                UNet model = UNet.create(architecture(dropout), SIZE, 3);
                Trainer trainer = model.trainer(images, OPTIONS, workers)) {
            while (trainer.steps() < STEPS) {
                trainer.step();
            }
            return trainer.rawWeights().flat().toArray();
        }
    }

    @Test
    void weightsAreBitIdenticalWhateverTheThreads() {
        float[] one = train(0.2, 1);
        assertArrayEquals(one, train(0.2, 3), 0f);
        assertFalse(Arrays.equals(one, train(0, 1)));
        assertFalse(Arrays.equals(one, train(0.3, 1)));
    }

    @Test
    void aResumedRunEndsInTheSameWeights(@TempDir Path folder) {
        try (Workers workers = new Workers(2);
                ImageBytes images = Digits.bars(10, SIZE.height(), SIZE.width())) {
            try (UNet model = UNet.create(architecture(0.2), SIZE, 3);
                    Trainer trainer = model.trainer(images, OPTIONS, workers)) {
                while (trainer.steps() < STEPS / 2) {
                    trainer.step();
                }
                Checkpoint.write(folder, trainer);
            }
            try (UNet model = UNet.create(architecture(0.2), SIZE, 99);
                    Trainer trainer = model.trainer(images, OPTIONS, workers)) {
                Checkpoint.resume(folder, trainer);
                while (trainer.steps() < STEPS) {
                    trainer.step();
                }
                assertArrayEquals(train(0.2, 2), trainer.rawWeights().flat().toArray(), 0f);
            }
        }
    }

    @Test
    void everyStepAndEveryImageHasAKeyOfItsOwn() {
        Set<Long> keys = new HashSet<>();
        try (Workers workers = new Workers(1);
                ImageBytes images = Digits.bars(10, SIZE.height(), SIZE.width());
                UNet model = UNet.create(architecture(0.2), SIZE, 3);
                Trainer trainer = model.trainer(images, OPTIONS, workers)) {
            while (trainer.steps() < STEPS) {
                trainer.step();
                for (int slot = 0; slot < BATCH; slot++) {
                    long low = (long) trainer.dropoutKeys().get(2L * slot);
                    keys.add(low << 24 | (long) trainer.dropoutKeys().get(2L * slot + 1));
                }
            }
        }
        assertEquals(STEPS * BATCH, keys.size());
    }

    /** A batch in two parts has the mean gradients of its halves, each with the keys of its own images. */
    @Test
    void partsOfABatchDropWhatTheWholeWould() {
        Kernels kernels = Backend.kernels();
        int batch = 32; // two parts
        Architecture architecture = architecture(0.3);
        try (Workers workers = new Workers(2);
                UNet model = UNet.create(architecture, SIZE, 1);
                TrainingStep whole = step(architecture, model.weights(), batch, kernels, workers);
                TrainingStep half = step(architecture, model.weights(), batch / 2, kernels, workers)) {
            fill(whole, 0, batch);
            float[] start = model.weights().flat().toArray();
            whole.run(1e-9);
            float[] expected = whole.gradients().flat().toArray();
            float[] sum = new float[expected.length];
            for (int part = 0; part < 2; part++) {
                model.weights().flat().copyFrom(start);
                model.weights().changed();
                fill(half, part * batch / 2, batch / 2);
                half.run(1e-9);
                float[] gradients = half.gradients().flat().toArray();
                for (int k = 0; k < sum.length; k++) {
                    sum[k] += gradients[k] / 2;
                }
            }
            assertTrue(Floats.relativeError(sum, expected) < 1e-6, "relative " + Floats.relativeError(sum, expected));
        }
    }

    private static TrainingStep step(
            Architecture architecture, Weights weights, int batch, Kernels kernels, Workers workers) {
        return new TrainingStep(
                architecture, weights, batch, SIZE.height(), SIZE.width(), AdamW.Settings.DEFAULT, kernels, workers);
    }

    private static void fill(TrainingStep step, int first, int images) {
        int seed = 1;
        for (Tensor tensor : new Tensor[] {step.sample(), step.target(), step.timesteps(), step.dropoutKeys()}) {
            int each = Math.toIntExact(tensor.shape().elements() / images);
            float[] all = Floats.random(seed++, 32L * each);
            tensor.copyFrom(Arrays.copyOfRange(all, first * each, (first + images) * each));
        }
    }

    @Test
    void inferenceDropsNothing() {
        float[][] outputs = new float[2][SIZE.height() * SIZE.width()];
        for (int k = 0; k < 2; k++) {
            try (UNet model = UNet.create(architecture(k * 0.5), SIZE, 3);
                    Session session = model.session(SessionOptions.of(1, SIZE.height(), SIZE.width()))) {
                session.run(Floats.random(1, outputs[k].length), new float[] {10}, outputs[k]);
                for (Parameter parameter : model.weights().parameters()) {
                    assertFalse(parameter.name().contains("dropout"), parameter.name());
                }
            }
        }
        assertArrayEquals(outputs[0], outputs[1]);
    }
}
