package dev.hourglass.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.ImageSize;
import dev.hourglass.UNet;
import dev.hourglass.io.ImageBytes;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.ConditionalModels;
import dev.hourglass.testing.Digits;
import dev.hourglass.unet.Architecture;
import dev.hourglass.unet.TinyUNet;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole runs that compute activations again: the same weights to the last bit, in less memory. */
class RecomputingTrainingTest {

    private static final int STEPS = 2;

    /** Two micro-batches a step. */
    private static final TrainingOptions OPTIONS =
            new TrainingOptions(24, 100, new LearningRate.Constant(1e-3), AdamW.Settings.DEFAULT, 0.9, 1);

    private static final int IMAGES = 30;
    private static final ImageSize SIZE = new ImageSize(9, 8);

    /** What a run leaves behind. */
    private record Result(float[] weights, float[] average, long activations) {}

    private static Result train(
            Architecture architecture, Conditions conditions, TrainingOptions options, int threads, Path resumed) {
        try (Workers workers = new Workers(threads);
                conditions;
                ImageBytes images = Digits.bars(IMAGES, SIZE.height(), SIZE.width());
                UNet model = UNet.create(architecture, SIZE, 1)) {
            if (resumed != null) {
                TrainingOptions other = options.withRecompute(!options.recompute());
                try (Trainer trainer = model.trainer(images, conditions, other, workers)) {
                    trainer.step();
                    Checkpoint.write(resumed, trainer);
                }
            }
            try (Trainer trainer = model.trainer(images, conditions, options, workers)) {
                if (resumed != null) {
                    Checkpoint.resume(resumed, trainer);
                }
                while (trainer.steps() < STEPS) {
                    trainer.step();
                }
                return new Result(
                        trainer.rawWeights().flat().toArray(),
                        trainer.bestWeights().flat().toArray(),
                        trainer.plan().activations());
            }
        }
    }

    private static Conditions conditions(Architecture architecture) {
        return architecture.conditions(1).isEmpty() ? Conditions.none() : ConditionalModels.text(IMAGES, 5);
    }

    private static Result train(Architecture architecture, TrainingOptions options, int threads) {
        return train(architecture, conditions(architecture), options, threads, null);
    }

    private static void requireEqual(Result expected, Result found) {
        assertArrayEquals(expected.weights(), found.weights(), 0f);
        assertArrayEquals(expected.average(), found.average(), 0f);
    }

    @Test
    void weightsAreTheSameToTheLastBitInLessMemory() {
        List<Architecture> models = List.of(
                new TinyUNet(),
                ConditionalModels.classes(Map.of()),
                ConditionalModels.classes(Map.of("resnet_time_scale_shift", "scale_shift", "upsample_type", "resnet")),
                ConditionalModels.texts(),
                ConditionalModels.texts(Map.of("transformer_layers_per_block", 2)));
        for (Architecture model : models) {
            for (boolean exact : new boolean[] {false, true}) {
                TrainingOptions options = OPTIONS.withExact(exact);
                Result kept = train(model, options, 2);
                for (int threads : new int[] {1, 3}) {
                    Result recomputed = train(model, options.withRecompute(true), threads);
                    requireEqual(kept, recomputed);
                    assertTrue(recomputed.activations() < kept.activations(), model.toString());
                }
            }
        }
    }

    @Test
    void aRunMayChangeItsMindWhenItResumes(@TempDir Path folder) {
        Architecture model = ConditionalModels.texts();
        Result whole = train(model, OPTIONS, 2);
        requireEqual(whole, train(model, conditions(model), OPTIONS.withRecompute(true), 2, folder.resolve("on")));
        requireEqual(whole, train(model, conditions(model), OPTIONS, 2, folder.resolve("off")));
    }
}
