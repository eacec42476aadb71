package dev.hourglass.bench;

import dev.hourglass.kernel.Conv2d;
import dev.hourglass.kernel.Conv2dGeometry;
import dev.hourglass.kernel.Conv2dGeometry.Window;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Convolution on one thread, all items one after the other; GFLOP/s is in the counter. Weights are packed beforehand, as between two
 * training steps; {@link #pack} is that alone.
 */
@State(Scope.Thread)
public class Conv2dBenchmark extends ShortRuns {

    /** The implementation. */
    @Param
    public Twin twin;

    /** Layers of TinyUNet as {@code CINxCOUT/KxK/HxW}, stride 1, same padding. */
    @Param({
        "32x32/3x3/28x28",
        "96x32/3x3/28x28",
        "64x64/3x3/14x14",
        "128x128/3x3/7x7",
        "128x128/3x3/3x3",
        "1x32/3x3/28x28",
        "96x32/1x1/28x28"
    })
    public String layer;

    /** Images at a time. */
    @Param("16")
    public int batch;

    private final Operands operands = new Operands();
    private Conv2d kernel;
    private Conv2dGeometry geometry;
    private Conv2dGeometry adjoint;
    private MemorySegment x;
    private MemorySegment y;
    private MemorySegment dy;
    private MemorySegment dx;
    private MemorySegment weight;
    private MemorySegment bias;
    private MemorySegment packed;
    private MemorySegment packedAdjoint;
    private MemorySegment partials;
    private MemorySegment workspace;
    private MemorySegment dweight;
    private MemorySegment dbias;

    /** Opens the operands and packs the weights. */
    @Setup(Level.Trial)
    public void open() {
        kernel = twin.kernels().conv2d();
        geometry = parse(layer, batch);
        adjoint = geometry.adjoint();
        long inputs = (long) batch * geometry.h() * geometry.w() * geometry.cin();
        long outputs = (long) geometry.rows() * geometry.cout();
        long weights = (long) geometry.depth() * geometry.cout();
        x = operands.normals(inputs);
        y = operands.floats(outputs);
        dy = operands.normals(outputs);
        dx = operands.floats(inputs);
        weight = operands.normals(weights);
        bias = operands.normals(geometry.cout());
        dweight = operands.floats(weights);
        dbias = operands.floats(geometry.cout());
        packed = operands.bytes(kernel.packedBytes(geometry));
        packedAdjoint = operands.bytes(kernel.packedBytes(adjoint));
        partials = operands.bytes(kernel.gradientPartialBytes(geometry));
        workspace = operands.bytes(Math.max(kernel.workspaceBytes(geometry), kernel.workspaceBytes(adjoint)));
        pack();
        int items = kernel.packItems(adjoint);
        for (int item = 0; item < items; item++) {
            kernel.packAdjoint(geometry, weight, packedAdjoint, item);
        }
    }

    private static Conv2dGeometry parse(String layer, int batch) {
        int[] n = Arrays.stream(layer.split("[x/]")).mapToInt(Integer::parseInt).toArray();
        return Conv2dGeometry.of(
                batch, n[4], n[5], n[0], n[1], n[2], n[3], Window.padded(n[2] / 2), Window.padded(n[3] / 2));
    }

    /** Gives the operands back. */
    @TearDown(Level.Trial)
    public void close() {
        operands.close();
    }

    /** Weights and bias into the form that {@link #forward} reads. */
    @Benchmark
    public void pack() {
        int items = kernel.packItems(geometry);
        for (int item = 0; item < items; item++) {
            kernel.pack(geometry, weight, bias, packed, item);
        }
    }

    /** {@code y = conv(x, weight) + bias}. */
    @Benchmark
    public void forward(Rates.Arithmetic rate) {
        int items = kernel.forwardItems(geometry);
        for (int item = 0; item < items; item++) {
            kernel.forward(geometry, x, packed, y, false, workspace, item);
        }
        rate.multiplyAdds(geometry.multiplyAdds());
    }

    /** The gradient of the input: a convolution with the flipped kernel. */
    @Benchmark
    public void inputGradient(Rates.Arithmetic rate) {
        int items = kernel.forwardItems(adjoint);
        for (int item = 0; item < items; item++) {
            kernel.forward(adjoint, dy, packedAdjoint, dx, false, workspace, item);
        }
        rate.multiplyAdds(geometry.multiplyAdds());
    }

    /** The gradients of weight and bias, their partial sums added up. */
    @Benchmark
    public void weightGradient(Rates.Arithmetic rate) {
        int items = kernel.gradientItems(geometry);
        for (int item = 0; item < items; item++) {
            kernel.weightGradient(geometry, x, dy, partials, workspace, item);
        }
        kernel.reduceGradient(geometry, partials, dweight, dbias, false, 0, geometry.depth());
        rate.multiplyAdds(geometry.multiplyAdds());
    }
}
