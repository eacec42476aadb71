package dev.hourglass.bench;

import dev.hourglass.kernel.RandomNormal;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Counter-based noise on one thread. */
public class RandomNormalBenchmark extends KernelBenchmark {

    /** Numbers at a time: one image of TinyUNet, a batch of 128, and two images of 3x64x64. */
    @Param({"784", "100352", "24576"})
    public int elements;

    private RandomNormal kernel;
    private MemorySegment y;
    private long stream;

    /** Opens the operand. */
    @Override
    @Setup(Level.Trial)
    public void open() {
        kernel = twin.kernels().randomNormal();
        y = operands.floats(elements);
    }

    /** A stream of its own for each call. */
    @Benchmark
    public void fill(Rates.Traffic rate) {
        kernel.fill(y, 0, 42, stream++, 0, elements);
        rate.floats(elements);
    }
}
