package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.DirectConv2d.panels;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.RegisterTile.BYTES_ROW;
import static dev.hourglass.kernel.vector.RegisterTile.COLUMNS;
import static dev.hourglass.kernel.vector.RegisterTile.DEPTH;
import static dev.hourglass.kernel.vector.RegisterTile.ROWS;
import static dev.hourglass.kernel.vector.RegisterTile.STRIDE;
import static dev.hourglass.kernel.vector.RegisterTile.ZEROS;
import static dev.hourglass.kernel.vector.WinogradWeights.CHAIN;

import dev.hourglass.kernel.Conv2dGeometry;
import java.lang.foreign.MemorySegment;

/**
 * Winograd's convolution forward. An item is a group of tiles. The pass of the input's transform down the columns comes first, for the
 * whole group; then, for each row of taps and some tiles, the pass along the row, the products with the transformed weights and the
 * output's pass along the row; and last the output's pass down the columns, which writes {@code y}. Where weights are few, these tiles
 * are, too, so that the row's steps hand on what they write through a first-level cache: the second level's writes are several times
 * slower. Where weights are too many to be near, all tiles of a group are multiplied by a panel before the next one comes; where they are
 * transformed as they are read, by all rows of taps of it.
 *
 * <p>One row of transformed patches is a matrix {@code [most, STRIDE]} where the channels of its taps fit side by side, else one for each
 * tap and chunk of channels. How weights are packed, {@link WinogradWeights} says.
 */
final class WinogradConv2d implements ForwardConv2d {

    /** What a group may take between its passes to share a second-level cache with weights, inputs and outputs. */
    private static final long NEAR_GROUP = 1 << 20;

    /** What it may take at most. */
    private static final long FAR_GROUP = 8 << 20;

    /** Weights of one row of taps up to this size stay near while a group is walked; higher register tiles read them less often. */
    private static final long NEAR_ROW = (Width.MANY_REGISTERS ? 2 : 1) << 20;

    /**
     * Tiles that are multiplied by a panel of near weights one after the other, at most. One register tile of AVX-512 is enough.
     */
    private static final int NEAR_STEP = Width.MANY_REGISTERS ? ROWS : 3 * ROWS;

    /** Whether weights may be transformed late: measured on a processor without AVX-512 alone. */
    private static final boolean LATE = !Width.MANY_REGISTERS;

    /** Groups grow only where that saves so much: smaller ones leave more of the caches to others. */
    private static final double WORTHWHILE = 0.98;

    private final WinogradTransform transform;
    private final WinogradPatches patches;
    private final WinogradWeights weights;

    /** Tiles of one item, a multiple of the register tile's rows. */
    private final int group;

    private final int groups;

    /** Tiles that are multiplied by a panel one after the other, at most. */
    private final int most;

    private final int columnBlocks;
    private final double cycles;

    /**
     * Decides how the work on a geometry is cut into items: by tiles, which streams the weights once for each group, and by output
     * channels, which transforms the patches once for each block. The results do not depend on it.
     *
     * @param threads how many threads share the items
     */
    WinogradConv2d(WinogradTransform transform, Conv2dGeometry g, int threads) {
        this.transform = transform;
        this.patches = new WinogradPatches(transform);
        int tiles = transform.tiles(g);
        int units = (tiles + ROWS - 1) / ROWS;
        boolean near = (long) transform.side * g.cin() * g.cout() * Float.BYTES <= NEAR_ROW;
        long touched = touchedBytes(g) * ROWS;
        int mostUnits = Math.clamp((near ? NEAR_GROUP : FAR_GROUP) / touched, 1, units);
        int bestBlocks = 1;
        int bestUnits = 1;
        boolean bestLate = false;
        double bestTime = Double.POSITIVE_INFINITY;
        for (int blocks = 1; blocks <= panels(g); blocks++) {
            for (int size = 1; size <= mostUnits; size++) {
                int parts = (units + size - 1) / size;
                long spilled = size * touched > NEAR_GROUP ? units * touched : 0;
                double early = ConvolutionCost.winograd(g, transform, false, parts, blocks, spilled);
                double work = LATE && (!near || size * ROWS <= NEAR_STEP)
                        ? Math.min(early, ConvolutionCost.winograd(g, transform, true, parts, blocks, spilled))
                        : early;
                double time = time(work, parts * blocks, threads);
                if (time < WORTHWHILE * bestTime) {
                    bestTime = time;
                    bestBlocks = blocks;
                    bestUnits = (units + parts - 1) / parts;
                    bestLate = work < early;
                }
            }
        }
        group = bestUnits * ROWS;
        groups = (tiles + group - 1) / group;
        most = near ? Math.min(NEAR_STEP, group) : group;
        columnBlocks = bestBlocks;
        weights = bestLate ? new LateWinogradWeights(transform) : new EarlyWinogradWeights(transform);
        cycles = bestTime;
    }

    /** How many numbers a weight is packed in. */
    double packedExpansion() {
        return weights.expansion();
    }

    /** What this takes, as {@link ConvolutionCost} sees it. */
    double cycles() {
        return cycles;
    }

    /** The longest that threads need for equal items that together take {@code work} (Graham 1969). */
    private static double time(double work, int items, int threads) {
        return work / threads + (threads - 1) * work / items / threads;
    }

    /** Whether this algorithm can compute a convolution at all. */
    static boolean supports(Conv2dGeometry g) {
        return g.kh() == 3
                && g.kw() == 3
                && g.strideH() == 1
                && g.strideW() == 1
                && g.dilationH() == 1
                && g.dilationW() == 1
                && g.upH() == 1
                && g.upW() == 1
                && g.cin() % LANES == 0
                && g.cout() % LANES == 0
                && distancesFit(g);
    }

    /** Whether {@link Memory#STEP} holds the distances between what a transform reads or writes together: three rows of an image. */
    private static boolean distancesFit(Conv2dGeometry g) {
        long row = Math.max((long) g.w() * g.xStride(), (long) g.ow() * g.yStride());
        return 3 * row * Float.BYTES <= Memory.STEP;
    }

    @Override
    public long packedBytes(Conv2dGeometry g) {
        return weights.packedBytes(g);
    }

    @Override
    public int packItems(Conv2dGeometry g) {
        return panels(g);
    }

    @Override
    public void pack(
            Conv2dGeometry g,
            MemorySegment weight,
            MemorySegment bias,
            MemorySegment packed,
            MemorySegment workspace,
            int item) {
        weights.pack(g, weight, bias, packed, workspace, item);
    }

    @Override
    public void packAdjoint(
            Conv2dGeometry adjoint, MemorySegment weight, MemorySegment packed, MemorySegment workspace, int item) {
        weights.packAdjoint(adjoint, weight, packed, workspace, item);
    }

    @Override
    public long workspaceBytes(Conv2dGeometry g) {
        return Math.max(weights.packingBytes(g), forwardBytes(g));
    }

    private long forwardBytes(Conv2dGeometry g) {
        long products = (long) transform.side * transform.outputs * panels(g) * BYTES_ROW * group;
        long shifted = (long) panels(g) * COLUMNS * 4;
        return patches.bytes(g, group, g.cin())
                + weights.together() * patchRowBytes(g)
                + weights.mostRows() * transform.side * most * BYTES_ROW
                + weights.readingBytes(g)
                + products
                + shifted
                + RegisterTile.BYTES_OUT;
    }

    /** What of a group's bytes one more tile writes and reads: columns of its patch and of its transformed products. */
    private long touchedBytes(Conv2dGeometry g) {
        long patch = patches.bytes(g, transform.tilesAcross(g), g.cin()) / transform.tilesAcross(g);
        return patch + (long) transform.side * transform.outputs * panels(g) * BYTES_ROW;
    }

    @Override
    public int forwardItems(Conv2dGeometry g) {
        return groups * columnBlocks;
    }

    @Override
    public void forward(
            Conv2dGeometry g,
            long x,
            MemorySegment packed,
            MemorySegment shift,
            long addend,
            long y,
            MemorySegment workspace,
            int item) {
        int panels = panels(g);
        int block = item % columnBlocks;
        int panel0 = (int) ((long) panels * block / columnBlocks);
        int panel1 = (int) ((long) panels * (block + 1) / columnBlocks);
        int tile0 = item / columnBlocks * group;
        int count = Math.min(group, transform.tiles(g) - tile0);
        int side = transform.side;

        long shifted = Memory.address(workspace, 0, workspaceBytes(g) / 4);
        long scratch = shifted + (long) panels * COLUMNS * 4;
        long columns = scratch + RegisterTile.BYTES_OUT;
        long v = columns + patches.bytes(g, group, g.cin());
        long patchRow = patchRowBytes(g);
        long m = v + weights.together() * patchRow;
        long product = most * BYTES_ROW;
        long u = m + weights.mostRows() * side * product;
        long rows = u + weights.readingBytes(g);
        long panelStep = transform.outputs * group * BYTES_ROW;
        long rowStep = panels * panelStep;

        int step = step(count);
        int together = weights.together();
        patches.down(g, x, tile0, count, g.cin(), columns);
        for (int i = 0; i < side; i += together) {
            for (int t = 0; t < count; t += step) {
                int last = Math.min(t + step, count);
                for (int r = 0; r < together; r++) {
                    patches(g, tile0, count, t, last, i + r, columns, v + r * patchRow);
                }
                for (int p = panel0; p < panel1; p++) {
                    weights.approach(g, packed, p, panel0, panel1, scratch);
                    int read;
                    for (int r = 0; r < together; r += read) {
                        read = weights.rows(i + r);
                        products(g, packed, i + r, read, p, v + r * patchRow, last - t, u, m, scratch);
                        for (int j = 0; j < read; j++) {
                            long to = rows + (i + r + j) * rowStep + p * panelStep + t * transform.outputs * BYTES_ROW;
                            output(m + j * side * product, to, last - t);
                        }
                    }
                }
            }
        }
        finish(g, rows, panelStep, packed, shift, shifted, addend, y, tile0, count, panel0, panel1);
    }

    /** How many of a group's tiles are multiplied by a panel one after the other: equal parts where register tiles of any height do. */
    private int step(int count) {
        int steps = (count + most - 1) / most;
        return most == ROWS ? ROWS : (count + steps - 1) / steps;
    }

    /** The pass along one row of taps, of some tiles of a group. */
    private void patches(Conv2dGeometry g, int tile, int count, int begin, int end, int row, long columns, long out) {
        for (int c = 0; c < g.cin(); c += DEPTH) {
            int channels = Math.min(DEPTH, g.cin() - c);
            long from = columns + c * 4L;
            long to = out + c / DEPTH * (most * STRIDE);
            patches.across(g, tile, count, begin, end, g.cin(), row, from, channels, to, STRIDE, tapOffset(g, 1));
        }
    }

    /** The products of some rows of taps, for some tiles and one panel of output channels. */
    private void products(
            Conv2dGeometry g,
            MemorySegment packed,
            int row,
            int count,
            int panel,
            long v,
            int tiles,
            long u,
            long products,
            long scratch) {
        for (int k = 0; k < g.cin(); k += CHAIN) {
            int depth = Math.min(CHAIN, g.cin() - k);
            long taps = weights.read(g, packed, row, panel, k, depth, u);
            for (int r = 0; r < count; r++) {
                long w = taps + r * transform.side * WinogradWeights.tapStep(depth);
                long to = products + r * transform.side * most * BYTES_ROW;
                multiply(g, v + r * patchRowBytes(g), k, w, depth, to, tiles, scratch);
            }
        }
    }

    /** The products of one row of taps, for some tiles, one chain of channels and one panel of output channels. */
    private void multiply(
            Conv2dGeometry g, long v, int channel, long taps, int depth, long products, int tiles, long scratch) {
        long chain = v + channel / DEPTH * (most * STRIDE) + channel % DEPTH * 4L;
        for (int j = 0; j < transform.side; j++) {
            long w = taps + j * WinogradWeights.tapStep(depth);
            int rows;
            for (int t = 0; t < tiles; t += rows) {
                rows = RegisterTile.next(tiles - t);
                long a = chain + tapOffset(g, j) + t * STRIDE;
                long to = products + (j * (long) most + t) * BYTES_ROW;
                if (channel == 0) {
                    RegisterTile.multiply(a, STRIDE, w, depth, ZEROS, to, BYTES_ROW, rows);
                } else {
                    RegisterTile.multiplyAdd(a, STRIDE, w, depth, to, BYTES_ROW, to, BYTES_ROW, rows, scratch);
                }
            }
        }
    }

    /** The output's pass along one row of taps, of some tiles and one panel. */
    private void output(long products, long to, int tiles) {
        for (int c = 0; c < BYTES_ROW; c += BYTES) {
            transform.output(
                    products + c, most * BYTES_ROW, BYTES_ROW, to + c, BYTES_ROW, transform.outputs * BYTES_ROW, tiles);
        }
    }

    /** The pass down the columns of transformed products, which writes the outputs, run by run of tiles. */
    private void finish(
            Conv2dGeometry g,
            long rows,
            long panelStep,
            MemorySegment packed,
            MemorySegment shift,
            long shifted,
            long addend,
            long y,
            int tile0,
            int count,
            int panel0,
            int panel1) {
        int outputs = transform.outputs;
        int first = panel0 * COLUMNS;
        int last = Math.min(panel1 * COLUMNS, g.cout());
        long rowStep = panels(g) * panelStep;
        long pixel = g.yStride() * 4L;
        int image = -1;
        int run;
        for (int done = 0; done < count; done += run) {
            int tile = tile0 + done;
            run = transform.run(g, tile, count - done);
            int n = transform.image(g, tile);
            if (shift != null && n != image) {
                image = n;
                long shiftRow = Memory.address(shift, (long) n * g.cout(), g.cout());
                for (int c = first; c < last; c += COLUMNS) {
                    int floats = Math.min(COLUMNS, last - c);
                    Rows.add(weights.bias(g, packed, c / COLUMNS), shiftRow + c * 4L, shifted + c * 4L, floats);
                }
            }
            int top = transform.top(g, tile);
            int left = transform.left(g, tile);
            long at = (((long) n * g.oh() + top) * g.ow() + left) * pixel;
            int height = Math.min(outputs, g.oh() - top);
            int width = Math.min(run * outputs, g.ow() - left);
            for (int c = first; c < last; c += COLUMNS) {
                long in = rows + c / COLUMNS * panelStep + done * outputs * BYTES_ROW;
                int vectors = Math.min(COLUMNS, last - c) / LANES;
                long shiftAt = shift == null ? weights.bias(g, packed, c / COLUMNS) : shifted + c * 4L;
                long to = y + at + c * 4L;
                if (addend == 0) {
                    transform.finish(
                            in, rowStep, BYTES_ROW, shiftAt, to, g.ow() * pixel, pixel, width, vectors, height);
                } else {
                    long plus = addend + at + c * 4L;
                    transform.finishAdded(
                            in, rowStep, BYTES_ROW, shiftAt, plus, to, g.ow() * pixel, pixel, width, vectors, height);
                }
            }
        }
    }

    /** Where the transformed patches of tap {@code j} of a row begin, in bytes from the row's first. */
    private long tapOffset(Conv2dGeometry g, int j) {
        return rowFits(g) ? (long) j * g.cin() * 4 : (long) j * chunks(g) * most * STRIDE;
    }

    /** Whether the channels of one row of taps fit side by side. */
    private boolean rowFits(Conv2dGeometry g) {
        return transform.side * g.cin() <= DEPTH;
    }

    /** Rows that one tap of one tile takes. */
    private static int chunks(Conv2dGeometry g) {
        return (g.cin() + DEPTH - 1) / DEPTH;
    }

    /** Bytes of one row of transformed patches. */
    private long patchRowBytes(Conv2dGeometry g) {
        return matrices(g) * STRIDE * most;
    }

    /** Matrices of one row of transformed patches. */
    private int matrices(Conv2dGeometry g) {
        return rowFits(g) ? 1 : transform.side * chunks(g);
    }
}
