package dev.hourglass.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.hourglass.ImageSize;
import dev.hourglass.Session;
import dev.hourglass.SessionOptions;
import dev.hourglass.UNet;
import dev.hourglass.diffusion.AncestralSampler;
import dev.hourglass.diffusion.NoiseSchedule;
import dev.hourglass.diffusion.Resampling;
import dev.hourglass.diffusion.ScheduledSampler;
import dev.hourglass.diffusion.scheduler.Scheduler;
import dev.hourglass.diffusion.scheduler.SchedulerName;
import dev.hourglass.diffusion.scheduler.Schedulers;
import dev.hourglass.io.ImageBytes;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.kernel.Backend;
import dev.hourglass.kernel.WeightFormat;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.ConditionalModels;
import dev.hourglass.testing.Digits;
import dev.hourglass.testing.Floats;
import dev.hourglass.unet.Architecture;
import dev.hourglass.unet.Architectures;
import dev.hourglass.unet.TinyUNet;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The promise: after warm-up, training and sampling allocate nothing on the heap, on any engine thread. */
@Tag("alone")
class ZeroAllocationTest {

    private static final int STEPS = 200;

    /** Rounds at most: vectors are boxed on the heap until C2 has compiled every kernel. */
    private static final int MOST_ROUNDS = 60;

    private static final int CLEAN_ROUNDS = 4;

    private static final int IMAGES = 20;

    private static final TrainingOptions CONSTANT =
            new TrainingOptions(2, 100_000, new LearningRate.Constant(1e-4), AdamW.Settings.DEFAULT, 0.99, 1);
    private static final ImageSize SIZE = new ImageSize(8, 9);
    private static final int TOKENS = 5;
    private static final int TEXT_WIDTH = 6;

    /** Starts before the first step: among the steps they would be too rare for the compiler. */
    private static final int STARTS = 20_000;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @BeforeEach
    void vectorsAreOn() {
        Assumptions.assumeTrue(
                Backend.kernels().bits() > 0, "skipped: the promise is the vector backend's, and this run is scalar");
    }

    @Test
    void trainingAllocatesNothing() {
        TrainingOptions options = new TrainingOptions(
                2, 10_000, new LearningRate.WarmupCosine(1e-3, 10, 10_000), AdamW.Settings.DEFAULT, 0.99, 1);
        try (Workers workers = new Workers(2);
                ImageBytes images = Digits.bars(IMAGES, 12, 11);
                UNet model = UNet.create(new TinyUNet(), new ImageSize(12, 11), 1);
                Trainer trainer = model.trainer(images, options, workers)) {
            requireNoAllocation(trainer::step);
            assertTrue(trainer.steps() >= 2 * STEPS);
        }
    }

    @Test
    void trainingOnClassesOfWhichSomeAreDroppedAllocatesNothing() {
        Conditions labels = Conditions.none().with("class_labels", Collections.nCopies(IMAGES, 1));
        requireNoAllocation(
                ConditionalModels.classes(Map.of("num_class_embeds", 3)), labels, CONSTANT.withDropClass(0.5));
    }

    @Test
    void trainingOnTextsAllocatesNothing() {
        requireNoAllocation(ConditionalModels.texts(), ConditionalModels.text(IMAGES, 5), CONSTANT);
    }

    /** Attention to a text and the image at once, and the text as one row: tokens that are joined, summed and laid out anew. */
    @Test
    void trainingOnTextsBesideTheImageAllocatesNothing() {
        Map<String, Object> changes = Map.of(
                "down_block_types",
                List.of("DownBlock2D", "SimpleCrossAttnDownBlock2D"),
                "up_block_types",
                List.of("SimpleCrossAttnUpBlock2D", "UpBlock2D"),
                "mid_block_type",
                "UNetMidBlock2DSimpleCrossAttn",
                "addition_embed_type",
                "text",
                "addition_embed_type_num_heads",
                2);
        requireNoAllocation(ConditionalModels.texts(changes), ConditionalModels.text(IMAGES, 5), CONSTANT);
    }

    /** Norms that the timestep scales and shifts, and filters that mirror the border. */
    @Test
    void trainingWithKBlocksAllocatesNothing() {
        Map<String, Object> changes = Map.of(
                "down_block_types",
                List.of("KDownBlock2D", "KCrossAttnDownBlock2D"),
                "up_block_types",
                List.of("KCrossAttnUpBlock2D", "KUpBlock2D"),
                "block_out_channels",
                List.of(32, 32),
                "time_embedding_dim",
                32,
                "dropout",
                0.1,
                "mid_block_type",
                "UNetMidBlock2D");
        requireNoAllocation(ConditionalModels.texts(changes), ConditionalModels.text(IMAGES, 5), CONSTANT);
    }

    @Test
    void trainingThatRecomputesAllocatesNothing() {
        requireNoAllocation(ConditionalModels.texts(), ConditionalModels.text(IMAGES, 5), CONSTANT.withRecompute(true));
    }

    private static void requireNoAllocation(Architecture architecture, Conditions conditions, TrainingOptions options) {
        try (Workers workers = new Workers(2);
                conditions;
                ImageBytes images = Digits.bars(IMAGES, 8, 8);
                UNet model = UNet.create(architecture, new ImageSize(8, 8), 1);
                Trainer trainer = model.trainer(images, conditions, options, workers)) {
            requireNoAllocation(trainer::step);
            assertTrue(trainer.steps() >= 2 * STEPS);
        }
    }

    @Test
    void samplingAllocatesNothing() {
        try (UNet model = UNet.create(new TinyUNet(), new ImageSize(12, 11), 1);
                Session session = model.session(SessionOptions.of(3, 12, 11).withThreads(2));
                AncestralSampler sampler =
                        new AncestralSampler(NoiseSchedule.ddpm(), session.denoiser(), Backend.kernels(), 1)) {
            sampler.start(0);
            int[] t = {999};
            requireNoAllocation(() -> sampler.step(0, t[0] = t[0] == 0 ? 999 : t[0] - 1));
        }
    }

    @Test
    void aRunOnArraysAllocatesNothing() {
        try (UNet model = UNet.create(new TinyUNet(), new ImageSize(9, 10), 1);
                Session session = model.session(SessionOptions.of(2, 9, 10).withThreads(2))) {
            float[] x = new float[180];
            float[] t = {10, 990};
            float[] y = new float[180];
            requireNoAllocation(() -> session.run(x, t, y));
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"BFLOAT16", "FLOAT16"})
    void weightsOf16BitsAllocateNothing(WeightFormat format) {
        SessionOptions options =
                SessionOptions.of(2, 8, 9).withThreads(2).withTokens(TOKENS).withWeights(format);
        try (UNet model = UNet.create(texts(), SIZE, 1);
                Session session = model.session(options)) {
            session.condition("encoder_hidden_states", Floats.random(1, 2 * TOKENS * TEXT_WIDTH));
            float[] x = Floats.random(2, 2 * 72);
            float[] t = {10, 990};
            float[] y = new float[x.length];
            requireNoAllocation(() -> session.run(x, t, y));
        }
    }

    @Test
    void guidedSamplingOfClassesAllocatesNothing() {
        try (UNet model = UNet.create(classes(), SIZE, 1);
                Session session = model.session(SessionOptions.of(2, 8, 9).withThreads(2))) {
            session.condition("class_labels", new float[] {3, 1});
            requireGuidedSamplingAllocatesNothing(session, SchedulerName.DDPM);
        }
    }

    @Test
    void guidedSamplingOfTextsAllocatesNothing() {
        try (UNet model = UNet.create(texts(), SIZE, 1);
                Session session =
                        model.session(SessionOptions.of(2, 8, 9).withThreads(2).withTokens(TOKENS))) {
            session.condition("encoder_hidden_states", Floats.random(1, 2 * TOKENS * TEXT_WIDTH));
            requireGuidedSamplingAllocatesNothing(session, SchedulerName.DPMSOLVER);
        }
    }

    @Test
    void repaintingAndResamplingAllocateNothing() {
        try (UNet model = UNet.create(new TinyUNet(), SIZE, 1);
                Session session = model.session(SessionOptions.of(2, 8, 9).withThreads(2))) {
            requireSamplingAllocatesNothing(session, SchedulerName.DDIM, Shape.of(2, 8, 9, 1), sampler -> {
                boolean[] repaint = new boolean[72];
                repaint[30] = true;
                sampler.from(new float[72], 2, repaint, new Resampling(3, 2));
            });
        }
    }

    @Test
    void modelsOfClassesAndOfTextsAllocateNothing() {
        float[] x = Floats.random(2, 2 * 72);
        float[] t = {10, 990};
        float[] y = new float[x.length];
        try (UNet model = UNet.create(classes(), SIZE, 1);
                Session session = model.session(SessionOptions.of(2, 8, 9).withThreads(2))) {
            session.condition("class_labels", new float[] {3, 1});
            requireNoAllocation(() -> session.run(x, t, y));
        }
        try (UNet model = UNet.create(texts(), SIZE, 1);
                Session session =
                        model.session(SessionOptions.of(2, 8, 9).withThreads(2).withTokens(TOKENS))) {
            session.condition("encoder_hidden_states", Floats.random(1, 2 * TOKENS * TEXT_WIDTH));
            requireNoAllocation(() -> session.run(x, t, y));
        }
    }

    /** Attention and a table of classes. */
    private static Architecture classes() {
        return architecture(Map.of(
                "_class_name",
                "UNet2DModel",
                "down_block_types",
                List.of("DownBlock2D", "AttnDownBlock2D"),
                "up_block_types",
                List.of("AttnUpBlock2D", "UpBlock2D"),
                "num_class_embeds",
                4));
    }

    /** Attention to itself and to a text. */
    private static Architecture texts() {
        return architecture(Map.of(
                "_class_name",
                "UNet2DConditionModel",
                "down_block_types",
                List.of("DownBlock2D", "CrossAttnDownBlock2D"),
                "up_block_types",
                List.of("CrossAttnUpBlock2D", "UpBlock2D"),
                "cross_attention_dim",
                TEXT_WIDTH));
    }

    private static Architecture architecture(Map<String, Object> settings) {
        Map<String, Object> config = new HashMap<>(settings);
        config.putAll(Map.of(
                "in_channels", 1,
                "out_channels", 1,
                "block_out_channels", List.of(8, 16),
                "layers_per_block", 1,
                "norm_num_groups", 4,
                "attention_head_dim", 4));
        return Architectures.fromConfig(ModelConfig.of("test", config));
    }

    /** One image, drawn again and again, by a session for a batch of two. */
    private static void requireGuidedSamplingAllocatesNothing(Session session, SchedulerName name) {
        requireSamplingAllocatesNothing(session, name, Shape.of(1, 8, 9, 1), sampler -> {});
    }

    private static void requireSamplingAllocatesNothing(
            Session session, SchedulerName name, Shape shape, Consumer<ScheduledSampler> setting) {
        ModelConfig config = name.from(ModelConfig.of("test", Map.of("_class_name", "DDPMScheduler")));
        try (Scheduler scheduler = Schedulers.open(config, 10, shape, Backend.kernels());
                ScheduledSampler sampler =
                        new ScheduledSampler(scheduler, session.denoiser(), shape, 3, Backend.kernels(), 1)) {
            setting.accept(sampler);
            for (int k = 0; k < STARTS; k++) {
                sampler.start(0);
            }
            int[] left = {0};
            requireNoAllocation(() -> {
                if (left[0] == 0) {
                    sampler.start(0);
                    left[0] = sampler.steps();
                }
                sampler.step(0, --left[0]);
            });
        }
    }

    /**
     * Asks for {@link #CLEAN_ROUNDS} rounds in a row without a byte. Until the compilers are done a late recompilation may send a
     * thread through the interpreter once more, which is why the count starts again then.
     */
    private static void requireNoAllocation(Runnable step) {
        int clean = 0;
        long bytes = -1;
        for (int round = 0; round < MOST_ROUNDS && clean < CLEAN_ROUNDS; round++) {
            bytes = allocatedBy(step);
            clean = bytes == 0 ? clean + 1 : 0;
        }
        assertEquals(CLEAN_ROUNDS, clean, bytes + " bytes in " + STEPS + " steps, after " + MOST_ROUNDS + " rounds");
    }

    private static long allocatedBy(Runnable step) {
        long[] ids = engineThreads();
        long first = allocated(ids);
        // Asking allocates on the asking thread, which is one of those asked about: what it costs just now is taken
        // off.
        long before = allocated(ids);
        for (int k = 0; k < STEPS; k++) {
            step.run();
        }
        return allocated(ids) - before - (before - first);
    }

    private static long allocated(long[] ids) {
        long sum = 0;
        for (long id : ids) {
            sum += THREADS.getThreadAllocatedBytes(id);
        }
        return sum;
    }

    private static long[] engineThreads() {
        return Arrays.stream(THREADS.getThreadInfo(THREADS.getAllThreadIds()))
                .filter(info -> info != null
                        && (info.getThreadId() == Thread.currentThread().threadId()
                                || info.getThreadName().startsWith("hourglass-worker")))
                .mapToLong(info -> info.getThreadId())
                .toArray();
    }
}
