package dev.hourglass.bench;

import dev.hourglass.kernel.Loss;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The squared error and its gradient on one thread. */
@State(Scope.Thread)
public class LossBenchmark extends ShortRuns {

    /** The implementation. */
    @Param
    public Twin twin;

    /** Elements: two images of 3x64x64, and a batch of TinyUNet. */
    @Param({"24576", "100352"})
    public int elements;

    private final Operands operands = new Operands();
    private Loss kernel;
    private MemorySegment prediction;
    private MemorySegment target;
    private MemorySegment gradient;

    /** Opens the operands. */
    @Setup(Level.Trial)
    public void open() {
        kernel = twin.kernels().loss();
        prediction = operands.normals(elements);
        target = operands.normals(elements);
        gradient = operands.floats(elements);
    }

    /** Gives the operands back. */
    @TearDown(Level.Trial)
    public void close() {
        operands.close();
    }

    /** The sum. */
    @Benchmark
    public double squaredError(Rates.Traffic rate) {
        rate.floats(2L * elements);
        return kernel.squaredError(prediction, target, 0, elements);
    }

    /** The gradient of the prediction. */
    @Benchmark
    public void squaredErrorGradient(Rates.Traffic rate) {
        kernel.squaredErrorGradient(prediction, target, 2f / elements, gradient, false, 0, elements);
        rate.floats(3L * elements);
    }
}
