package dev.hourglass.bench;

import dev.hourglass.kernel.GroupNorm;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Group normalisation on one thread. */
public class GroupNormBenchmark extends KernelBenchmark {

    private static final float EPS = 1e-5f;

    /**
     * Input {@code NxHxWxC} and number of groups: TinyUNet, UNet2DModel at 64x64, Stable Diffusion's UNet on latents of 64x64, the
     * U-Net of 2015 if it had norms.
     */
    @Param({
        "16x28x28x32/8",
        "16x28x28x96/8",
        "16x14x14x64/8",
        "16x7x7x128/8",
        "16x3x3x128/8",
        "2x64x64x128/32",
        "2x32x32x256/32",
        "2x16x16x512/32",
        "2x8x8x1024/32",
        "1x64x64x320/32",
        "1x32x32x640/32",
        "1x16x16x1280/32",
        "1x8x8x2560/32",
        "1x568x568x64/32"
    })
    public String input;

    /** Whether SiLU follows in the same pass. */
    @Param({"false", "true"})
    public boolean silu;

    private GroupNorm kernel;
    private FeatureMap map;
    private int groups;
    private MemorySegment x;
    private MemorySegment y;
    private MemorySegment dy;
    private MemorySegment dx;
    private MemorySegment gamma;
    private MemorySegment beta;
    private MemorySegment stats;
    private MemorySegment partials;
    private MemorySegment workspace;
    private MemorySegment dgamma;
    private MemorySegment dbeta;

    /** Opens the operands; {@link #backward} needs the statistics of a forward pass. */
    @Override
    @Setup(Level.Trial)
    public void open() {
        kernel = twin.kernels().groupNorm();
        String[] parts = input.split("/");
        map = FeatureMap.parse(parts[0]);
        groups = Integer.parseInt(parts[1]);
        x = operands.normals(map.elements());
        y = operands.floats(map.elements());
        dy = operands.normals(map.elements());
        dx = operands.floats(map.elements());
        gamma = operands.normals(map.channels());
        beta = operands.normals(map.channels());
        stats = operands.floats(2L * map.images() * groups);
        partials = operands.floats(2L * map.images() * map.channels());
        workspace = operands.bytes(Math.max(1, kernel.workspaceBytes(map.pixels(), map.channels())));
        dgamma = operands.floats(map.channels());
        dbeta = operands.floats(map.channels());
        normalise();
    }

    private void normalise() {
        kernel.forward(
                x, gamma, beta, y, stats, workspace, map.pixels(), map.channels(), groups, EPS, silu, 0, map.images());
    }

    /** Statistics and normalisation. */
    @Benchmark
    public void forward(Rates.Traffic rate) {
        normalise();
        rate.floats(2 * map.elements());
    }

    /** The gradients of input, gamma and beta. */
    @Benchmark
    public void backward(Rates.Traffic rate) {
        kernel.backward(
                x,
                gamma,
                beta,
                stats,
                dy,
                dx,
                false,
                partials,
                workspace,
                map.pixels(),
                map.channels(),
                groups,
                silu,
                0,
                map.images());
        kernel.reduceGradient(partials, map.images(), map.channels(), dgamma, dbeta, false);
        rate.floats(3 * map.elements());
    }
}
