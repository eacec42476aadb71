package dev.hourglass.bench;

import dev.hourglass.kernel.GroupNorm;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Group normalisation in eight groups on one thread. */
@State(Scope.Thread)
public class GroupNormBenchmark extends ShortRuns {

    private static final int GROUPS = 8;
    private static final float EPS = 1e-5f;

    /** The implementation. */
    @Param
    public Twin twin;

    /** Input {@code NxHxWxC}. */
    @Param({"16x28x28x32", "16x28x28x96", "16x14x14x64", "16x7x7x128", "16x3x3x128"})
    public String input;

    private final Operands operands = new Operands();
    private GroupNorm kernel;
    private FeatureMap map;
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
    @Setup(Level.Trial)
    public void open() {
        kernel = twin.kernels().groupNorm();
        map = FeatureMap.parse(input);
        x = operands.normals(map.elements());
        y = operands.floats(map.elements());
        dy = operands.normals(map.elements());
        dx = operands.floats(map.elements());
        gamma = operands.normals(map.channels());
        beta = operands.normals(map.channels());
        stats = operands.floats(2L * map.images() * GROUPS);
        partials = operands.floats(2L * map.images() * map.channels());
        workspace = operands.bytes(Math.max(1, kernel.workspaceBytes()));
        dgamma = operands.floats(map.channels());
        dbeta = operands.floats(map.channels());
        normalise();
    }

    /** Gives the operands back. */
    @TearDown(Level.Trial)
    public void close() {
        operands.close();
    }

    private void normalise() {
        kernel.forward(x, gamma, beta, y, stats, workspace, map.pixels(), map.channels(), GROUPS, EPS, 0, map.images());
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
                stats,
                dy,
                dx,
                false,
                partials,
                workspace,
                map.pixels(),
                map.channels(),
                GROUPS,
                0,
                map.images());
        kernel.reduceGradient(partials, map.images(), map.channels(), dgamma, dbeta, false);
        rate.floats(3 * map.elements());
    }
}
