package dev.hourglass.bench;

import dev.hourglass.kernel.Attention;
import dev.hourglass.kernel.AttentionGeometry;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Self- and cross-attention of diffusion U-Nets on one thread. */
public class AttentionBenchmark extends KernelBenchmark {

    /** {@code images x heads x dim x queries x keys}: UNet2DModel, and Stable Diffusion with itself and with a text. */
    @Param({"2x56x8x1024x1024", "2x8x40x4096x4096", "2x8x40x4096x77"})
    public String shape;

    private Attention kernel;
    private AttentionGeometry g;
    private long queries;
    private long keys;
    private MemorySegment q;
    private MemorySegment k;
    private MemorySegment v;
    private MemorySegment dy;
    private MemorySegment y;
    private MemorySegment lse;
    private MemorySegment delta;
    private MemorySegment dq;
    private MemorySegment dk;
    private MemorySegment dv;
    private MemorySegment workspace;

    /** Opens the operands and runs forward once, for the statistics that backward reads. */
    @Override
    @Setup(Level.Trial)
    public void open() {
        kernel = twin.kernels().attention();
        String[] s = shape.split("x");
        g = AttentionGeometry.of(
                Integer.parseInt(s[0]),
                Integer.parseInt(s[1]),
                Integer.parseInt(s[2]),
                Integer.parseInt(s[3]),
                Integer.parseInt(s[4]));
        queries = (long) g.n() * g.tq() * g.width();
        keys = (long) g.n() * g.tk() * g.width();
        q = operands.normals(queries);
        k = operands.normals(keys);
        v = operands.normals(keys);
        dy = operands.normals(queries);
        y = operands.floats(queries);
        lse = operands.floats(g.rows());
        delta = operands.floats(g.rows());
        dq = operands.floats(queries);
        dk = operands.floats(keys);
        dv = operands.floats(keys);
        workspace = operands.bytes(kernel.workspaceBytes(g));
        for (int item = 0; item < kernel.queryItems(g); item++) {
            kernel.forward(g, q, k, v, null, y, lse, workspace, item);
        }
    }

    /** The output. */
    @Benchmark
    public void forward(Rates.Arithmetic rate) {
        for (int item = 0; item < kernel.queryItems(g); item++) {
            kernel.forward(g, q, k, v, null, y, lse, workspace, item);
        }
        rate.multiplyAdds(g.multiplyAdds());
        rate.floats(2 * queries + 2 * keys + g.rows());
    }

    /** The gradients of queries, keys and values; five products are counted, although scores are computed twice. */
    @Benchmark
    public void backward(Rates.Arithmetic rate) {
        for (int item = 0; item < kernel.queryItems(g); item++) {
            kernel.queryGradient(g, q, k, v, null, y, lse, dy, delta, dq, false, workspace, item);
        }
        for (int item = 0; item < kernel.keyItems(g); item++) {
            kernel.keyValueGradient(g, q, k, v, null, lse, dy, delta, dk, false, dv, false, workspace, item);
        }
        rate.multiplyAdds(g.multiplyAdds() / 2 * 5);
        rate.floats(4 * queries + 4 * keys + g.rows());
    }
}
