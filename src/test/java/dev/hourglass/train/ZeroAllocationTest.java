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
import dev.hourglass.io.ImageBytes;
import dev.hourglass.kernel.Backend;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.ConditionalModels;
import dev.hourglass.testing.Digits;
import dev.hourglass.unet.Architecture;
import dev.hourglass.unet.TinyUNet;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The promise: after warm-up, training and sampling allocate nothing on the heap, on any engine thread. */
class ZeroAllocationTest {

    private static final int STEPS = 200;

    /** Rounds at most: vectors are boxed on the heap until C2 has compiled every kernel. */
    private static final int MOST_ROUNDS = 60;

    private static final int CLEAN_ROUNDS = 4;

    private static final int IMAGES = 20;

    private static final TrainingOptions CONSTANT =
            new TrainingOptions(2, 100_000, new LearningRate.Constant(1e-4), AdamW.Settings.DEFAULT, 0.99, 1);

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
