package dev.hourglass.bench;

import dev.hourglass.kernel.RandomNormal;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Counter-based noise on one thread. */
@State(Scope.Thread)
public class RandomNormalBenchmark extends ShortRuns {

    /** The implementation. */
    @Param
    public Twin twin;

    /** Numbers at a time: one image of TinyUNet, a batch of 128, and two images of 3x64x64. */
    @Param({"784", "100352", "24576"})
    public int elements;

    private final Operands operands = new Operands();
    private RandomNormal kernel;
    private MemorySegment y;
    private long stream;

    /** Opens the operand. */
    @Setup(Level.Trial)
    public void open() {
        kernel = twin.kernels().randomNormal();
        y = operands.floats(elements);
    }

    /** Gives the operand back. */
    @TearDown(Level.Trial)
    public void close() {
        operands.close();
    }

    /** A stream of its own for each call. */
    @Benchmark
    public void fill(Rates.Traffic rate) {
        kernel.fill(y, 0, 42, stream++, 0, elements);
        rate.floats(elements);
    }
}
