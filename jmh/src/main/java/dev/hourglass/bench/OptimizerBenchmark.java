package dev.hourglass.bench;

import dev.hourglass.kernel.Optimizer;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Updates of the flat parameter vector on one thread. */
public class OptimizerBenchmark extends KernelBenchmark {

    private static final double CORRECTION_1 = 1 - Math.pow(0.9, 100);
    private static final double CORRECTION_2 = 1 - Math.pow(0.999, 100);

    /** Elements: one item of the optimizer, about all of TinyUNet, and more than any cache holds. */
    @Param({"16384", "914944", "16777216"})
    public int elements;

    private Optimizer kernel;
    private MemorySegment w;
    private MemorySegment g;
    private MemorySegment m;
    private MemorySegment v;

    /** Opens the operands; the averages start at zero, as in training. */
    @Override
    @Setup(Level.Trial)
    public void open() {
        kernel = twin.kernels().optimizer();
        w = operands.normals(elements);
        g = operands.normals(elements);
        m = operands.floats(elements);
        v = operands.floats(elements);
    }

    /** One step; PyTorch's settings. */
    @Benchmark
    public void adamW(Rates.Traffic rate) {
        kernel.adamW(w, g, m, v, 1e-3f, 0.9f, 0.999f, 1e-8f, 0.01f, CORRECTION_1, CORRECTION_2, 1f, 0, elements);
        rate.floats(7L * elements);
    }

    /** The moving average of the weights. */
    @Benchmark
    public void ema(Rates.Traffic rate) {
        kernel.ema(m, w, 0.999f, 0, elements);
        rate.floats(3L * elements);
    }

    /** What clipping needs. */
    @Benchmark
    public double squaredNorm(Rates.Traffic rate) {
        rate.floats(elements);
        return kernel.squaredNorm(g, 0, elements);
    }
}
