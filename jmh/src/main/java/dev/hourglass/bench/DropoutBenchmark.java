package dev.hourglass.bench;

import dev.hourglass.kernel.Dropout;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Dropout on one thread; forward and backward are the same. */
public class DropoutBenchmark extends KernelBenchmark {

    /** Features of an image: of a small model, and of the lesson's largest and smallest level. */
    @Param({"8192", "524288", "32768"})
    public int elements;

    private Dropout kernel;
    private MemorySegment x;
    private MemorySegment y;
    private MemorySegment workspace;
    private long seed;

    /** Opens the operands. */
    @Override
    @Setup(Level.Trial)
    public void open() {
        kernel = twin.kernels().dropout();
        x = operands.normals(elements);
        y = operands.floats(elements);
        workspace = operands.floats(Math.max(1, kernel.workspaceBytes() / Float.BYTES));
    }

    /** A tenth is dropped, others each time. */
    @Benchmark
    public void apply(Rates.Traffic rate) {
        kernel.apply(x, y, false, 0.1, seed++, 0, 0, 0, elements, workspace);
        rate.floats(2L * elements);
    }
}
