package dev.hourglass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.diffusion.Resampling;
import dev.hourglass.diffusion.Streams;
import dev.hourglass.diffusion.scheduler.Scheduler;
import dev.hourglass.diffusion.scheduler.SchedulerName;
import dev.hourglass.diffusion.scheduler.Schedulers;
import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.io.SafetensorsWriter;
import dev.hourglass.io.TensorData;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import dev.hourglass.testing.ConditionalModels;
import dev.hourglass.testing.Floats;
import dev.hourglass.unet.TinyUNet;
import dev.hourglass.unet.UNet2D;
import dev.hourglass.unet.UNet2DSettings;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ScheduledDrawingTest {

    private static final int STEPS = 6;
    private static final ImageSize SIZE = new ImageSize(8, 9);

    private static ModelConfig scheduler(SchedulerName name) {
        return name.from(ModelConfig.of(
                "test",
                Map.of(
                        "_class_name",
                        "DDPMScheduler",
                        "skip_prk_steps",
                        true,
                        "beta_schedule",
                        "linear",
                        "beta_start",
                        1e-4,
                        "beta_end",
                        0.01)));
    }

    private static SamplingOptions plain(SchedulerName name) {
        return SamplingOptions.of(scheduler(name), STEPS);
    }

    @ParameterizedTest
    @EnumSource
    void equalsALoopByHandWhateverTheBatch(SchedulerName name) {
        try (UNet model = UNet.create(new TinyUNet(), SIZE, 5)) {
            float[] whole =
                    ScheduledDrawing.sample(model, plain(name), 3, 3, 7, 1, Arithmetic.FASTEST, Sampler.Watcher.NONE);
            assertArrayEquals(
                    whole,
                    ScheduledDrawing.sample(model, plain(name), 3, 2, 7, 2, Arithmetic.FASTEST, Sampler.Watcher.NONE));
            assertArrayEquals(byHand(model, name, 7), Arrays.copyOfRange(whole, 72, 144));
        }
    }

    /** Image 1 alone. */
    private static float[] byHand(UNet model, SchedulerName name, long seed) {
        Shape shape = Shape.of(1, 8, 9, 1);
        try (Session session = model.session(SessionOptions.of(1, 8, 9));
                Scheduler scheduler = Schedulers.open(scheduler(name), STEPS, shape, Backend.kernels());
                Slab slab = Slab.open("test", 2048)) {
            Tensor x = slab.tensor(0, shape);
            Tensor noise = slab.tensor(512, shape);
            Tensor input = slab.tensor(1024, shape);
            Tensor output = slab.tensor(1536, shape);
            int left = scheduler.steps();
            Backend.kernels().randomNormal().fill(x.segment(), 0, seed, Streams.sampling(1, left), 0, 72);
            for (int k = 0; k < 72; k++) {
                x.set(k, x.get(k) * (float) scheduler.initNoiseSigma());
            }
            float[] answer = new float[72];
            for (int step = 0; step < scheduler.steps(); step++) {
                scheduler.scaleModelInput(x, step, input);
                session.run(input.toArray(), new float[] {(float) scheduler.timestep(step)}, answer);
                output.copyFrom(answer);
                left--;
                Backend.kernels().randomNormal().fill(noise.segment(), 0, seed, Streams.sampling(1, left), 0, 72);
                scheduler.step(output, x, scheduler.needsNoise(step) ? noise : null, step);
            }
            return x.toArray();
        }
    }

    /** From the fourth of six steps on. */
    @ParameterizedTest
    @EnumSource
    void startsFromAPictureAsALoopByHand(SchedulerName name) {
        drawsFromAPictureAsALoopByHand(name, null);
    }

    /** What is kept is exactly the picture's in the end, and shows the rest its noisy self before. */
    @ParameterizedTest
    @EnumSource
    void repaintsAsALoopByHand(SchedulerName name) {
        boolean[] repaint = new boolean[72];
        for (int k = 0; k < 72; k++) {
            repaint[k] = k % 9 > 4;
        }
        drawsFromAPictureAsALoopByHand(name, repaint);
    }

    private static void drawsFromAPictureAsALoopByHand(SchedulerName name, boolean[] repaint) {
        float[] picture = Floats.random(3, 72);
        Shape shape = Shape.of(1, 8, 9, 1);
        try (UNet model = UNet.create(new TinyUNet(), SIZE, 5);
                Session session = model.session(SessionOptions.of(1, 8, 9));
                Scheduler scheduler = Schedulers.open(scheduler(name), STEPS, shape, Backend.kernels());
                Slab slab = Slab.open("test", 2048)) {
            StartImage start = new StartImage(picture, 0.5);
            SamplingOptions options = plain(name).withImage(repaint == null ? start : start.repainting(repaint));
            float[] drawn =
                    ScheduledDrawing.sample(model, options, 2, 2, 7, 1, Arithmetic.FASTEST, Sampler.Watcher.NONE);
            Tensor x = slab.tensor(0, shape);
            Tensor noise = slab.tensor(512, shape);
            Tensor input = slab.tensor(1024, shape);
            Tensor output = slab.tensor(1536, shape);
            int steps = scheduler.steps();
            int first = name == SchedulerName.HEUN ? 6 : 3; // Heun's method asks twice a step
            Backend.kernels().randomNormal().fill(noise.segment(), 0, 7, Streams.sampling(1, steps), 0, 72);
            double clean = 1;
            double noisy = 0;
            switch (name) {
                case DDPM, DDIM, PNDM, LCM -> {
                    double alphaBar = alphaBar((int) scheduler.timestep(first));
                    clean = Math.sqrt(alphaBar);
                    noisy = Math.sqrt(1 - alphaBar);
                }
                case DPMSOLVER, DPMSOLVER_SDE, UNIPC -> {
                    double sigma = scheduler.sigmas()[first];
                    clean = 1 / Math.sqrt(1 + sigma * sigma);
                    noisy = sigma / Math.sqrt(1 + sigma * sigma);
                }
                default -> noisy = scheduler.sigmas()[first];
            }
            for (int k = 0; k < 72; k++) {
                x.set(k, (float) (clean * picture[k] + noisy * noise.get(k)));
            }
            float[] begin = noise.toArray();
            float[] answer = new float[72];
            scheduler.begin(first);
            for (int step = first; step < steps; step++) {
                scheduler.scaleModelInput(x, step, input);
                session.run(input.toArray(), new float[] {(float) scheduler.timestep(step)}, answer);
                output.copyFrom(answer);
                Backend.kernels()
                        .randomNormal()
                        .fill(noise.segment(), 0, 7, Streams.sampling(1, steps - 1 - step), 0, 72);
                scheduler.step(output, x, scheduler.needsNoise(step) ? noise : null, step);
                for (int k = 0; repaint != null && k < 72; k++) {
                    if (!repaint[k] && step < steps - 1) {
                        double known = scheduler.cleanShare(step + 1) * picture[k];
                        x.set(k, (float) (known + scheduler.noiseShare(step + 1) * begin[k]));
                    } else if (!repaint[k]) {
                        x.set(k, picture[k]);
                        assertEquals(picture[k], drawn[72 + k]);
                        assertEquals(picture[k], drawn[k]);
                    }
                }
            }
            // the library's table of alphaBar is of float32, and the steps carry its rounding along
            assertArrayEquals(x.toArray(), Arrays.copyOfRange(drawn, 72, 144), 1e-4f);
        }
    }

    /** The estimate after a step belongs to the images before it. */
    @Test
    void theEstimateIsWhatTheLastPredictionStandsFor() {
        float[] x = new float[72];
        float[] estimate = new float[72];
        Sampler.Watcher third = (first, present, level, loop) -> {
            if (level == 4) {
                loop.images().copyTo(x);
            } else if (level == 3) {
                loop.estimate().copyTo(estimate);
            }
        };
        Shape shape = Shape.of(1, 8, 9, 1);
        try (UNet model = UNet.create(new TinyUNet(), SIZE, 5);
                Session session = model.session(SessionOptions.of(1, 8, 9));
                Scheduler scheduler = Schedulers.open(scheduler(SchedulerName.DDIM), STEPS, shape, Backend.kernels())) {
            ScheduledDrawing.sample(model, plain(SchedulerName.DDIM), 1, 1, 7, 1, Arithmetic.FASTEST, third);
            float[] noise = new float[72];
            session.run(x, new float[] {(float) scheduler.timestep(2)}, noise);
            double left = alphaBar((int) scheduler.timestep(2));
            for (int k = 0; k < 72; k++) {
                double clean = (x[k] - Math.sqrt(1 - left) * noise[k]) / Math.sqrt(left);
                assertEquals(clean, estimate[k], 1e-4);
            }
        }
    }

    /** Stretches of two steps twice: the last two, and those that end two before the end. */
    @ParameterizedTest
    @EnumSource(names = {"DDPM", "DDIM", "EULER", "EULER_ANCESTRAL", "LCM"})
    void resamplesAsALoopByHand(SchedulerName name) {
        int[] walk = {0, 1, 2, 3, 2, 3, 4, 5, 4, 5};
        float[] picture = Floats.random(3, 72);
        boolean[] repaint = new boolean[72];
        for (int k = 0; k < 72; k++) {
            repaint[k] = k % 9 > 4;
        }
        Shape shape = Shape.of(1, 8, 9, 1);
        StartImage start = new StartImage(picture, 1).repainting(repaint).resampling(new Resampling(2, 2));
        SamplingOptions options = plain(name).withImage(start);
        try (UNet model = UNet.create(new TinyUNet(), SIZE, 5);
                Session session = model.session(SessionOptions.of(1, 8, 9));
                Scheduler scheduler = Schedulers.open(scheduler(name), STEPS, shape, Backend.kernels());
                Slab slab = Slab.open("test", 2048)) {
            float[] drawn =
                    ScheduledDrawing.sample(model, options, 2, 2, 7, 1, Arithmetic.FASTEST, Sampler.Watcher.NONE);
            Tensor x = slab.tensor(0, shape);
            Tensor noise = slab.tensor(512, shape);
            Tensor input = slab.tensor(1024, shape);
            Tensor output = slab.tensor(1536, shape);
            Backend.kernels().randomNormal().fill(x.segment(), 0, 7, Streams.sampling(1, walk.length), 0, 72);
            for (int k = 0; k < 72; k++) {
                x.set(k, x.get(k) * (float) scheduler.initNoiseSigma());
            }
            float[] answer = new float[72];
            for (int number = 0; number < walk.length; number++) {
                int step = walk[number];
                int left = walk.length - 1 - number;
                if (number > 0 && step < walk[number - 1]) {
                    Backend.kernels().randomNormal().fill(noise.segment(), 0, 7, Streams.resampling(1, left), 0, 72);
                    goBack(scheduler, x, noise, walk[number - 1] + 1, step);
                }
                scheduler.scaleModelInput(x, step, input);
                session.run(input.toArray(), new float[] {(float) scheduler.timestep(step)}, answer);
                output.copyFrom(answer);
                Backend.kernels().randomNormal().fill(noise.segment(), 0, 7, Streams.sampling(1, left), 0, 72);
                scheduler.step(output, x, scheduler.needsNoise(step) ? noise : null, step);
                for (int k = 0; k < 72; k++) {
                    if (!repaint[k]) {
                        double clean = step == STEPS - 1 ? 1 : scheduler.cleanShare(step + 1);
                        double noisy = step == STEPS - 1 ? 0 : scheduler.noiseShare(step + 1);
                        x.set(k, (float) (clean * picture[k] + noisy * noise.get(k)));
                    }
                }
            }
            assertArrayEquals(x.toArray(), Arrays.copyOfRange(drawn, 72, 144), 1e-4f);
        }
    }

    /** The forward process from one noise level to a higher one: its own betas, or the missing variance. */
    private static void goBack(Scheduler scheduler, Tensor x, Tensor noise, int from, int to) {
        double ratio = 1;
        double variance;
        if (scheduler.sigmas().length > 0) {
            double[] sigmas = scheduler.sigmas();
            variance = sigmas[to] * sigmas[to] - sigmas[from] * sigmas[from];
        } else {
            double before = from == STEPS ? 1 : alphaBar((int) scheduler.timestep(from));
            double left = alphaBar((int) scheduler.timestep(to)) / before;
            ratio = Math.sqrt(left);
            variance = 1 - left;
        }
        scheduler.begin(to);
        for (int k = 0; k < 72; k++) {
            x.set(k, (float) (ratio * x.get(k) + Math.sqrt(variance) * noise.get(k)));
        }
    }

    @Test
    void schedulersThatRememberDoNotResample() {
        StartImage start = new StartImage(new float[72], 1).repainting(new boolean[72]);
        try (UNet model = UNet.create(new TinyUNet(), SIZE, 5)) {
            for (String name : List.of("PNDM", "HEUN", "LMS", "DPMSOLVER", "UNIPC")) {
                SamplingOptions plain = plain(SchedulerName.valueOf(name));
                refused(model, plain.withImage(start.resampling(new Resampling(2, 2))), "euler-ancestral");
            }
            SamplingOptions few = plain(SchedulerName.DDIM).withImage(start.resampling(new Resampling(2, 6)));
            refused(model, few, "more than 6 steps");
        }
    }

    /** As diffusers' inpainting has it: what is to be drawn anew keeps nothing of the picture. */
    @Test
    void atFullStrengthAMaskStartsFromPureNoise() {
        SamplingOptions plain = plain(SchedulerName.DDPM);
        boolean[] all = new boolean[72];
        Arrays.fill(all, true);
        try (UNet model = UNet.create(new TinyUNet(), SIZE, 5)) {
            SamplingOptions options = plain.withImage(new StartImage(new float[72], 1).repainting(all));
            assertArrayEquals(
                    ScheduledDrawing.sample(model, plain, 1, 1, 7, 1, Arithmetic.FASTEST, Sampler.Watcher.NONE),
                    ScheduledDrawing.sample(model, options, 1, 1, 7, 1, Arithmetic.FASTEST, Sampler.Watcher.NONE));
        }
    }

    /** The share of variance that is left where betas go evenly from 0.0001 to 0.01. */
    private static double alphaBar(int timestep) {
        double product = 1;
        for (int t = 0; t <= timestep; t++) {
            product *= 1 - (1e-4 + (0.01 - 1e-4) * t / 999);
        }
        return product;
    }

    @Test
    void strengthIsTheShareOfStepsThatAreTaken() {
        assertEquals(2, new StartImage(new float[1], 0.8).skipped(10));
        assertEquals(0, new StartImage(new float[1], 1).skipped(10));
        assertEquals(7, new StartImage(new float[1], 0.39).skipped(10));
        assertThrows(HourglassException.class, () -> new StartImage(new float[1], 0.3).skipped(3));
        assertThrows(HourglassException.class, () -> new StartImage(new float[1], 0));
        assertThrows(HourglassException.class, () -> new StartImage(new float[1], 1.1));
    }

    @Test
    void aPictureThatDoesNotFitIsRefused() {
        try (UNet model = UNet.create(new TinyUNet(), SIZE, 5)) {
            refused(model, plain(SchedulerName.DDIM).withImage(new StartImage(new float[71], 1)), "72 numbers");
        }
    }

    private static void refused(UNet model, SamplingOptions options, String part) {
        HourglassException error = assertThrows(
                HourglassException.class,
                () -> ScheduledDrawing.sample(model, options, 1, 1, 7, 1, Arithmetic.FASTEST, Sampler.Watcher.NONE));
        assertTrue(error.getMessage().contains(part), error.getMessage());
    }

    private static UNet withVariances(Map<String, Object> changes) {
        Map<String, Object> config = new HashMap<>(changes);
        config.put("_class_name", "UNet2DModel");
        config.put("in_channels", 1);
        config.put("out_channels", 2);
        config.put("block_out_channels", List.of(8, 8));
        config.put("down_block_types", List.of("DownBlock2D", "DownBlock2D"));
        config.put("up_block_types", List.of("UpBlock2D", "UpBlock2D"));
        config.put("norm_num_groups", 4);
        config.put("layers_per_block", 1);
        return UNet.create(new UNet2D(new UNet2DSettings(ModelConfig.of("test", config))), SIZE, 5);
    }

    /** A model's folder alone says nothing about them; a pipeline's scheduler may say that they are not wanted. */
    @Test
    void variancesAreOfTheUsualKindUnlessTheSchedulerSaysOtherwise() {
        try (UNet model = withVariances(Map.of())) {
            float[] unsaid = draw(model, Map.of());
            assertArrayEquals(draw(model, Map.of("variance_type", "learned_range")), unsaid);
            for (String type : List.of("fixed_small", "fixed_large")) {
                float[] other = draw(model, Map.of("variance_type", type));
                assertTrue(Floats.maxError(unsaid, other) > 1e-3, type);
            }
        }
    }

    private static float[] draw(UNet model, Map<String, Object> settings) {
        Map<String, Object> config = new HashMap<>(settings);
        config.put("_class_name", "DDPMScheduler");
        SamplingOptions options = SamplingOptions.of(ModelConfig.of("test", config), STEPS);
        return ScheduledDrawing.sample(model, options, 1, 1, 7, 1, Arithmetic.FASTEST, Sampler.Watcher.NONE);
    }

    @Test
    void guidanceFollowsItsFormulaAndSpareVariancesAreDropped() {
        try (UNet model = withVariances(Map.of("num_class_embeds", 4));
                Prompt prompt = Prompt.classes(List.of(2), 3);
                Session session = model.session(SessionOptions.of(2, 8, 9));
                Slab slab = Slab.open("test", 1024);
                Scheduler scheduler =
                        Schedulers.open(scheduler(SchedulerName.DDIM), 1, Shape.of(1, 8, 9, 1), Backend.kernels())) {
            SamplingOptions plain = SamplingOptions.of(scheduler(SchedulerName.DDIM), 1);
            SamplingOptions options = plain.withPrompt(prompt, 3);
            float[] found =
                    ScheduledDrawing.sample(model, options, 1, 1, 7, 1, Arithmetic.FASTEST, Sampler.Watcher.NONE);

            Tensor x = slab.tensor(0, Shape.of(1, 8, 9, 1));
            Tensor output = slab.tensor(512, x.shape());
            Backend.kernels().randomNormal().fill(x.segment(), 0, 7, Streams.sampling(0, 1), 0, 72);
            float[] twice = Arrays.copyOf(x.toArray(), 144);
            System.arraycopy(twice, 0, twice, 72, 72);
            session.condition("class_labels", new float[] {3, 2});
            float[] both = new float[288]; // [2, 2, 8, 9]
            session.run(twice, new float[] {(float) scheduler.timestep(0), (float) scheduler.timestep(0)}, both);
            for (int k = 0; k < 72; k++) {
                output.set(k, both[k] + 3 * (both[144 + k] - both[k]));
            }
            scheduler.step(output, x, null, 0);
            assertArrayEquals(x.toArray(), found, 1e-5f); // a few roundings of numbers of a few units
            assertThrows(HourglassException.class, () -> plain.withPrompt(Prompt.none(), 3));
        }
    }

    /** Image k hears row k of the texts, and all are led away from the one text without the condition. */
    @Test
    void textsAreToldRowByRow(@TempDir Path folder) {
        int tokens = 5;
        Path file = folder.resolve("texts.safetensors");
        float[] texts = Floats.random(1, 2 * tokens * 6);
        float[] without = Floats.random(2, tokens * 6);
        SafetensorsWriter.write(
                file,
                List.of(
                        TensorData.of("encoder_hidden_states", Shape.of(2, tokens, 6), texts),
                        TensorData.of("negative_encoder_hidden_states", Shape.of(1, tokens, 6), without)),
                Map.of());
        SamplingOptions plain = SamplingOptions.of(scheduler(SchedulerName.DDIM), 1);
        try (UNet model = UNet.create(ConditionalModels.texts(), SIZE, 5);
                Prompt prompt = Prompt.read(file);
                Session session = model.session(SessionOptions.of(2, 8, 9).withTokens(tokens));
                Slab slab = Slab.open("test", 1024);
                Scheduler scheduler =
                        Schedulers.open(scheduler(SchedulerName.DDIM), 1, Shape.of(1, 8, 9, 1), Backend.kernels())) {
            SamplingOptions options = plain.withPrompt(prompt, 3);
            float[] found =
                    ScheduledDrawing.sample(model, options, 4, 4, 7, 1, Arithmetic.FASTEST, Sampler.Watcher.NONE);
            assertArrayEquals(
                    found,
                    ScheduledDrawing.sample(model, options, 4, 3, 7, 2, Arithmetic.FASTEST, Sampler.Watcher.NONE));
            Tensor x = slab.tensor(0, Shape.of(1, 8, 9, 1));
            Tensor output = slab.tensor(512, x.shape());
            for (int image = 0; image < 4; image++) {
                Backend.kernels().randomNormal().fill(x.segment(), 0, 7, Streams.sampling(image, 1), 0, 72);
                float[] twice = Arrays.copyOf(x.toArray(), 144);
                System.arraycopy(twice, 0, twice, 72, 72);
                float[] told = Arrays.copyOf(without, 2 * without.length);
                System.arraycopy(texts, image % 2 * without.length, told, without.length, without.length);
                session.condition("encoder_hidden_states", told);
                float[] both = new float[144];
                float timestep = (float) scheduler.timestep(0);
                session.run(twice, new float[] {timestep, timestep}, both);
                for (int k = 0; k < 72; k++) {
                    output.set(k, both[k] + 3 * (both[72 + k] - both[k]));
                }
                scheduler.step(output, x, null, 0);
                // a few roundings of numbers of a few units
                assertArrayEquals(x.toArray(), Arrays.copyOfRange(found, 72 * image, 72 * image + 72), 1e-5f);
            }
            refused(model, plain, "encoder_hidden_states");
        }
    }

    /** Classes beside texts say nothing of what to draw; others without the condition take their place. */
    @Test
    void whatSaysNothingOfTheDrawingIsTheSameWithoutTheCondition(@TempDir Path folder) {
        List<TensorData> texts = List.of(
                TensorData.of("encoder_hidden_states", Shape.of(1, 5, 6), Floats.random(1, 30)),
                TensorData.of("negative_encoder_hidden_states", Shape.of(1, 5, 6), Floats.random(2, 30)),
                TensorData.of("class_labels", Shape.of(1), 1));
        try (UNet model = UNet.create(ConditionalModels.texts(Map.of("num_class_embeds", 3)), SIZE, 5)) {
            float[] plain = drawGuided(model, folder, texts);
            assertArrayEquals(plain, drawGuided(model, folder, negativeClass(texts, 1)));
            assertFalse(Arrays.equals(plain, drawGuided(model, folder, negativeClass(texts, 2))));
        }
    }

    private static List<TensorData> negativeClass(List<TensorData> told, int label) {
        TensorData other = TensorData.of("negative_class_labels", Shape.of(1), label);
        return Stream.concat(told.stream(), Stream.of(other)).toList();
    }

    private static float[] drawGuided(UNet model, Path folder, List<TensorData> told) {
        Path file = folder.resolve("told.safetensors");
        SafetensorsWriter.write(file, told, Map.of());
        try (Prompt prompt = Prompt.read(file)) {
            SamplingOptions options = plain(SchedulerName.UNIPC).withPrompt(prompt, 4);
            return ScheduledDrawing.sample(model, options, 2, 2, 7, 1, Arithmetic.FASTEST, Sampler.Watcher.NONE);
        }
    }

    @Test
    void textsThatDoNotFitAreRefused(@TempDir Path folder) {
        Path file = folder.resolve("texts.safetensors");
        TensorData text = TensorData.of("encoder_hidden_states", Shape.of(1, 5, 6), new float[30]);
        SamplingOptions plain = SamplingOptions.of(scheduler(SchedulerName.DDIM), 1);
        try (UNet model = UNet.create(ConditionalModels.texts(), SIZE, 5)) {
            SafetensorsWriter.write(file, List.of(text), Map.of());
            try (Prompt prompt = Prompt.read(file)) {
                assertThrows(HourglassException.class, () -> plain.withPrompt(prompt, 3));
            }
            TensorData shorter = TensorData.of("negative_encoder_hidden_states", Shape.of(1, 4, 6), new float[24]);
            SafetensorsWriter.write(file, List.of(text, shorter), Map.of());
            try (Prompt prompt = Prompt.read(file)) {
                refused(model, plain.withPrompt(prompt, 3), "5 tokens");
            }
            TensorData other = TensorData.of("prompt_embeds", Shape.of(1), 1);
            SafetensorsWriter.write(file, List.of(text, other), Map.of());
            try (Prompt prompt = Prompt.read(file)) {
                refused(model, plain.withPrompt(prompt, 1), "prompt_embeds");
            }
        }
    }
}
