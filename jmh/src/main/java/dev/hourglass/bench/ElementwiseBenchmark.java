package dev.hourglass.bench;

import dev.hourglass.kernel.Elementwise;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Operations on elements one by one, on one thread; addition shows the bound that memory sets to all of them. */
public class ElementwiseBenchmark extends KernelBenchmark {

    /** Elements: in the second-level cache, 16 images of 28x28x32, 2 of 64x64x128, and one of 570x570x64. */
    @Param({"32768", "401408", "1048576", "20793600"})
    public int elements;

    private Elementwise kernel;
    private MemorySegment x;
    private MemorySegment y;
    private MemorySegment dy;
    private MemorySegment dx;

    /** Opens the operands. */
    @Override
    @Setup(Level.Trial)
    public void open() {
        kernel = twin.kernels().elementwise();
        x = operands.normals(elements);
        y = operands.floats(elements);
        dy = operands.normals(elements);
        dx = operands.floats(elements);
    }

    /** {@code y = silu(x)}. */
    @Benchmark
    public void silu(Rates.Traffic rate) {
        kernel.silu(x, y, 0, elements);
        rate.floats(2L * elements);
    }

    /** {@code dx = dy * silu'(x)}. */
    @Benchmark
    public void siluGradient(Rates.Traffic rate) {
        kernel.siluGradient(x, dy, dx, false, 0, elements);
        rate.floats(3L * elements);
    }

    /** {@code y = x}: new axes. */
    @Benchmark
    public void copy(Rates.Traffic rate) {
        kernel.copy(x, y, false, 0, elements);
        rate.floats(2L * elements);
    }

    /** {@code y = x + dy}. */
    @Benchmark
    public void add(Rates.Traffic rate) {
        kernel.add(x, dy, y, 0, elements);
        rate.floats(3L * elements);
    }

    /** {@code dx = 0.5 x + 0.5 dy}. */
    @Benchmark
    public void blend(Rates.Traffic rate) {
        kernel.blend(0.5f, x, 0.5f, dy, dx, 0, elements);
        rate.floats(3L * elements);
    }

    /** {@code y = min(max(x, -1), 1)}. */
    @Benchmark
    public void clamp(Rates.Traffic rate) {
        kernel.clamp(x, -1, 1, y, 0, elements);
        rate.floats(2L * elements);
    }

    /** The search for NaN and infinities, in vain. */
    @Benchmark
    public long firstNonFinite(Rates.Traffic rate) {
        rate.floats(elements);
        return kernel.firstNonFinite(x, 0, elements);
    }
}
