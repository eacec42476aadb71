package dev.hourglass.kernel.vector;

import dev.hourglass.kernel.Conv2d;
import dev.hourglass.kernel.Conv2dGeometry;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/** The vector twin of {@link Conv2d}: the fastest algorithm for each geometry, as {@link ConvolutionCost} sees it. */
public final class VectorConv2d implements Conv2d {

    private static final WinogradConv2dGradient GRADIENT_2 = new WinogradConv2dGradient(new Winograd2());
    private static final WinogradConv2dGradient GRADIENT_4 = new WinogradConv2dGradient(new Winograd4());

    private static final int FASTEST = -1;

    private final DirectConv2d direct = new DirectConv2d();
    private final int tile;
    private final Map<Conv2dGeometry, Choice> choices = new HashMap<>();
    private Choice last; // written by several threads at once, each time whole

    private VectorConv2d(int tile) {
        this.tile = tile;
    }

    /** The fastest algorithm for each geometry. */
    public static VectorConv2d fastest() {
        return new VectorConv2d(FASTEST);
    }

    /** Only sums of products, rounded as in the plain loop: no Winograd. */
    public static VectorConv2d exact() {
        return new VectorConv2d(0);
    }

    /**
     * Winograd wherever it can be used, whether it is faster or not: for tests and benchmarks.
     *
     * @param tile outputs along the side of a tile, 2 or 4
     */
    public static VectorConv2d winograd(int tile) {
        return new VectorConv2d(tile);
    }

    /**
     * The algorithms of a geometry.
     *
     * @param g the geometry
     * @param forward Winograd's for the forward pass, {@code null} for the direct one
     * @param gradient Winograd's for the weight gradient, {@code null} for the direct one
     */
    private record Choice(Conv2dGeometry g, WinogradConv2d forward, WinogradConv2dGradient gradient) {}

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
        if (tile == 0 || !WinogradConv2d.supports(g)) {
            return new Choice(g, null, null);
        }
        int forward = tile == FASTEST ? ConvolutionCost.forwardTile(g) : tile;
        int gradient = tile == FASTEST ? ConvolutionCost.gradientTile(g) : tile;
        return new Choice(
                g,
                forward == 0 ? null : new WinogradConv2d(forward == 2 ? new Winograd2() : new Winograd4(), g),
                gradient == 2 ? GRADIENT_2 : gradient == 4 ? GRADIENT_4 : null);
    }

    private WinogradConv2d winograd(Conv2dGeometry g) {
        return choice(g).forward();
    }

    private WinogradConv2dGradient winogradGradient(Conv2dGeometry g) {
        return choice(g).gradient();
    }

    @Override
    public long packedBytes(Conv2dGeometry g) {
        WinogradConv2d winograd = winograd(g);
        return winograd == null ? direct.packedBytes(g) : winograd.packedBytes(g);
    }

    @Override
    public int packItems(Conv2dGeometry g) {
        WinogradConv2d winograd = winograd(g);
        return winograd == null ? direct.packItems(g) : winograd.packItems(g);
    }

    @Override
    public void pack(
            Conv2dGeometry g,
            MemorySegment weight,
            MemorySegment bias,
            MemorySegment packed,
            MemorySegment workspace,
            int item) {
        WinogradConv2d winograd = winograd(g);
        if (winograd == null) {
            direct.pack(g, weight, bias, packed, item);
        } else {
            winograd.pack(g, weight, bias, packed, workspace, item);
        }
    }

    @Override
    public void packAdjoint(
            Conv2dGeometry adjoint, MemorySegment weight, MemorySegment packed, MemorySegment workspace, int item) {
        WinogradConv2d winograd = winograd(adjoint);
        if (winograd == null) {
            direct.packAdjoint(adjoint, weight, packed, item);
        } else {
            winograd.packAdjoint(adjoint, weight, packed, workspace, item);
        }
    }

    @Override
    public long workspaceBytes(Conv2dGeometry g) {
        WinogradConv2d winograd = winograd(g);
        WinogradConv2dGradient gradient = winogradGradient(g);
        return Math.max(
                winograd == null ? direct.workspaceBytes() : winograd.workspaceBytes(g),
                gradient == null ? DirectConv2dGradient.workspaceBytes() : gradient.workspaceBytes(g));
    }

    @Override
    public int forwardItems(Conv2dGeometry g) {
        WinogradConv2d winograd = winograd(g);
        return winograd == null ? direct.forwardItems(g) : winograd.forwardItems(g);
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
        WinogradConv2d winograd = winograd(g);
        long from = input(g, x);
        long to = output(g, y);
        long added = addend == null ? 0 : output(g, addend);
        if (winograd == null) {
            direct.forward(g, from, packed, shift, added, to, workspace, item);
        } else {
            winograd.forward(g, from, packed, shift, added, to, workspace, item);
        }
    }

    @Override
    public int gradientItems(Conv2dGeometry g) {
        WinogradConv2dGradient gradient = winogradGradient(g);
        return gradient == null ? DirectConv2dGradient.items(g) : gradient.items(g);
    }

    @Override
    public long gradientPartialBytes(Conv2dGeometry g) {
        WinogradConv2dGradient gradient = winogradGradient(g);
        return gradient == null ? DirectConv2dGradient.partialBytes(g) : gradient.partialBytes(g);
    }

    @Override
    public void weightGradient(
            Conv2dGeometry g,
            MemorySegment x,
            MemorySegment dy,
            MemorySegment partials,
            MemorySegment workspace,
            int item) {
        WinogradConv2dGradient gradient = winogradGradient(g);
        if (gradient == null) {
            DirectConv2dGradient.compute(g, input(g, x), output(g, dy), partials, workspace, item);
        } else {
            gradient.compute(g, input(g, x), output(g, dy), partials, workspace, item);
        }
    }

    @Override
    public int reduceItems(Conv2dGeometry g) {
        WinogradConv2dGradient gradient = winogradGradient(g);
        return gradient == null ? DirectConv2dGradient.reduceItems(g) : gradient.reduceItems(g);
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
        WinogradConv2dGradient gradient = winogradGradient(g);
        if (gradient == null) {
            DirectConv2dGradient.reduce(g, partials, dweight, dbias, accumulate, item);
        } else {
            gradient.reduce(g, partials, dweight, dbias, accumulate, workspace, item);
        }
    }

    private static long input(Conv2dGeometry g, MemorySegment x) {
        return Memory.address(x, 0, ((long) g.n() * g.h() * g.w() - 1) * g.xStride() + g.cin());
    }

    private static long output(Conv2dGeometry g, MemorySegment y) {
        return Memory.address(y, 0, (g.rows() - 1L) * g.yStride() + g.cout());
    }

    @Override
    public String toString() {
        return tile == FASTEST ? "fastest" : tile == 0 ? "direct" : "Winograd " + tile;
    }
}
