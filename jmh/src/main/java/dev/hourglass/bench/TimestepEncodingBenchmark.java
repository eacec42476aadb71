package dev.hourglass.bench;

import dev.hourglass.kernel.TimestepEncoding;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Sinusoids of timesteps on one thread. */
public class TimestepEncodingBenchmark extends KernelBenchmark {

    private static final double PERIOD = 10_000;

    /** Timesteps and width, {@code NxDIM}: TinyUNet, UNet2DModel, Stable Diffusion's UNet. */
    @Param({"16x64", "2x128", "1x320"})
    public String encoding;

    private TimestepEncoding kernel;
    private int n;
    private int dim;
    private MemorySegment t;
    private MemorySegment y;
    private MemorySegment dt;

    /** Opens the operands. */
    @Override
    @Setup(Level.Trial)
    public void open() {
        kernel = twin.kernels().timestepEncoding();
        String[] parts = encoding.split("x");
        n = Integer.parseInt(parts[0]);
        dim = Integer.parseInt(parts[1]);
        t = operands.normals(n);
        y = operands.normals((long) n * dim);
        dt = operands.floats(n);
    }

    /** Sines and cosines. */
    @Benchmark
    public void forward(Rates.Traffic rate) {
        kernel.encode(t, y, dim, TimestepEncoding.Order.SIN_COS, 0, PERIOD, 0, n);
        rate.floats((long) n * dim);
    }

    /** The gradient of the timesteps. */
    @Benchmark
    public void backward(Rates.Traffic rate) {
        kernel.encodeGradient(t, y, dt, false, dim, TimestepEncoding.Order.SIN_COS, 0, PERIOD, 0, n);
        rate.floats((long) n * dim);
    }
}
