package dev.hourglass.diffusion.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import java.lang.management.ManagementFactory;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The promise: after warm-up, no step of any scheduler allocates on the heap. */
class SchedulerAllocationTest {

    private static final Shape SHAPE = Shape.of(2, 5, 7, 3);
    private static final int RUNS = 40;
    private static final int CLEAN_ROUNDS = 4;
    private static final long PATIENCE = 30_000_000_000L; // nanoseconds

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @BeforeEach
    void vectorsAreOn() {
        Assumptions.assumeTrue(
                Backend.kernels().bits() > 0, "skipped: the promise is the vector backend's, and this run is scalar");
    }

    private static Stream<String> traces() {
        return TraceFile.names();
    }

    @ParameterizedTest
    @MethodSource("traces")
    void aStepAllocatesNothing(String name) {
        TraceFile trace = TraceFile.read(name);
        long bytes = Slab.aligned(SHAPE.floatBytes());
        try (Scheduler scheduler =
                        Schedulers.open(trace.config(), trace.steps(), SHAPE, Backend.kernels(), trace.arguments());
                Slab slab = Slab.open("test", 6 * bytes)) {
            Tensor sample = slab.tensor(0, SHAPE);
            Tensor input = slab.tensor(bytes, SHAPE);
            Tensor noise = slab.tensor(2 * bytes, SHAPE);
            Tensor output = slab.tensor(3 * bytes, scheduler.outputShape());
            int[] begins = {0, scheduler.beginAfter(trace.steps() / 2)};
            requireNoAllocation(() -> {
                for (int begin : begins) {
                    scheduler.begin(begin);
                    for (int step = begin; step < scheduler.steps(); step++) {
                        scheduler.scaleModelInput(sample, step, input);
                        scheduler.step(output, sample, scheduler.needsNoise(step) ? noise : null, step);
                    }
                }
            });
        }
    }

    /** The compilers work in the background: vectors are boxed until they have compiled every kernel. */
    private static void requireNoAllocation(Runnable run) {
        long start = System.nanoTime();
        int clean = 0;
        long bytes = -1;
        while (clean < CLEAN_ROUNDS && System.nanoTime() - start < PATIENCE) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int k = 0; k < RUNS; k++) {
                run.run();
            }
            bytes = THREADS.getCurrentThreadAllocatedBytes() - before;
            clean = bytes == 0 ? clean + 1 : 0;
        }
        assertEquals(CLEAN_ROUNDS, clean, bytes + " bytes in " + RUNS + " runs");
    }
}
