package dev.hourglass.bench;

import dev.hourglass.kernel.Pool;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Average pooling 2x2 on one thread. */
public class PoolBenchmark extends KernelBenchmark {

    private static final int KERNEL = 2;

    /** Input {@code NxHxWxC}. */
    @Param({"16x28x28x32", "16x14x14x64", "16x7x7x128", "2x64x64x128", "1x64x64x320", "1x568x568x64", "1x64x64x512"})
    public String input;

    private Pool kernel;
    private FeatureMap map;
    private long outputs;
    private MemorySegment x;
    private MemorySegment y;
    private MemorySegment dy;
    private MemorySegment dx;

    /** Opens the operands. */
    @Override
    @Setup(Level.Trial)
    public void open() {
        kernel = twin.kernels().pool();
        map = FeatureMap.parse(input);
        outputs = (long) map.images()
                * Pool.outputLength(map.height(), KERNEL, KERNEL)
                * Pool.outputLength(map.width(), KERNEL, KERNEL)
                * map.channels();
        x = operands.normals(map.elements());
        y = operands.floats(outputs);
        dy = operands.normals(outputs);
        dx = operands.floats(map.elements());
    }

    /** Means of the windows. */
    @Benchmark
    public void forward(Rates.Traffic rate) {
        kernel.average(x, y, map.height(), map.width(), map.channels(), KERNEL, KERNEL, 0, map.images());
        rate.floats(map.elements() + outputs);
    }

    /** Gradients spread over the windows. */
    @Benchmark
    public void backward(Rates.Traffic rate) {
        kernel.averageGradient(
                dy, dx, false, map.height(), map.width(), map.channels(), KERNEL, KERNEL, 0, map.images());
        rate.floats(map.elements() + outputs);
    }
}
