package dev.hourglass.diffusion.scheduler;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every scheduler against the trace of diffusers' one, step by step, from the first sample to the last. */
class SchedulerParityTest {

    /** Of a sample's largest magnitude: the reference computes its schedules in float32. */
    private static final double TOLERANCE = 1e-4;

    private static Stream<String> traces() {
        return TraceFile.names();
    }

    @Test
    void thereIsATraceOfEveryClass() {
        assertEquals(
                10,
                traces().map(name -> TraceFile.read(name).config().className())
                        .distinct()
                        .count());
    }

    @ParameterizedTest
    @MethodSource("traces")
    void everyStepIsThatOfDiffusers(String name) {
        TraceFile trace = TraceFile.read(name);
        int[] nchw = trace.shape("initial");
        Shape shape = Shape.of(nchw[0], nchw[2], nchw[3], nchw[1]);
        try (Scheduler scheduler =
                        Schedulers.open(trace.config(), trace.steps(), shape, Backend.kernels(), trace.arguments());
                Slab slab = Slab.open("test", 6 * Slab.aligned(shape.floatBytes()))) {
            long bytes = Slab.aligned(shape.floatBytes());
            Tensor sample = slab.tensor(0, shape);
            Tensor input = slab.tensor(bytes, shape);
            Tensor noise = slab.tensor(2 * bytes, shape);
            Tensor output = slab.tensor(3 * bytes, scheduler.outputShape());
            assertArrayEquals(trace.numbers("timesteps"), scheduler.timesteps());
            requireSigmas(trace, scheduler);
            sample.copyFrom(nhwc(trace, "initial"));
            int steps = 0;
            for (; trace.contains(step(steps) + "prev_sample"); steps++) {
                scheduler.scaleModelInput(sample, steps, input);
                assertClose(step(steps) + "model_input", nhwc(trace, step(steps) + "model_input"), input.toArray());
                output.copyFrom(nhwc(trace, step(steps) + "model_output"));
                if (scheduler.needsNoise(steps)) {
                    noise.copyFrom(nhwc(trace, step(steps) + "noise0"));
                }
                scheduler.step(output, sample, scheduler.needsNoise(steps) ? noise : null, steps);
                assertClose(step(steps) + "prev_sample", nhwc(trace, step(steps) + "prev_sample"), sample.toArray());
            }
            assertEquals(scheduler.steps(), steps);
            assertTrue(steps > 1, "steps");
        }
    }

    private static String step(int step) {
        return "s%03d.".formatted(step);
    }

    private static float[] nhwc(TraceFile trace, String tensor) {
        int[] dims = trace.shape(tensor);
        float[] stored = trace.floats(tensor);
        float[] turned = new float[stored.length];
        int pixels = dims[2] * dims[3];
        for (int n = 0; n < dims[0]; n++) {
            for (int c = 0; c < dims[1]; c++) {
                for (int p = 0; p < pixels; p++) {
                    turned[(n * pixels + p) * dims[1] + c] = stored[(n * dims[1] + c) * pixels + p];
                }
            }
        }
        return turned;
    }

    private static void requireSigmas(TraceFile trace, Scheduler scheduler) {
        if (!trace.contains("sigmas")) {
            assertEquals(0, scheduler.sigmas().length);
            return;
        }
        double[] expected = trace.numbers("sigmas");
        double[] found = scheduler.sigmas();
        assertEquals(expected.length, found.length);
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], found[i], 2 * Math.ulp((float) expected[i]), "sigma " + i);
        }
    }

    static void assertClose(String what, float[] expected, float[] found) {
        double largest = 0;
        double worst = 0;
        for (int i = 0; i < expected.length; i++) {
            assertFalse(Float.isNaN(found[i]), what);
            largest = Math.max(largest, Math.abs(expected[i]));
            worst = Math.max(worst, Math.abs(expected[i] - found[i]));
        }
        assertEquals(expected.length, found.length, what);
        double error = worst / largest;
        assertTrue(error <= TOLERANCE, what + ": " + error);
    }
}
