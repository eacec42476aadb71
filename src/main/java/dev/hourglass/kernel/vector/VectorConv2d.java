package dev.hourglass.kernel.vector;

import dev.hourglass.kernel.Conv2d;
import dev.hourglass.kernel.Conv2dGeometry;
import dev.hourglass.kernel.WeightFormat;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/** The vector twin of {@link Conv2d}: the fastest algorithm for each geometry, as {@link ConvolutionCost} sees it. */
public final class VectorConv2d implements Conv2d {

    private static final WeightGradient DIRECT_GRADIENT = new DirectConv2dGradient();
    private static final WeightGradient NARROW_GRADIENT = new NarrowConv2dGradient();

    private static final int FASTEST = -1;

    private final WeightFormat weights;
    private final ForwardConv2d direct;
    private final ForwardConv2d narrow;
    private final ForwardConv2d shifted;
    private final int tile;
    private final int threads;
    private final boolean training;
    private final Map<Conv2dGeometry, Choice> choices = new HashMap<>();
    private Choice last; // written by several threads at once, each time whole

    private VectorConv2d(WeightFormat weights, int tile, int threads, boolean training) {
        this.weights = weights;
        direct = new DirectConv2d(weights, threads);
        narrow = new NarrowConv2d(weights);
        shifted = new ShiftedConv2d(weights);
        this.tile = tile;
        this.threads = threads;
        this.training = training;
    }

    /** The fastest algorithm for each geometry. */
    public static VectorConv2d fastest() {
        return new VectorConv2d(WeightFormat.FLOAT32, FASTEST, 1, false);
    }

    /** Only sums of products, rounded as in the plain loop: no Winograd. */
    public static VectorConv2d exact() {
        return exact(WeightFormat.FLOAT32);
    }

    /** The same, with weights that are packed in another format. */
    public static VectorConv2d exact(WeightFormat weights) {
        return new VectorConv2d(weights, 0, 1, false);
    }

    /**
     * Winograd wherever it can be used, whether it is faster or not: for tests and benchmarks.
     *
     * @param tile outputs along the side of a tile, 2 or 4
     */
    public static VectorConv2d winograd(int tile) {
        return new VectorConv2d(WeightFormat.FLOAT32, tile, 1, false);
    }

    @Override
    public VectorConv2d suited(int forThreads, boolean forTraining) {
        return new VectorConv2d(weights, tile, forThreads, forTraining);
    }

    @Override
    public WeightFormat weights() {
        return weights;
    }

    /** The algorithms of a geometry. */
    private record Choice(Conv2dGeometry g, ForwardConv2d forward, WeightGradient gradient) {}

    /** The choice for a geometry; the last one is at hand, because items of one layer follow each other. */
    private Choice choice(Conv2dGeometry g) {
        Choice choice = last;
        if (choice == null || !choice.g().equals(g)) {
            choice = known(g);
            last = choice;
        }
        return choice;
    }

    private synchronized Choice known(Conv2dGeometry g) {
        Choice choice = choices.get(g);
        if (choice == null) {
            choice = choose(g);
            choices.put(g, choice);
        }
        return choice;
    }

    private Choice choose(Conv2dGeometry g) {
        if (NarrowConv2d.suits(g)) {
            return new Choice(g, ShiftedConv2d.suits(g) ? shifted : narrow, NARROW_GRADIENT);
        }
        boolean winograd = tile != 0 && WinogradConv2d.supports(g);
        int forward = winograd && tile == FASTEST ? ConvolutionCost.forwardTile(g, training) : tile;
        int gradient = winograd && tile == FASTEST ? ConvolutionCost.gradientTile(g) : tile;
        return new Choice(
                g,
                winograd && forward != 0 ? new WinogradConv2d(WinogradTransform.of(forward), g, threads) : direct,
                winograd && gradient != 0
                        ? new WinogradConv2dGradient(WinogradTransform.of(gradient), g, threads)
                        : DIRECT_GRADIENT);
    }

    @Override
    public long packedBytes(Conv2dGeometry g) {
        return choice(g).forward().packedBytes(g);
    }

    @Override
    public int packItems(Conv2dGeometry g) {
        return choice(g).forward().packItems(g);
    }

    @Override
    public void pack(
            Conv2dGeometry g,
            MemorySegment weight,
            MemorySegment bias,
            MemorySegment packed,
            MemorySegment workspace,
            int item) {
        choice(g).forward().pack(g, weight, bias, packed, workspace, item);
    }

    @Override
    public void packAdjoint(
            Conv2dGeometry adjoint, MemorySegment weight, MemorySegment packed, MemorySegment workspace, int item) {
        choice(adjoint).forward().packAdjoint(adjoint, weight, packed, workspace, item);
    }

    @Override
    public long workspaceBytes(Conv2dGeometry g) {
        Choice choice = choice(g);
        return Math.max(choice.forward().workspaceBytes(g), choice.gradient().workspaceBytes(g));
    }

    @Override
    public int forwardItems(Conv2dGeometry g) {
        return choice(g).forward().forwardItems(g);
    }

    @Override
    public void forward(
            Conv2dGeometry g,
            MemorySegment x,
            MemorySegment packed,
            MemorySegment shift,
            MemorySegment addend,
            MemorySegment y,
            MemorySegment workspace,
            int item) {
        long added = addend == null ? 0 : output(g, addend);
        choice(g).forward().forward(g, input(g, x), packed, shift, added, output(g, y), workspace, item);
    }

    @Override
    public int gradientItems(Conv2dGeometry g) {
        return choice(g).gradient().items(g);
    }

    @Override
    public long gradientPartialBytes(Conv2dGeometry g) {
        return choice(g).gradient().partialBytes(g);
    }

    @Override
    public void weightGradient(
            Conv2dGeometry g,
            MemorySegment x,
            MemorySegment dy,
            MemorySegment partials,
            MemorySegment workspace,
            int item) {
        choice(g).gradient().compute(g, input(g, x), output(g, dy), partials, workspace, item);
    }

    @Override
    public int reduceItems(Conv2dGeometry g) {
        return choice(g).gradient().reduceItems(g);
    }

    @Override
    public void reduceGradient(
            Conv2dGeometry g,
            MemorySegment partials,
            MemorySegment dweight,
            MemorySegment dbias,
            boolean accumulate,
            MemorySegment workspace,
            int item) {
        choice(g).gradient().reduce(g, partials, dweight, dbias, accumulate, workspace, item);
    }

    private static long input(Conv2dGeometry g, MemorySegment x) {
        return Memory.address(x, 0, ((long) g.n() * g.h() * g.w() - 1) * g.xStride() + g.cin());
    }

    private static long output(Conv2dGeometry g, MemorySegment y) {
        return Memory.address(y, 0, (g.rows() - 1L) * g.yStride() + g.cout());
    }

    @Override
    public String toString() {
        String algorithm = tile == FASTEST ? "fastest" : tile == 0 ? "direct" : "Winograd " + tile;
        return weights == WeightFormat.FLOAT32 ? algorithm : algorithm + " on " + weights.key();
    }
}
