package dev.hourglass.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.ImageSize;
import dev.hourglass.UNet;
import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.Parameter;
import dev.hourglass.io.ImageBytes;
import dev.hourglass.io.Json;
import dev.hourglass.io.ModelFolder;
import dev.hourglass.io.PlainReader;
import dev.hourglass.kernel.Backend;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.ConditionalModels;
import dev.hourglass.testing.Digits;
import dev.hourglass.testing.Floats;
import dev.hourglass.unet.Architecture;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training of models that are told more than images. */
class ConditionalTrainingTest {

    private static final int IMAGES = 16;
    private static final int STEPS = 50;

    private static final TrainingOptions OPTIONS =
            new TrainingOptions(8, STEPS, new LearningRate.Constant(3e-3), AdamW.Settings.DEFAULT, 0, 1);

    private static Conditions labels() {
        return Conditions.none()
                .with(
                        "class_labels",
                        IntStream.range(0, IMAGES).mapToObj(k -> k % 3).toList());
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
        Architecture model = ConditionalModels.classes(Map.of("num_class_embeds", 4));
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
                () -> train(
                        ConditionalModels.classes(Map.of("num_class_embeds", 3)), Conditions.none(), OPTIONS, 1, null));
        requireRefused(
                "num_class_embeds 2",
                () -> train(ConditionalModels.classes(Map.of("num_class_embeds", 2)), labels(), OPTIONS, 1, null));
        requireRefused(
                "null class",
                () -> train(ConditionalModels.classes(Map.of("num_class_embeds", 3)), labels(), dropping, 1, null));
        requireRefused(
                "class_embed_type timestep",
                () -> train(
                        ConditionalModels.classes(Map.of("class_embed_type", "timestep")),
                        labels(),
                        dropping,
                        1,
                        null));
        requireRefused("no such input", () -> train(ConditionalModels.classes(Map.of()), labels(), OPTIONS, 1, null));
    }

    @Test
    void timeEmbeddingsThatTheScheduleDoesNotFitAreRefused() {
        Map<String, Object> learned = Map.of("time_embedding_type", "learned", "num_train_timesteps", 999);
        requireRefused(
                "num_train_timesteps",
                () -> train(ConditionalModels.classes(learned), Conditions.none(), OPTIONS, 1, null));
        requireRefused(
                "time_embedding_type",
                () -> train(
                        ConditionalModels.classes(Map.of("time_embedding_type", "fourier")),
                        Conditions.none(),
                        OPTIONS,
                        1,
                        null));
        Map<String, Object> enough = Map.of("time_embedding_type", "learned", "num_train_timesteps", 1000);
        requireFinite(train(ConditionalModels.classes(enough), Conditions.none(), OPTIONS, 1, null));
    }

    /** The Fourier features of {@code UNet2DConditionModel} take no logarithm. */
    @Test
    void fourierFeaturesWithoutLogarithmTrain() {
        Architecture model = ConditionalModels.texts(Map.of("time_embedding_type", "fourier"));
        requireFinite(train(model, ConditionalModels.text(IMAGES, 5), OPTIONS, 1, null));
    }

    private static void requireFinite(float[] weights) {
        for (float weight : weights) {
            assertTrue(Float.isFinite(weight));
        }
    }

    @Test
    void labelsMayBeTimesteps() {
        Architecture model = ConditionalModels.classes(Map.of("class_embed_type", "timestep"));
        requireFinite(train(model, labels(), OPTIONS, 1, null));
    }

    @Test
    void textsTrainAndTheModelIsWhatDiffusersExpects(@TempDir Path folder) throws IOException {
        trainAndSave(ConditionalModels.texts(), ConditionalModels.text(IMAGES, 5), OPTIONS, folder);
        requireConfig(folder, "_class_name", "UNet2DConditionModel");
        requireConfig(folder, "cross_attention_dim", 6);
        requireConfig(folder, "attention_head_dim", 2);
        requireConfig(folder, "down_block_types", List.of("DownBlock2D", "CrossAttnDownBlock2D"));
        String block = "down_blocks.1.attentions.0.transformer_blocks.0.";
        requireTensors(
                folder,
                Map.of(
                        "time_embedding.linear_1.weight",
                        List.of(32, 8),
                        "down_blocks.1.attentions.0.proj_in.weight",
                        List.of(16, 16, 1, 1),
                        block + "attn1.to_q.weight",
                        List.of(16, 16),
                        block + "attn2.to_k.weight",
                        List.of(16, 6),
                        block + "attn2.to_out.0.bias",
                        List.of(16),
                        block + "ff.net.0.proj.weight",
                        List.of(128, 16),
                        block + "ff.net.2.weight",
                        List.of(16, 64),
                        "mid_block.attentions.0.transformer_blocks.0.norm3.weight",
                        List.of(16),
                        "up_blocks.0.attentions.1.proj_out.bias",
                        List.of(16),
                        "up_blocks.0.resnets.1.conv_shortcut.weight",
                        List.of(16, 24, 1, 1)));
    }

    @Test
    void classesTrainAndTheModelIsWhatDiffusersExpects(@TempDir Path folder) throws IOException {
        trainAndSave(
                ConditionalModels.classes(Map.of("num_class_embeds", 4)), labels(), OPTIONS.withDropClass(0.1), folder);
        requireConfig(folder, "_class_name", "UNet2DModel");
        requireConfig(folder, "num_class_embeds", 4);
        requireTensors(
                folder,
                Map.of(
                        "class_embedding.weight", List.of(4, 32),
                        "down_blocks.1.attentions.0.to_q.weight", List.of(16, 16),
                        "conv_out.weight", List.of(1, 8, 3, 3)));
    }

    /** Trains until the loss has fallen, saves, and compares all tensors with what an independent reader finds. */
    private static void trainAndSave(
            Architecture architecture, Conditions conditions, TrainingOptions options, Path folder) throws IOException {
        try (Workers workers = new Workers(2);
                conditions;
                ImageBytes images = Digits.bars(IMAGES, 8, 8);
                UNet model = UNet.create(architecture, new ImageSize(8, 8), 1);
                Trainer trainer = model.trainer(images, conditions, options, workers)) {
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
            var stored = PlainReader.read(folder.resolve(ModelFolder.WEIGHTS)).tensors();
            assertEquals(model.weights().parameters().size(), stored.size());
            for (Parameter parameter : model.weights().parameters()) {
                assertArrayEquals(
                        model.weights().fileOrder(parameter),
                        stored.get(parameter.name()).floats(),
                        parameter.name());
            }
        }
    }

    private static void requireTensors(Path folder, Map<String, List<Integer>> shapes) throws IOException {
        PlainReader file = PlainReader.read(folder.resolve(ModelFolder.WEIGHTS));
        assertEquals(Map.of("format", "pt"), file.metadata());
        shapes.forEach((name, shape) -> {
            PlainReader.Stored tensor = file.tensors().get(name);
            assertNotNull(tensor, name);
            assertEquals(shape, tensor.shape(), name);
            assertEquals("F32", tensor.dtype(), name);
        });
    }

    private static void requireConfig(Path folder, String key, Object value) {
        assertEquals(value, Json.read(folder.resolve(ModelFolder.CONFIG)).get(key), key);
    }

    @Test
    void whatATextSaysReachesTheWeights() {
        Conditions other = ConditionalModels.text(IMAGES, 5);
        other.tensors().get(ConditionalModels.TEXT).set(7, 0.5f);
        float[] whole = train(ConditionalModels.texts(), ConditionalModels.text(IMAGES, 5), OPTIONS, 2, null);
        assertArrayEquals(
                whole, train(ConditionalModels.texts(), ConditionalModels.text(IMAGES, 5), OPTIONS, 1, null), 0f);
        assertFalse(Arrays.equals(whole, train(ConditionalModels.texts(), other, OPTIONS, 2, null)));
    }

    /** The frequencies of Fourier features stay, whatever the weight decay and the average; the layer behind them learns. */
    @Test
    void frozenParametersKeepTheirBits() {
        try (Workers workers = new Workers(2);
                UNet model = UNet.create(
                        ConditionalModels.classes(Map.of("time_embedding_type", "fourier")), new ImageSize(8, 8), 1);
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
