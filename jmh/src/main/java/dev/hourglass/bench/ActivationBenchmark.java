package dev.hourglass.bench;

import dev.hourglass.kernel.Activation;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Activation functions on one thread; see {@link ElementwiseBenchmark} for SiLU and the bound that memory sets. */
public class ActivationBenchmark extends KernelBenchmark {

    /** The function. */
    @Param
    public Activation.Kind kind;

    /** Elements: in the second-level cache, and 2 images of 64x64x128. */
    @Param({"32768", "1048576"})
    public int elements;

    private Activation kernel;
    private MemorySegment x;
    private MemorySegment y;
    private MemorySegment dy;
    private MemorySegment dx;

    /** Opens the operands. */
    @Override
    @Setup(Level.Trial)
    public void open() {
        kernel = twin.kernels().activation();
        x = operands.normals(elements);
        y = operands.floats(elements);
        dy = operands.normals(elements);
        dx = operands.floats(elements);
    }

    /** {@code y = f(x)}. */
    @Benchmark
    public void values(Rates.Traffic rate) {
        kernel.values(kind, x, y, 0, elements);
        rate.floats(2L * elements);
    }

    /** {@code dx = dy * f'(x)}. */
    @Benchmark
    public void gradient(Rates.Traffic rate) {
        kernel.gradient(kind, x, dy, dx, false, 0, elements);
        rate.floats(3L * elements);
    }
}
