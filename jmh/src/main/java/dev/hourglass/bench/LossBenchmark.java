package dev.hourglass.bench;

import dev.hourglass.kernel.Loss;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** The squared error and its gradient on one thread. */
public class LossBenchmark extends KernelBenchmark {

    /** Elements: two images of 3x64x64, and a batch of TinyUNet. */
    @Param({"24576", "100352"})
    public int elements;

    private Loss kernel;
    private MemorySegment prediction;
    private MemorySegment target;
    private MemorySegment gradient;

    /** Opens the operands. */
    @Override
    @Setup(Level.Trial)
    public void open() {
        kernel = twin.kernels().loss();
        prediction = operands.normals(elements);
        target = operands.normals(elements);
        gradient = operands.floats(elements);
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
