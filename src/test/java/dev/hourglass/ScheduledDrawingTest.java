package dev.hourglass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.diffusion.Streams;
import dev.hourglass.diffusion.scheduler.Scheduler;
import dev.hourglass.diffusion.scheduler.SchedulerName;
import dev.hourglass.diffusion.scheduler.Schedulers;
import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import dev.hourglass.testing.Floats;
import dev.hourglass.unet.TinyUNet;
import dev.hourglass.unet.UNet2D;
import dev.hourglass.unet.UNet2DSettings;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ScheduledDrawingTest {

    private static final int STEPS = 6;
    private static final ImageSize SIZE = new ImageSize(8, 9);

    private static ModelConfig scheduler(SchedulerName name) {
        return name.from(ModelConfig.of(
                "test", Map.of("_class_name", "DDPMScheduler", "skip_prk_steps", true, "beta_end", 0.01)));
    }

    private static SamplingOptions plain(SchedulerName name) {
        return new SamplingOptions(scheduler(name), STEPS, 1, List.of(), 0);
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
    @EnumSource(names = {"DDPM", "DDIM", "EULER", "EULER_ANCESTRAL"})
    void startsFromAPictureAsALoopByHand(SchedulerName name) {
        drawsFromAPictureAsALoopByHand(name, null);
    }

    /** What is kept is exactly the picture's in the end, and shows the rest its noisy self before. */
    @ParameterizedTest
    @EnumSource(names = {"DDPM", "DDIM", "EULER", "EULER_ANCESTRAL"})
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
            Backend.kernels().randomNormal().fill(noise.segment(), 0, 7, Streams.sampling(1, STEPS), 0, 72);
            double clean = 1;
            double noisy = 0;
            if (name == SchedulerName.DDPM || name == SchedulerName.DDIM) {
                double alphaBar = alphaBar((int) scheduler.timestep(3));
                clean = Math.sqrt(alphaBar);
                noisy = Math.sqrt(1 - alphaBar);
            } else {
                noisy = scheduler.sigmas()[3];
            }
            for (int k = 0; k < 72; k++) {
                x.set(k, (float) (clean * picture[k] + noisy * noise.get(k)));
            }
            float[] begin = noise.toArray();
            float[] answer = new float[72];
            scheduler.begin(3);
            for (int step = 3; step < STEPS; step++) {
                scheduler.scaleModelInput(x, step, input);
                session.run(input.toArray(), new float[] {(float) scheduler.timestep(step)}, answer);
                output.copyFrom(answer);
                Backend.kernels()
                        .randomNormal()
                        .fill(noise.segment(), 0, 7, Streams.sampling(1, STEPS - 1 - step), 0, 72);
                scheduler.step(output, x, scheduler.needsNoise(step) ? noise : null, step);
                for (int k = 0; repaint != null && k < 72; k++) {
                    if (!repaint[k] && step < STEPS - 1) {
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
        assertEquals(2, new StartImage(new float[1], 0.8).firstStep(10));
        assertEquals(0, new StartImage(new float[1], 1).firstStep(10));
        assertEquals(7, new StartImage(new float[1], 0.39).firstStep(10));
        assertThrows(HourglassException.class, () -> new StartImage(new float[1], 0.3).firstStep(3));
        assertThrows(HourglassException.class, () -> new StartImage(new float[1], 0));
        assertThrows(HourglassException.class, () -> new StartImage(new float[1], 1.1));
    }

    @Test
    void aPictureThatDoesNotFitIsRefused() {
        try (UNet model = UNet.create(new TinyUNet(), SIZE, 5)) {
            refused(model, plain(SchedulerName.DDIM).withImage(new StartImage(new float[71], 1)), "72 numbers");
            for (String name : List.of("PNDM", "HEUN", "LMS", "DPMSOLVER", "UNIPC", "LCM")) {
                SamplingOptions plain = plain(SchedulerName.valueOf(name));
                refused(model, plain.withImage(new StartImage(new float[72], 1)), "euler-ancestral");
            }
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
        SamplingOptions options = new SamplingOptions(ModelConfig.of("test", config), STEPS, 1, List.of(), 0);
        return ScheduledDrawing.sample(model, options, 1, 1, 7, 1, Arithmetic.FASTEST, Sampler.Watcher.NONE);
    }

    @Test
    void guidanceFollowsItsFormulaAndSpareVariancesAreDropped() {
        try (UNet model = withVariances(Map.of("num_class_embeds", 4));
                Session session = model.session(SessionOptions.of(2, 8, 9));
                Slab slab = Slab.open("test", 1024);
                Scheduler scheduler =
                        Schedulers.open(scheduler(SchedulerName.DDIM), 1, Shape.of(1, 8, 9, 1), Backend.kernels())) {
            SamplingOptions options = new SamplingOptions(scheduler(SchedulerName.DDIM), 1, 3, List.of(2), 3);
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
            assertThrows(
                    HourglassException.class,
                    () -> new SamplingOptions(scheduler(SchedulerName.DDIM), 1, 3, List.of(), 3));
        }
    }
}
