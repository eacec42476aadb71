package dev.hourglass.bench;

import dev.hourglass.kernel.Elementwise;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** SiLU, and addition as the bound that memory sets to any elementwise operation, on one thread. */
@State(Scope.Thread)
public class SiluBenchmark extends ShortRuns {

    /** The implementation. */
    @Param
    public Twin twin;

    /** Elements: in the second-level cache, and 16 images of 28x28x32. */
    @Param({"32768", "401408"})
    public int elements;

    private final Operands operands = new Operands();
    private Elementwise kernel;
    private MemorySegment x;
    private MemorySegment y;
    private MemorySegment dy;
    private MemorySegment dx;

    /** Opens the operands. */
    @Setup(Level.Trial)
    public void open() {
        kernel = twin.kernels().elementwise();
        x = operands.normals(elements);
        y = operands.floats(elements);
        dy = operands.normals(elements);
        dx = operands.floats(elements);
    }

    /** Gives the operands back. */
    @TearDown(Level.Trial)
    public void close() {
        operands.close();
    }

    /** {@code y = silu(x)}. */
    @Benchmark
    public void forward(Rates.Traffic rate) {
        kernel.silu(x, y, 0, elements);
        rate.floats(2L * elements);
    }

    /** {@code dx = dy * silu'(x)}. */
    @Benchmark
    public void backward(Rates.Traffic rate) {
        kernel.siluGradient(x, dy, dx, false, 0, elements);
        rate.floats(3L * elements);
    }

    /** {@code y = x + dy}. */
    @Benchmark
    public void add(Rates.Traffic rate) {
        kernel.add(x, dy, y, 0, elements);
        rate.floats(3L * elements);
    }
}
