package dev.hourglass.diffusion.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.hourglass.io.ModelConfig;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Beginning at a later step than the first: nothing of an earlier run may show. */
class SchedulerBeginTest {

    private static final int STEPS = 10; // half of 1000 / STEPS is whole, as Runge and Kutta's method wants
    private static final Shape SHAPE = Shape.of(1, 2, 3, 1);
    private static final int COUNT = 6;

    /** A few roundings in each step, of samples that are up to 12 times as large as the image in them. */
    private static final double TOLERANCE = 1e-4;

    private final Random random = new Random(1);
    private final Slab slab = Slab.open("test", 1024);
    private final Tensor sample = slab.tensor(0, SHAPE);
    private final Tensor noise = slab.tensor(256, SHAPE);
    private final Tensor output = slab.tensor(512, SHAPE);

    @AfterEach
    void close() {
        slab.close();
    }

    private static Scheduler open(SchedulerName name, boolean skipsRungeKutta) {
        Map<String, Object> settings = Map.of(
                "_class_name",
                "DDPMScheduler",
                "beta_end",
                0.01,
                "set_alpha_to_one",
                true,
                "skip_prk_steps",
                skipsRungeKutta);
        return Schedulers.open(name.from(ModelConfig.of("test", settings)), STEPS, SHAPE, Backend.kernels());
    }

    private void fill(Tensor tensor) {
        for (int k = 0; k < COUNT; k++) {
            tensor.set(k, (float) random.nextGaussian());
        }
    }

    private void step(Scheduler scheduler, int step) {
        fill(noise);
        scheduler.step(output, sample, scheduler.needsNoise(step) ? noise : null, step);
    }

    private void runOnNoise(Scheduler scheduler) {
        fill(sample);
        for (int step = 0; step < scheduler.steps(); step++) {
            fill(output);
            step(scheduler, step);
        }
    }

    /** A model that knows the answer leads every beginning to it: noise levels and histories fit each other. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "LMS")
    void aPerfectModelIsFollowedToItsImageFromAnyStep(SchedulerName name) {
        try (Scheduler scheduler = open(name, false)) {
            for (int skipped = 0; skipped < STEPS; skipped++) {
                runOnNoise(scheduler);
                int first = scheduler.beginAfter(skipped);
                scheduler.begin(first);
                fill(sample);
                for (int k = 0; k < COUNT; k++) {
                    double noisy = scheduler.noiseShare(first) * sample.get(k);
                    sample.set(k, (float) (scheduler.cleanShare(first) * wanted(k) + noisy));
                }
                for (int step = first; step < scheduler.steps(); step++) {
                    for (int k = 0; k < COUNT; k++) {
                        double rest = sample.get(k) - scheduler.cleanShare(step) * wanted(k);
                        output.set(k, (float) (rest / scheduler.noiseShare(step)));
                    }
                    step(scheduler, step);
                }
                for (int k = 0; k < COUNT; k++) {
                    assertEquals(wanted(k), sample.get(k), TOLERANCE, skipped + " skipped");
                }
            }
        }
    }

    private static double wanted(int k) {
        return Math.sin(k);
    }

    /** Only slopes since the beginning count, with the weights of four. */
    @Test
    void multistepsOfLmsAreThoseOfDiffusers() {
        try (Scheduler scheduler = open(SchedulerName.LMS, false)) {
            runOnNoise(scheduler);
            double[] sigmas = scheduler.sigmas();
            scheduler.begin(4);
            fill(sample);
            double[] expected = new double[COUNT];
            double[][] slopes = new double[2][COUNT]; // of noise predictions: the outputs themselves
            for (int k = 0; k < COUNT; k++) {
                expected[k] = sample.get(k);
            }
            for (int step = 4; step < 6; step++) {
                fill(output);
                for (int k = 0; k < COUNT; k++) {
                    slopes[step - 4][k] = output.get(k);
                    for (int back = 0; back <= step - 4; back++) {
                        expected[k] += integral(sigmas, step, back) * slopes[step - 4 - back][k];
                    }
                }
                step(scheduler, step);
                for (int k = 0; k < COUNT; k++) {
                    assertEquals(expected[k], sample.get(k), TOLERANCE, "step " + step);
                }
            }
        }
    }

    /** Of Lagrange's cubic; Simpson's rule is exact for it. */
    private static double integral(double[] sigmas, int step, int back) {
        double from = sigmas[step];
        double to = sigmas[step + 1];
        double middle = (from + to) / 2;
        return (to - from)
                / 6
                * (cubic(sigmas, step, back, from)
                        + 4 * cubic(sigmas, step, back, middle)
                        + cubic(sigmas, step, back, to));
    }

    private static double cubic(double[] sigmas, int step, int back, double sigma) {
        double product = 1;
        for (int k = 0; k < 4; k++) {
            if (k != back) {
                product *= (sigma - sigmas[step - k]) / (sigmas[step - back] - sigmas[step - k]);
            }
        }
        return product;
    }

    /** The second step repeats the first with the mean of both outputs, though no timestep is asked twice. */
    @Test
    void multistepsOfPndmAreThoseOfDiffusers() {
        int stride = 1000 / STEPS;
        try (Scheduler scheduler = open(SchedulerName.PNDM, true)) {
            runOnNoise(scheduler);
            scheduler.begin(4);
            fill(sample);
            double[] begin = new double[COUNT];
            double[][] outputs = new double[3][COUNT];
            for (int k = 0; k < COUNT; k++) {
                begin[k] = sample.get(k);
            }
            for (int step = 4; step < 7; step++) {
                int t = (int) scheduler.timestep(step);
                fill(output);
                double[] expected = new double[COUNT];
                for (int k = 0; k < COUNT; k++) {
                    outputs[step - 4][k] = output.get(k);
                    expected[k] = switch (step) {
                        case 4 -> transfer(begin[k], t, t - stride, outputs[0][k]);
                        case 5 -> transfer(begin[k], t + stride, t, (outputs[1][k] + outputs[0][k]) / 2);
                        default -> transfer(sample.get(k), t, t - stride, (3 * outputs[2][k] - outputs[0][k]) / 2);
                    };
                }
                step(scheduler, step);
                for (int k = 0; k < COUNT; k++) {
                    assertEquals(expected[k], sample.get(k), TOLERANCE, "step " + step);
                }
            }
        }
    }

    /** Along a noise prediction: the clean image that it implies, with the same noise at another level. */
    private static double transfer(double sample, int from, int to, double noise) {
        double clean = (sample - Math.sqrt(1 - alphaBar(from)) * noise) / Math.sqrt(alphaBar(from));
        return Math.sqrt(alphaBar(to)) * clean + Math.sqrt(1 - alphaBar(to)) * noise;
    }

    private static double alphaBar(int timestep) {
        double product = 1;
        for (int t = 0; t <= timestep; t++) {
            product *= 1 - (1e-4 + (0.01 - 1e-4) * t / 999);
        }
        return product;
    }

    @ParameterizedTest
    @CsvSource({"HEUN, 3, 6", "PNDM, 2, 8", "PNDM, 5, 14", "DDIM, 7, 7"})
    void skippedStepsAreTheSchedulersOwn(SchedulerName name, int skipped, int first) {
        try (Scheduler scheduler = open(name, false)) {
            assertEquals(first, scheduler.beginAfter(skipped));
            scheduler.begin(first);
            assertThrows(IllegalArgumentException.class, () -> scheduler.begin(scheduler.steps()));
        }
    }

    @ParameterizedTest
    @CsvSource({"HEUN, 5", "PNDM, 3"})
    void noBeginningInTheMiddleOfAStep(SchedulerName name, int step) {
        try (Scheduler scheduler = open(name, false)) {
            assertThrows(IllegalArgumentException.class, () -> scheduler.begin(step));
        }
    }
}
