package dev.hourglass.bench;

import dev.hourglass.kernel.Activation;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** GEGLU on one thread. */
public class GegluBenchmark extends KernelBenchmark {

    /** Rows and width: the feed-forward layers of Stable Diffusion's UNet on latents of 64x64. */
    @Param({"4096x1280", "1024x2560", "256x5120"})
    public String input;

    private Activation kernel;
    private int rows;
    private int width;
    private MemorySegment x;
    private MemorySegment y;
    private MemorySegment dy;
    private MemorySegment dx;
    private MemorySegment workspace;

    /** Opens the operands. */
    @Override
    @Setup(Level.Trial)
    public void open() {
        kernel = twin.kernels().activation();
        String[] sizes = input.split("x");
        rows = Integer.parseInt(sizes[0]);
        width = Integer.parseInt(sizes[1]);
        x = operands.normals(2L * rows * width);
        y = operands.floats((long) rows * width);
        dy = operands.normals((long) rows * width);
        dx = operands.floats(2L * rows * width);
        workspace = operands.bytes(Math.max(1, kernel.gegluWorkspaceBytes()));
    }

    /** {@code y = hidden * gelu(gate)}. */
    @Benchmark
    public void forward(Rates.Traffic rate) {
        kernel.geglu(x, y, width, 0, rows);
        rate.floats(3L * rows * width);
    }

    /** The gradients of hidden values and gate. */
    @Benchmark
    public void backward(Rates.Traffic rate) {
        kernel.gegluGradient(x, dy, dx, false, workspace, width, 0, rows);
        rate.floats(5L * rows * width);
    }
}
