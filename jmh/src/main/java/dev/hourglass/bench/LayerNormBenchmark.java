package dev.hourglass.bench;

import dev.hourglass.kernel.LayerNorm;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Layer normalisation on one thread. */
public class LayerNormBenchmark extends KernelBenchmark {

    private static final float EPS = 1e-5f;

    /** Rows and channels: tokens of Stable Diffusion's UNet on latents of 64x64. */
    @Param({"4096x320", "1024x640", "256x1280", "64x1280"})
    public String input;

    private LayerNorm kernel;
    private int rows;
    private int channels;
    private MemorySegment x;
    private MemorySegment y;
    private MemorySegment dy;
    private MemorySegment dx;
    private MemorySegment gamma;
    private MemorySegment beta;
    private MemorySegment stats;
    private MemorySegment partials;

    /** Opens the operands; {@link #backward} needs the statistics of a forward pass. */
    @Override
    @Setup(Level.Trial)
    public void open() {
        kernel = twin.kernels().layerNorm();
        String[] sizes = input.split("x");
        rows = Integer.parseInt(sizes[0]);
        channels = Integer.parseInt(sizes[1]);
        x = operands.normals((long) rows * channels);
        y = operands.floats((long) rows * channels);
        dy = operands.normals((long) rows * channels);
        dx = operands.floats((long) rows * channels);
        gamma = operands.normals(channels);
        beta = operands.normals(channels);
        stats = operands.floats((long) LayerNorm.STATISTICS * rows);
        partials = operands.floats(2L * channels);
        kernel.forward(x, gamma, beta, y, stats, channels, EPS, 0, rows);
    }

    /** Statistics and normalisation. */
    @Benchmark
    public void forward(Rates.Traffic rate) {
        kernel.forward(x, gamma, beta, y, stats, channels, EPS, 0, rows);
        rate.floats(2L * rows * channels);
    }

    /** The gradients of input, gamma and beta. */
    @Benchmark
    public void backward(Rates.Traffic rate) {
        kernel.backward(x, gamma, stats, dy, dx, false, partials, 0, channels, 0, rows);
        rate.floats(3L * rows * channels);
    }
}
