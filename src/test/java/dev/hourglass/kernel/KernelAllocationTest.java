package dev.hourglass.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.hourglass.kernel.Resample.Border;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;

/**
 * Compiled vector kernels allocate nothing. A vector that is handed to a method that C2 did not inline, or an operation that the
 * processor lacks, becomes an object on the heap, a hundred times slower: this is what it shows by. And no kernel is too large for
 * the compiler that comes before C2, because such a one reaches C2 or does not, as chance has it; nor does C2 come to its limit of nodes
 * in the middle of a tile's access to memory. What this process shows of that is one sample: another may compile otherwise.
 */
@Tag("alone")
class KernelAllocationTest {

    private static final int WARM_UP = 20_000;
    private static final int CALLS = 1000;
    private static final long PATIENCE = 30_000_000_000L; // nanoseconds

    @TestFactory
    Stream<DynamicTest> vectorKernelsAllocateNothing() {
        Map<String, Runnable> kernels = new LinkedHashMap<>();
        for (int channels : new int[] {5, 16, 32}) {
            add(kernels, Twins.vector(), channels);
            addTransformer(kernels, Twins.vector(), channels * 4 + 3);
        }
        MultiplyAddChains chains = Twins.vector().multiplyAddChains();
        kernels.put("multiply-add chains", () -> chains.run(100, 2));
        for (Conv2d algorithm : Twins.convolutions()) {
            addConvolution(kernels, algorithm, 1, 32, 3);
            addConvolution(kernels, algorithm, 48, 32, 3);
            addConvolution(kernels, algorithm, 48, 32, 1);
            addConvolution(kernels, algorithm, 35, 2, 3);
            addConvolution(kernels, algorithm, 35, 2, 1);
            addConvolution(kernels, algorithm, 48, 2, 1);
        }
        for (int dim : new int[] {5, 8, 40}) {
            addAttention(kernels, Twins.vector().attention(), dim);
        }
        Compilations compilations = Compilations.recorded();
        Stream<DynamicTest> allocations = kernels.entrySet().stream()
                .map(kernel -> DynamicTest.dynamicTest(
                        kernel.getKey(), () -> assertAllocatesNothing(kernel.getKey(), kernel.getValue())));
        // The dynamic tests run in this order.
        return Stream.concat(
                allocations,
                Stream.of(
                        DynamicTest.dynamicTest(
                                "compilers take every kernel", () -> assertEquals(List.of(), compilations.refused())),
                        DynamicTest.dynamicTest(
                                "and leave no access to memory as a call in a tile",
                                () -> assertEquals(List.of(), compilations.leftAsCallsInTiles()))));
    }

    private static void addConvolution(Map<String, Runnable> all, Conv2d k, int in, int out, int side) {
        Conv2dGeometry g = Conv2dGeometry.of(
                2,
                11,
                9,
                in,
                out,
                side,
                side,
                Conv2dGeometry.Window.padded(side / 2),
                Conv2dGeometry.Window.padded(side / 2));
        Conv2dGeometry adjoint = g.adjoint();
        MemorySegment x = GuardedFloats.random(1, 198 * in).segment();
        MemorySegment y = GuardedFloats.random(2, 198 * out).segment();
        MemorySegment dx = GuardedFloats.zeros(198 * in).segment();
        MemorySegment weight = GuardedFloats.random(3, g.depth() * out).segment();
        MemorySegment dweight = GuardedFloats.zeros(g.depth() * out).segment();
        MemorySegment shift = GuardedFloats.random(4, 2 * out).segment();
        MemorySegment bias = GuardedFloats.random(5, out).segment();
        MemorySegment dbias = GuardedFloats.zeros(out).segment();
        MemorySegment packed = floats(k.packedBytes(g));
        MemorySegment packedAdjoint = floats(k.packedBytes(adjoint));
        MemorySegment partials = floats(k.gradientPartialBytes(g));
        MemorySegment work = floats(Math.max(k.workspaceBytes(g), k.workspaceBytes(adjoint)));
        String of = " of " + in + " to " + out + " channels, " + side + "x" + side + ", " + k;
        each(all, "pack" + of, k.packItems(g), item -> k.pack(g, weight, bias, packed, work, item));
        each(
                all,
                "packAdjoint" + of,
                k.packItems(adjoint),
                item -> k.packAdjoint(adjoint, weight, packedAdjoint, work, item));
        each(all, "convolution" + of, k.forwardItems(g), item -> k.forward(g, x, packed, shift, y, y, work, item));
        each(
                all,
                "input gradient" + of,
                k.forwardItems(adjoint),
                item -> k.forward(adjoint, y, packedAdjoint, null, null, dx, work, item));
        each(all, "weight gradient" + of, k.gradientItems(g), item -> k.weightGradient(g, x, y, partials, work, item));
        each(
                all,
                "reduce" + of,
                k.reduceItems(g),
                item -> k.reduceGradient(g, partials, dweight, dbias, true, work, item));
    }

    /** An item of work. */
    private interface Item {
        void run(int item);
    }

    /** All items of one call; the work is made once, so that a call makes nothing itself. */
    private static void each(Map<String, Runnable> all, String name, int items, Item work) {
        all.put(name, () -> {
            for (int item = 0; item < items; item++) {
                work.run(item);
            }
        });
    }

    private static MemorySegment floats(long bytes) {
        return GuardedFloats.zeros(Math.toIntExact((bytes + 3) / 4)).segment();
    }

    private static void add(Map<String, Runnable> all, Kernels k, int channels) {
        int side = 7;
        int pixels = side * side;
        int n = pixels * channels;
        MemorySegment x = GuardedFloats.random(1, n).segment();
        MemorySegment y = GuardedFloats.random(2, n).segment();
        MemorySegment z = GuardedFloats.random(3, n).segment();
        MemorySegment v = GuardedFloats.zeros(n).segment();
        MemorySegment wide = GuardedFloats.zeros(pixels * (channels + 3)).segment();
        MemorySegment gamma = GuardedFloats.random(4, channels).segment();
        MemorySegment beta = GuardedFloats.random(5, channels).segment();
        MemorySegment stats = GuardedFloats.zeros(2).segment();
        MemorySegment sums = GuardedFloats.zeros(2 * channels).segment();
        MemorySegment film = GuardedFloats.zeros(2 * channels).segment();
        MemorySegment w = GuardedFloats.zeros(
                        Math.toIntExact(k.groupNorm().workspaceBytes(pixels, channels) / Float.BYTES))
                .segment();
        MemorySegment bytes = Arena.ofAuto().allocate(n);
        String of = " of " + channels + " channels";
        Elementwise e = k.elementwise();
        all.put("silu" + of, () -> e.silu(x, y, 0, n));
        all.put("siluGradient" + of, () -> e.siluGradient(x, y, z, true, 0, n));
        all.put("add" + of, () -> e.add(x, y, z, 0, n));
        all.put("copy" + of, () -> e.copy(x, y, false, 0, n));
        all.put("fill" + of, () -> e.fill(v, 0, 0, n));
        all.put("blend" + of, () -> e.blend(0.5f, x, 0.5f, y, z, 0, n));
        all.put("clamp" + of, () -> e.clamp(x, -1, 1, y, 0, n));
        all.put("addExponential" + of, () -> e.addExponential(0.5f, x, -1, y, v, 0, n));
        all.put("addRoot" + of, () -> e.addRoot(x, y, v, 0, n));
        all.put("bytesToFloats" + of, () -> e.bytesToFloats(bytes, y, 1, 0, 0, 0, n));
        all.put("firstNonFinite" + of, () -> e.firstNonFinite(x, 0, n));
        GroupNorm norm = k.groupNorm();
        for (boolean silu : new boolean[] {false, true}) {
            String what = "groupNorm" + (silu ? " and silu" : "");
            all.put(what + of, () -> norm.forward(x, gamma, beta, z, stats, w, pixels, channels, 1, 1e-5f, silu, 0, 1));
            all.put(
                    what + " backward" + of,
                    () -> norm.backward(x, gamma, beta, stats, y, z, false, sums, w, pixels, channels, 1, silu, 0, 1));
        }
        all.put("groupNorm reduce" + of, () -> norm.reduceGradient(sums, 1, channels, gamma, beta, false));
        all.put("average" + of, () -> k.pool().average(x, y, side, side, channels, 2, 2, 0, 1));
        all.put("averageGradient" + of, () -> k.pool().averageGradient(x, y, true, side, side, channels, 2, 2, 0, 1));
        all.put("nearest" + of, () -> k.resample().nearest(x, wide, channels + 3, 3, 3, side, side, channels, 0, side));
        all.put(
                "nearestGradient" + of,
                () -> k.resample().nearestGradient(wide, channels + 3, y, true, 3, 3, side, side, channels, 0, 3));
        all.put(
                "channel copy" + of,
                () -> k.channels().copy(x, channels, 0, wide, channels + 3, 2, channels, true, 0, pixels));
        all.put("shift" + of, () -> k.channels().shift(x, gamma, y, pixels, channels, 0, 1));
        all.put("shiftGradient" + of, () -> k.channels().shiftGradient(x, beta, false, pixels, channels, 0, 1));
        all.put("scaleShift" + of, () -> k.channels().scaleShift(x, film, y, pixels, channels, 0, 1));
        all.put(
                "scaleShiftInputGradient" + of,
                () -> k.channels().scaleShiftInputGradient(x, film, y, false, pixels, channels, 0, 1));
        all.put(
                "scaleShiftGradient" + of,
                () -> k.channels().scaleShiftGradient(x, y, film, false, pixels, channels, 0, 1));
        Resample r = k.resample();
        for (Border border : Border.values()) {
            String edge = " with " + border;
            all.put("halve" + edge + of, () -> r.fir(true, border, x, y, 1, side, side, 3, 3, channels, 0, 1));
            all.put("twice" + edge + of, () -> r.fir(false, border, x, y, 1, 3, 3, side, side, channels, 0, 1));
            all.put(
                    "halve gradient" + edge + of,
                    () -> r.firGradient(true, border, x, y, false, 1, side, side, 3, 3, channels, 0, 1));
            all.put(
                    "twice gradient" + edge + of,
                    () -> r.firGradient(false, border, x, y, true, 1, 3, 3, side, side, channels, 0, 1));
        }
        all.put("affine" + of, () -> k.elementwise().affine(x, 0.5f, 1, y, false, 0, n));
        all.put("squaredError" + of, () -> k.loss().squaredError(x, y, 0, n));
        all.put("squaredErrorGradient" + of, () -> k.loss().squaredErrorGradient(x, y, 1, z, false, 0, n));
        Optimizer o = k.optimizer();
        all.put("adamW" + of, () -> o.adamW(x, y, z, v, 1e-9f, 0.9f, 0.999f, 1e-8f, 0.01f, 0.1, 0.001, 1, 0, n));
        all.put("ema" + of, () -> o.ema(x, y, 0.999f, 0, n));
        all.put("squaredNorm" + of, () -> o.squaredNorm(x, 0, n));
        Dropout d = k.dropout();
        MemorySegment words = floats(d.workspaceBytes());
        all.put("dropout" + of, () -> d.apply(x, y, false, 0.1, 1, 2, 0, 0, n, words));
        all.put("dropout, adding" + of, () -> d.apply(x, y, true, 0.1, 1, 2, 0, 0, n, words));
        all.put("random normals" + of, () -> k.randomNormal().fill(x, 0, 1, 2, 3, n));
    }

    private static void addTransformer(Map<String, Runnable> all, Kernels k, int channels) {
        int rows = 9;
        int n = rows * channels;
        MemorySegment x = GuardedFloats.random(1, n).segment();
        MemorySegment y = GuardedFloats.random(2, n).segment();
        MemorySegment z = GuardedFloats.random(3, n).segment();
        MemorySegment gated = GuardedFloats.random(4, 2 * n).segment();
        MemorySegment dgated = GuardedFloats.zeros(2 * n).segment();
        MemorySegment gamma = GuardedFloats.random(5, channels).segment();
        MemorySegment beta = GuardedFloats.random(6, channels).segment();
        MemorySegment stats = GuardedFloats.zeros(LayerNorm.STATISTICS * rows).segment();
        MemorySegment sums = GuardedFloats.zeros(2 * channels).segment();
        Activation a = k.activation();
        MemorySegment w = floats(a.gegluWorkspaceBytes());
        String of = " of " + channels + " channels";
        for (Activation.Kind kind : Activation.Kind.values()) {
            all.put(kind + of, () -> a.values(kind, x, y, 0, n));
            all.put(kind + " gradient" + of, () -> a.gradient(kind, x, y, z, true, 0, n));
        }
        all.put("geglu" + of, () -> a.geglu(gated, y, channels, 0, rows));
        all.put("geglu gradient" + of, () -> a.gegluGradient(gated, y, dgated, true, w, channels, 0, rows));
        LayerNorm norm = k.layerNorm();
        all.put("layer norm" + of, () -> norm.forward(x, gamma, beta, z, stats, channels, 1e-5f, 0, rows));
        all.put(
                "layer norm backward" + of,
                () -> norm.backward(x, gamma, stats, y, z, true, sums, 0, channels, 0, rows));
    }

    private static void addAttention(Map<String, Runnable> all, Attention kernel, int dim) {
        AttentionCase c = AttentionCase.random(AttentionGeometry.of(1, 1, dim, 35, 21), true);
        MemorySegment workspace = c.workspace(kernel);
        c.forward(kernel);
        String of = " of heads of " + dim;
        all.put("attention" + of, () -> c.forward(kernel, workspace, 0));
        all.put("attention query gradient" + of, () -> c.queryGradient(kernel, false, workspace, 0));
        all.put("attention key and value gradient" + of, () -> c.keyValueGradient(kernel, false, workspace, 0));
    }

    /** The compilers work in the background, so a kernel has some time to reach the state in which it allocates nothing. */
    private static void assertAllocatesNothing(String what, Runnable kernel) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        assertTrue(threads.isThreadAllocatedMemoryEnabled());
        long start = System.nanoTime();
        for (int i = 0; i < WARM_UP && System.nanoTime() - start < PATIENCE / 2; i++) {
            kernel.run();
        }
        long allocated = Long.MAX_VALUE;
        while (allocated > 0 && System.nanoTime() - start < PATIENCE) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < CALLS; i++) {
                kernel.run();
            }
            allocated = threads.getCurrentThreadAllocatedBytes() - before;
        }
        assertEquals(0, allocated, what + ": bytes in " + CALLS + " calls");
    }
}
