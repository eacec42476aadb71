package dev.hourglass.bench;

import dev.hourglass.kernel.Conv2d;
import dev.hourglass.kernel.Conv2dGeometry;
import dev.hourglass.kernel.Conv2dGeometry.Window;
import dev.hourglass.kernel.WeightFormat;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/**
 * Convolution on one thread, all items one after the other. Weights are packed beforehand, as between two
 * training steps; {@link #pack} is that alone.
 */
public class Conv2dBenchmark extends KernelBenchmark {

    /** What weights are packed in: {@code -p format=BFLOAT16} compares with the sums of products that those of 16 bits are. */
    @Param("FLOAT32")
    public WeightFormat format = WeightFormat.FLOAT32;

    /**
     * Layers of TinyUNet, UNet2DModel at 64x64, Stable Diffusion's UNet on latents of 64x64 and the U-Net of 2015 at 572x572, as
     * {@code CINxCOUT/KxK/NxHxW}: padded by half the kernel, and stride 1 unless {@code /2} or {@code /unpadded} follows.
     */
    @Param({
        "32x32/3x3/16x28x28",
        "96x32/3x3/16x28x28",
        "64x64/3x3/16x14x14",
        "128x128/3x3/16x7x7",
        "128x128/3x3/16x3x3",
        "1x32/3x3/16x28x28",
        "96x32/1x1/16x28x28",
        "128x128/3x3/2x64x64",
        "128x128/3x3/2x64x64/2",
        "256x256/3x3/2x32x32",
        "512x512/3x3/2x16x16",
        "1024x512/3x3/2x8x8",
        "1024x512/1x1/2x8x8",
        "320x320/3x3/1x64x64",
        "320x320/1x1/1x64x64",
        "640x640/3x3/1x32x32",
        "1280x1280/3x3/1x16x16",
        "2560x1280/3x3/1x8x8",
        "64x64/3x3/1x570x570/unpadded",
        "128x128/3x3/1x282x282/unpadded",
        "1024x1024/3x3/1x30x30/unpadded"
    })
    public String layer;

    /** The algorithm; others than the fastest for the vector twins alone. */
    @Param("FASTEST")
    public Algorithm algorithm;

    private Conv2d kernel;
    private Conv2dGeometry geometry;
    private Conv2dGeometry adjoint;
    private long inputs;
    private long outputs;
    private long weights;
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
    @Override
    @Setup(Level.Trial)
    public void open() {
        kernel = format == WeightFormat.FLOAT32 ? algorithm.kernel(twin) : twin.conv2d(format);
        geometry = parse(layer);
        adjoint = geometry.adjoint();
        inputs = (long) geometry.n() * geometry.h() * geometry.w() * geometry.cin();
        outputs = (long) geometry.rows() * geometry.cout();
        weights = (long) geometry.depth() * geometry.cout();
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
            kernel.packAdjoint(adjoint, weight, packedAdjoint, workspace, item);
        }
    }

    private static Conv2dGeometry parse(String layer) {
        String[] parts = layer.split("/");
        int[] n = Arrays.stream(String.join("x", List.of(parts).subList(0, 3)).split("x"))
                .mapToInt(Integer::parseInt)
                .toArray();
        String last = parts.length > 3 ? parts[3] : "1";
        int padding = last.equals("unpadded") ? 0 : n[2] / 2;
        int stride = last.equals("unpadded") ? 1 : Integer.parseInt(last);
        Window window = new Window(stride, padding, padding, 1);
        return Conv2dGeometry.of(n[4], n[5], n[6], n[0], n[1], n[2], n[3], window, window);
    }

    /** Weights and bias into the form that {@link #forward} reads. */
    @Benchmark
    public void pack() {
        int items = kernel.packItems(geometry);
        for (int item = 0; item < items; item++) {
            kernel.pack(geometry, weight, bias, packed, workspace, item);
        }
    }

    /** {@code y = conv(x, weight) + bias}. */
    @Benchmark
    public void forward(Rates.Arithmetic rate) {
        int items = kernel.forwardItems(geometry);
        for (int item = 0; item < items; item++) {
            kernel.forward(geometry, x, packed, null, null, y, workspace, item);
        }
        rate.multiplyAdds(geometry.multiplyAdds());
        rate.floats(inputs + outputs + packed.byteSize() / Float.BYTES);
    }

    /** The gradient of the input: a convolution with the flipped kernel. */
    @Benchmark
    public void inputGradient(Rates.Arithmetic rate) {
        int items = kernel.forwardItems(adjoint);
        for (int item = 0; item < items; item++) {
            kernel.forward(adjoint, dy, packedAdjoint, null, null, dx, workspace, item);
        }
        rate.multiplyAdds(geometry.multiplyAdds());
        rate.floats(inputs + outputs + packedAdjoint.byteSize() / Float.BYTES);
    }

    /** The gradients of weight and bias, their partial sums added up. */
    @Benchmark
    public void weightGradient(Rates.Arithmetic rate) {
        int items = kernel.gradientItems(geometry);
        for (int item = 0; item < items; item++) {
            kernel.weightGradient(geometry, x, dy, partials, workspace, item);
        }
        int reductions = kernel.reduceItems(geometry);
        for (int item = 0; item < reductions; item++) {
            kernel.reduceGradient(geometry, partials, dweight, dbias, false, workspace, item);
        }
        rate.multiplyAdds(geometry.multiplyAdds());
        rate.floats(inputs + outputs + weights);
    }
}
