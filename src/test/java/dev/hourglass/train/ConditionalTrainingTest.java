package dev.hourglass.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.ImageSize;
import dev.hourglass.UNet;
import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ImageBytes;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.Digits;
import dev.hourglass.testing.Floats;
import dev.hourglass.unet.Architecture;
import dev.hourglass.unet.Architectures;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training of models that are told more than images. */
class ConditionalTrainingTest {

    private static final int IMAGES = 16;
    private static final int STEPS = 50;
    private static final String TEXT = "encoder_hidden_states";

    private static final TrainingOptions OPTIONS =
            new TrainingOptions(8, STEPS, new LearningRate.Constant(3e-3), AdamW.Settings.DEFAULT, 0, 1);

    private static Architecture classes(Map<String, Object> changes) {
        return architecture("UNet2DModel", "AttnDownBlock2D", "AttnUpBlock2D", changes);
    }

    private static Architecture texts() {
        return architecture(
                "UNet2DConditionModel",
                "CrossAttnDownBlock2D",
                "CrossAttnUpBlock2D",
                Map.of("cross_attention_dim", 6, "attention_head_dim", 2));
    }

    private static Architecture architecture(String name, String down, String up, Map<String, Object> changes) {
        Map<String, Object> config = new HashMap<>(Map.of(
                "_class_name",
                name,
                "in_channels",
                1,
                "out_channels",
                1,
                "block_out_channels",
                List.of(8, 16),
                "down_block_types",
                List.of("DownBlock2D", down),
                "up_block_types",
                List.of(up, "UpBlock2D"),
                "layers_per_block",
                1,
                "norm_num_groups",
                4));
        config.putAll(changes);
        return Architectures.fromConfig(ModelConfig.of("test", config));
    }

    private static Conditions labels() {
        return Conditions.none()
                .with(
                        "class_labels",
                        IntStream.range(0, IMAGES).mapToObj(k -> k % 3).toList());
    }

    private static Conditions text(int tokens) {
        Conditions conditions = Conditions.none();
        Shape shape = Shape.of(IMAGES, tokens, 6);
        conditions.add(TEXT, shape).copyFrom(Floats.random(1, shape.elements()));
        return conditions;
    }

    /** Weights after some steps, resumed from a folder in the middle where one is given. */
    private static float[] train(
            Architecture architecture, Conditions conditions, TrainingOptions options, int threads, Path resumed) {
        try (Workers workers = new Workers(threads);
                conditions;
                ImageBytes images = Digits.bars(IMAGES, 8, 8);
                UNet model = UNet.create(architecture, new ImageSize(8, 8), 1)) {
            if (resumed != null) {
                try (Trainer trainer = model.trainer(images, conditions, options, workers)) {
                    trainer.step();
                    trainer.step();
                    Checkpoint.write(resumed, trainer);
                }
            }
            try (Trainer trainer = model.trainer(images, conditions, options, workers)) {
                if (resumed != null) {
                    Checkpoint.resume(resumed, trainer);
                }
                while (trainer.steps() < 5) {
                    trainer.step();
                }
                return model.weights().flat().toArray();
            }
        }
    }

    @Test
    void aRunWithDroppedClassesRepeatsAndResumesToTheLastBit(@TempDir Path folder) {
        Architecture model = classes(Map.of("num_class_embeds", 4));
        TrainingOptions dropping = OPTIONS.withDropClass(0.3);
        float[] whole = train(model, labels(), dropping, 2, null);
        assertArrayEquals(whole, train(model, labels(), dropping, 1, null), 0f);
        assertArrayEquals(whole, train(model, labels(), dropping, 2, folder), 0f);
        assertFalse(Arrays.equals(whole, train(model, labels(), OPTIONS, 2, null)), "drops change the run");
        requireRefused("drop_class", () -> resumeOnly(model, folder));
    }

    private static void resumeOnly(Architecture architecture, Path folder) {
        try (Workers workers = new Workers(1);
                Conditions conditions = labels();
                ImageBytes images = Digits.bars(IMAGES, 8, 8);
                UNet model = UNet.create(architecture, new ImageSize(8, 8), 1);
                Trainer trainer = model.trainer(images, conditions, OPTIONS, workers)) {
            Checkpoint.resume(folder, trainer);
        }
    }

    @Test
    void classesAreRefusedWhereTheyDoNotFit() {
        TrainingOptions dropping = OPTIONS.withDropClass(0.1);
        requireRefused(
                "class_labels",
                () -> train(classes(Map.of("num_class_embeds", 3)), Conditions.none(), OPTIONS, 1, null));
        requireRefused(
                "num_class_embeds 2", () -> train(classes(Map.of("num_class_embeds", 2)), labels(), OPTIONS, 1, null));
        requireRefused("null class", () -> train(classes(Map.of("num_class_embeds", 3)), labels(), dropping, 1, null));
        requireRefused(
                "class_embed_type timestep",
                () -> train(classes(Map.of("class_embed_type", "timestep")), labels(), dropping, 1, null));
        requireRefused("no such input", () -> train(classes(Map.of()), labels(), OPTIONS, 1, null));
    }

    @Test
    void labelsMayBeTimesteps() {
        Architecture model = classes(Map.of("class_embed_type", "timestep"));
        for (float weight : train(model, labels(), OPTIONS, 1, null)) {
            assertTrue(Float.isFinite(weight));
        }
    }

    @Test
    void textsTrainAndAreReadBack(@TempDir Path folder) {
        try (Workers workers = new Workers(2);
                Conditions conditions = text(5);
                ImageBytes images = Digits.bars(IMAGES, 8, 8);
                UNet model = UNet.create(texts(), new ImageSize(8, 8), 1);
                Trainer trainer = model.trainer(images, conditions, OPTIONS, workers)) {
            double early = 0;
            double late = 0;
            for (int step = 0; step < STEPS; step++) {
                float loss = trainer.step();
                early += step < 10 ? loss / 10 : 0;
                late += step >= STEPS - 10 ? loss / 10 : 0;
            }
            assertTrue(late < 0.8 * early, early + " to " + late);
            model.save(folder);
            try (UNet read = UNet.open(folder)) {
                assertArrayEquals(
                        model.weights().flat().toArray(), read.weights().flat().toArray(), 0f);
            }
        }
    }

    @Test
    void whatATextSaysReachesTheWeights() {
        Conditions other = text(5);
        other.tensors().get(TEXT).set(7, 0.5f);
        float[] whole = train(texts(), text(5), OPTIONS, 2, null);
        assertArrayEquals(whole, train(texts(), text(5), OPTIONS, 1, null), 0f);
        assertFalse(Arrays.equals(whole, train(texts(), other, OPTIONS, 2, null)));
    }

    /** The frequencies of Fourier features stay, whatever the weight decay and the average; the layer behind them learns. */
    @Test
    void frozenParametersKeepTheirBits() {
        try (Workers workers = new Workers(2);
                UNet model = UNet.create(classes(Map.of("time_embedding_type", "fourier")), new ImageSize(8, 8), 1);
                TrainingStep step = new TrainingStep(
                        model.architecture(),
                        model.weights(),
                        2,
                        8,
                        8,
                        AdamW.Settings.DEFAULT,
                        Backend.kernels(),
                        workers);
                Ema ema = new Ema(0.9, Backend.kernels().optimizer(), workers, model.weights())) {
            var frozen = model.weights().parameters().stream()
                    .filter(p -> !p.trained())
                    .toList();
            assertEquals(
                    List.of("time_proj.weight"),
                    frozen.stream().map(p -> p.name()).toList());
            float[] before = model.weights().fileOrder(frozen.getFirst());
            float[] all = model.weights().flat().toArray();
            step.timesteps().copyFrom(new float[] {1, 2});
            step.target().copyFrom(Floats.random(1, 128));
            for (int k = 1; k <= 5; k++) {
                step.run(1e-2);
                ema.step(k);
            }
            assertArrayEquals(before, model.weights().fileOrder(frozen.getFirst()), 0f);
            assertArrayEquals(before, ema.average().fileOrder(frozen.getFirst()), 0f);
            assertFalse(Arrays.equals(all, model.weights().flat().toArray()));
        }
    }

    private static void requireRefused(String part, Runnable run) {
        HourglassException error = assertThrows(HourglassException.class, run::run);
        assertTrue(error.getMessage().contains(part), error.getMessage());
    }
}
