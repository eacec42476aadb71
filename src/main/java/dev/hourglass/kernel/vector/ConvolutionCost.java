package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.RegisterTile.COLUMNS;

import dev.hourglass.kernel.Conv2dGeometry;

/**
 * Which algorithm computes a convolution fastest: a model of the cycles that each takes. Products are counted as the register tiles that
 * they fill; transforms and gathering by the vectors that they move; weights by the bytes that stream through the cache for each group
 * of rows, as far as the products do not hide that. The constants were measured on AVX-512 with {@code Conv2dBenchmark}; only their proportions matter.
 */
final class ConvolutionCost {

    /** Cycles of a multiply-add of two vectors in a register tile. */
    private static final double FMA = 0.58;

    /** The same for the direct algorithm, whose weights do not fit into the first-level cache. */
    private static final double DIRECT_FMA = 0.72;

    /** Cycles to gather one vector of an im2col block, or of a patch. */
    private static final double GATHER = 3.3;

    /** Cycles to transform one vector of channels of a patch, for tiles of 2 and of 4. */
    private static final double[] PATCH = {0, 0, 120, 0, 320};

    /** Cycles to transform one vector of channels of a tile's products or of its output gradients. */
    private static final double[] OUTPUT = {0, 0, 90, 0, 270};

    /** Cycles to transform one vector of kernels late, and to wait for it: register tiles then read it from a second-level cache. */
    private static final double[] WEIGHT = {0, 0, 50, 0, 100};

    /** Weights up to this size stay in a second-level cache beside everything else. */
    private static final double NEAR = 640 << 10;

    /** Weights up to this size stay in a third-level cache. */
    private static final double THIRD = 12 << 20;

    /** Bytes of weights that come in a cycle from the second-level cache, from beyond, and from the third. */
    private static final double NEAR_STREAM = 20;

    private static final double FAR_STREAM = 8;
    private static final double THIRD_STREAM = Processor.FAST_THIRD_LEVEL ? 2 * FAR_STREAM : FAR_STREAM;

    /**
     * The same for the first of several passes without AVX-512 (measured on a Zen 3 with loud neighbours, who take over the third-level cache
     * from one run of a network to the next): one stream brings this, several bring {@link #FAR_STREAM}.
     */
    private static final double FIRST_STREAM = 4;

    /** How often bytes that are written to beyond the second-level cache and read back would be read from there in that time. */
    private static final double SPILL = 4;

    /**
     * Bytes of packed weights that are written in a cycle. A step of training packs them anew; it counts once for each of its parts,
     * because weights have left the caches when the next part comes to them.
     */
    private static final double PACKED_STREAM = 3;

    /** How much of the shorter of products and streams the processor hides behind the longer, because it fetches ahead. */
    private static final double HIDDEN = 0.6;

    /** Otherwise it is made for these batches together: an image's output must not depend on its neighbours' number. */
    private static final int[] NOMINAL_IMAGES = {1, 8};

    private static final WinogradTransform TWO = new Winograd2();
    private static final WinogradTransform FOUR = new Winograd4();

    private ConvolutionCost() {}

    /**
     * Outputs along the side of the best Winograd tile for the forward pass, 0 for the direct algorithm.
     *
     * @param geometry a geometry that {@link WinogradConv2d#supports}
     * @param training whether packing the weights counts, and the choice may depend on the number of images
     */
    static int forwardTile(Conv2dGeometry geometry, boolean training) {
        int[] batches = training ? new int[] {geometry.n()} : NOMINAL_IMAGES;
        double weights = training ? 9.0 * geometry.cin() * geometry.cout() * Float.BYTES / PACKED_STREAM : 0;
        double direct = 0;
        double two = 0;
        double four = 0;
        for (int images : batches) {
            Conv2dGeometry g = geometry.withImages(images);
            direct += (weights + directForward(g)) / images;
            two += winograd(g, TWO, weights) / images;
            four += winograd(g, FOUR, weights) / images;
        }
        return direct <= Math.min(two, four) ? 0 : two <= four ? 2 : 4;
    }

    /**
     * As fast as one thread can be.
     *
     * @param packing cycles of packing the weights as they are
     */
    private static double winograd(Conv2dGeometry g, WinogradTransform transform, double packing) {
        WinogradConv2d algorithm = new WinogradConv2d(transform, g, 1);
        return packing * algorithm.packedExpansion() + algorithm.cycles();
    }

    /** The same for the weight gradient. */
    static int gradientTile(Conv2dGeometry g) {
        double direct = direct(g);
        double two = winogradGradient(g, TWO);
        double four = winogradGradient(g, FOUR);
        return direct <= Math.min(two, four) ? 0 : two <= four ? 2 : 4;
    }

    /** The direct algorithm's forward pass. The way of its weights counts without AVX-512 only, where it was measured. */
    private static double directForward(Conv2dGeometry g) {
        if (Width.MANY_REGISTERS) {
            return direct(g);
        }
        double bytes = (double) g.depth() * g.cout() * Float.BYTES;
        return ProductBlocks.inStreams(g) ? direct(g) + bytes / FAR_STREAM : hidden(direct(g), bytes / FIRST_STREAM);
    }

    private static double direct(Conv2dGeometry g) {
        double rows = RegisterTile.computed(g.rows());
        double products = rows * g.depth() * padded(g.cout(), COLUMNS) / LANES;
        double gathered = (double) g.rows() * g.depth() / LANES;
        return products * DIRECT_FMA + gathered * GATHER;
    }

    /**
     * Cycles of Winograd's forward pass.
     *
     * @param late whether weights are transformed whenever they are read
     * @param weightPasses how often the weights are read
     * @param patchPasses how often the patches are transformed
     * @param spilled bytes of transforms that do not stay near until they are read
     */
    static double winograd(
            Conv2dGeometry g,
            WinogradTransform transform,
            boolean late,
            int weightPasses,
            int patchPasses,
            long spilled) {
        double tiles = RegisterTile.computed(transform.tiles(g));
        double products = tiles * transform.taps() * g.cin() * padded(g.cout(), COLUMNS) / LANES * FMA;
        double weights = (late ? 9.0 : transform.taps()) * g.cin() * g.cout() * Float.BYTES;
        double first = Width.MANY_REGISTERS ? stream(weights) : weights / (late ? FAR_STREAM : FIRST_STREAM);
        double streamed = first + (weightPasses - 1) * stream(weights);
        double kernels = g.cin() * padded(g.cout(), COLUMNS) / LANES;
        double multiplied = late
                ? products + streamed + weightPasses * kernels * WEIGHT[transform.outputs]
                : hidden(products, streamed);
        double patches = (double) transform.tiles(g) * g.cin() / LANES * PATCH[transform.outputs];
        double outputs = (double) transform.tiles(g) * g.cout() / LANES * OUTPUT[transform.outputs];
        return multiplied + patchPasses * patches + outputs + spilled * SPILL / FAR_STREAM;
    }

    private static double winogradGradient(Conv2dGeometry g, WinogradTransform transform) {
        double sums = (double) transform.taps() * g.cin() * g.cout() * 4;
        double groups = Math.ceil((double) transform.tiles(g) / WinogradConv2dGradient.groupTiles(g, transform));
        return gradientProducts(g, transform)
                + gradientPatches(g, transform)
                + gradientOutputs(g, transform)
                + (2 * groups + 1) * stream(sums);
    }

    /** Cycles of the products of Winograd's weight gradient. */
    static double gradientProducts(Conv2dGeometry g, WinogradTransform transform) {
        double tiles = transform.tiles(g);
        return tiles
                * transform.taps()
                * padded(g.cin(), RegisterTile4x2.ROWS)
                * padded(g.cout(), COLUMNS)
                / LANES
                * FMA;
    }

    /** Cycles of transforming its patches. */
    static double gradientPatches(Conv2dGeometry g, WinogradTransform transform) {
        return (double) transform.tiles(g) * g.cin() / LANES * PATCH[transform.outputs];
    }

    /** Cycles of transforming its output gradients. */
    static double gradientOutputs(Conv2dGeometry g, WinogradTransform transform) {
        return (double) transform.tiles(g) * g.cout() / LANES * OUTPUT[transform.outputs];
    }

    /** Products while weights stream. */
    private static double hidden(double products, double streamed) {
        return Math.max(products, streamed) + (1 - HIDDEN) * Math.min(products, streamed);
    }

    private static double stream(double bytes) {
        return bytes / (bytes <= NEAR ? NEAR_STREAM : bytes <= THIRD ? THIRD_STREAM : FAR_STREAM);
    }

    private static double padded(int count, int unit) {
        return (count + unit - 1) / unit * unit;
    }
}
