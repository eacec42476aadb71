package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.RegisterTile.BYTES_ROW;
import static dev.hourglass.kernel.vector.RegisterTile.COLUMNS;
import static dev.hourglass.kernel.vector.RegisterTile.DEPTH;
import static dev.hourglass.kernel.vector.RegisterTile.ROWS;
import static dev.hourglass.kernel.vector.RegisterTile.STRIDE;
import static dev.hourglass.kernel.vector.RegisterTile.ZEROS;

import dev.hourglass.kernel.Conv2dGeometry;
import java.lang.foreign.MemorySegment;

/**
 * Winograd's convolution forward. An item is a group of tiles. The pass of the input's transform down the columns comes first, for the
 * whole group; then, for each row of taps and some tiles, the pass along the row, the products with the transformed weights and the
 * output's pass along the row; and last the output's pass down the columns, which writes {@code y}. Where weights are few, these tiles
 * are, too, so that the row's steps hand on what they write through a first-level cache: the second level's writes are several times
 * slower. Where weights are too many to be near, all tiles of a group are multiplied by a panel before the next one comes.
 *
 * <p>Packed weights are {@code [side, panels, side, cin, COLUMNS]}, in the order in which a single group reads them, from beginning to end;
 * the bias is {@code [panels, COLUMNS]}. One row of transformed patches is a matrix {@code [most, STRIDE]} where the channels of its taps
 * fit side by side, else one for each tap and chunk of channels.
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

    /**
     * Channels whose products are added up in one chain, at most. Longer chains round off more, and the output's transform magnifies
     * that; a {@link RegisterTile#DEPTH} is a multiple of it.
     */
    private static final int CHAIN = Width.MANY_REGISTERS ? DEPTH / 2 : DEPTH;

    /** Groups grow only where that saves so much: smaller ones leave more of the caches to others. */
    private static final double WORTHWHILE = 0.98;

    /** Input channels whose kernels are transformed in one go. */
    private static final int PACK_ROWS = 32;

    private final WinogradTransform transform;
    private final WinogradPatches patches;
    private final int taps;

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
        this.taps = transform.taps();
        int tiles = transform.tiles(g);
        int units = (tiles + ROWS - 1) / ROWS;
        boolean near = (long) transform.side * g.cin() * g.cout() * Float.BYTES <= NEAR_ROW;
        long touched = touchedBytes(g) * ROWS;
        int mostUnits = Math.clamp((near ? NEAR_GROUP : FAR_GROUP) / touched, 1, units);
        int bestBlocks = 1;
        int bestUnits = 1;
        double bestTime = Double.POSITIVE_INFINITY;
        for (int blocks = 1; blocks <= panels(g); blocks++) {
            for (int size = 1; size <= mostUnits; size++) {
                int parts = (units + size - 1) / size;
                long spilled = size * touched > NEAR_GROUP ? units * touched : 0;
                double work = ConvolutionCost.winograd(g, transform, parts, blocks, spilled);
                double time = time(work, parts * blocks, threads);
                if (time < WORTHWHILE * bestTime) {
                    bestTime = time;
                    bestBlocks = blocks;
                    bestUnits = (units + parts - 1) / parts;
                }
            }
        }
        group = bestUnits * ROWS;
        groups = (tiles + group - 1) / group;
        most = near ? Math.min(NEAR_STEP, group) : group;
        columnBlocks = bestBlocks;
        cycles = bestTime;
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

    /**
     * Whether {@link Memory#STEP} holds the distances between what a transform reads or writes together: three rows of an image, three
     * rows of taps of transformed weights.
     */
    private static boolean distancesFit(Conv2dGeometry g) {
        long row = Math.max((long) g.w() * g.xStride(), (long) g.ow() * g.yStride());
        long taps = 6L * g.cin() * panels(g) * COLUMNS;
        return 3 * Math.max(row, taps) * Float.BYTES <= Memory.STEP;
    }

    @Override
    public long packedBytes(Conv2dGeometry g) {
        return ((long) taps * g.cin() + 1) * panels(g) * COLUMNS * Float.BYTES;
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
        int columns = Math.min(COLUMNS, g.cout() - item * COLUMNS);
        long from = Memory.address(weight, 0, (long) g.depth() * g.cout()) + (long) item * COLUMNS * 4;
        long to = Memory.address(packed, 0, packedBytes(g) / 4);
        long scratch = Memory.address(workspace, 0, workspaceBytes(g) / 4);
        long row = g.cout() * 4L;
        long panel = to + item * transform.side * tapStep(g);
        for (int ci = 0; ci < g.cin(); ci += PACK_ROWS) {
            int rows = Math.min(PACK_ROWS, g.cin() - ci);
            packRows(g, from + ci * row, g.cin() * row, row, rows, columns, panel + (long) ci * COLUMNS * 4, scratch);
        }
        long biasRow = to + biasOffset(g) + item * BYTES_ROW;
        Rows.zero(biasRow, COLUMNS);
        if (bias != null) {
            Rows.copy(Memory.address(bias, (long) item * COLUMNS, columns), biasRow, columns);
        }
    }

    @Override
    public void packAdjoint(
            Conv2dGeometry adjoint, MemorySegment weight, MemorySegment packed, MemorySegment workspace, int item) {
        int in = adjoint.cout();
        int out = adjoint.cin();
        int columns = Math.min(COLUMNS, in - item * COLUMNS);
        long from = Memory.address(weight, 0, (long) adjoint.depth() * in);
        long to = Memory.address(packed, 0, packedBytes(adjoint) / 4);
        long scratch = Memory.address(workspace, 0, workspaceBytes(adjoint) / 4);
        long panel = to + item * transform.side * tapStep(adjoint);
        long swapped = scratch + packScratchBytes(); // [9, PACK_ROWS, COLUMNS]
        long kernelStep = (long) PACK_ROWS * COLUMNS * 4;
        long transposing = swapped + 9 * kernelStep;
        for (int co = 0; co < out; co += PACK_ROWS) {
            int rows = Math.min(PACK_ROWS, out - co);
            for (int tap = 0; tap < 9; tap++) {
                long first = from + (((8L - tap) * in + (long) item * COLUMNS) * out + co) * 4;
                Transpose.copy(first, out * 4L, columns, rows, swapped + tap * kernelStep, COLUMNS * 4L, transposing);
            }
            packRows(
                    adjoint,
                    swapped,
                    kernelStep,
                    COLUMNS * 4L,
                    rows,
                    columns,
                    panel + (long) co * COLUMNS * 4,
                    scratch);
        }
        Rows.zero(to + biasOffset(adjoint) + item * BYTES_ROW, COLUMNS);
    }

    /**
     * Transforms the kernels of some input channels and one panel of output channels.
     *
     * @param kernelStep bytes from one element of a kernel to the next
     * @param rowStep bytes from one input channel to the next
     */
    private void packRows(
            Conv2dGeometry g,
            long from,
            long kernelStep,
            long rowStep,
            int rows,
            int columns,
            long panel,
            long scratch) {
        int side = transform.side;
        long tap = tapStep(g);
        long element = PACK_ROWS * BYTES_ROW; // scratch is [3, side, PACK_ROWS, COLUMNS]
        if (columns < COLUMNS) {
            Rows.zero(scratch, 3 * side * PACK_ROWS * COLUMNS);
        }
        for (int c = 0; c < columns; c += LANES) {
            for (int j = 0; j < 3; j++) {
                long in = from + j * kernelStep + c * 4L;
                long out = scratch + j * element + c * 4L;
                transform.weight(in, 3 * kernelStep, rowStep, out, 3 * element, BYTES_ROW, rows);
            }
        }
        // Both vectors of a row in one go: what a tap receives is then one run of memory.
        for (int i = 0; i < side; i++) {
            long in = scratch + i * 3 * element;
            transform.weight(
                    in, element, BYTES, panel + (long) i * panels(g) * side * tap, tap, BYTES, rows * COLUMNS / LANES);
        }
    }

    private long packScratchBytes() {
        return 3L * transform.side * PACK_ROWS * BYTES_ROW;
    }

    @Override
    public long workspaceBytes(Conv2dGeometry g) {
        long packing = packScratchBytes() + 9L * PACK_ROWS * COLUMNS * 4 + Transpose.SCRATCH_BYTES;
        return Math.max(packing, forwardBytes(g));
    }

    private long forwardBytes(Conv2dGeometry g) {
        long row = (matrices(g) * STRIDE + transform.side * BYTES_ROW) * most;
        long products = (long) transform.side * transform.outputs * panels(g) * BYTES_ROW * group;
        long shifted = (long) panels(g) * COLUMNS * 4;
        return patches.bytes(g, group, g.cin()) + row + products + shifted + RegisterTile.BYTES_OUT;
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
        long m = v + matrices(g) * STRIDE * most;
        long product = most * BYTES_ROW;
        long rows = m + side * product;
        long panelStep = transform.outputs * group * BYTES_ROW;
        long rowStep = panels * panelStep;

        long weights = Memory.address(packed, 0, packedBytes(g) / 4);
        int step = step(count);
        patches.down(g, x, tile0, count, g.cin(), columns);
        for (int i = 0; i < side; i++) {
            for (int t = 0; t < count; t += step) {
                int last = Math.min(t + step, count);
                for (int c = 0; c < g.cin(); c += DEPTH) {
                    int channels = Math.min(DEPTH, g.cin() - c);
                    long out = v + c / DEPTH * (most * STRIDE);
                    long from = columns + c * 4L;
                    patches.across(g, tile0, count, t, last, g.cin(), i, from, channels, out, STRIDE, tapOffset(g, 1));
                }
                for (int p = panel0; p < panel1; p++) {
                    for (int j = 0; j < side; j++) {
                        long u = weights + (((long) i * panels + p) * side + j) * tapStep(g);
                        multiply(g, v + tapOffset(g, j), u, m + j * product, last - t, scratch);
                    }
                    long row = rows + i * rowStep + p * panelStep + t * transform.outputs * BYTES_ROW;
                    for (int c = 0; c < BYTES_ROW; c += BYTES) {
                        transform.output(
                                m + c, product, BYTES_ROW, row + c, BYTES_ROW, transform.outputs * BYTES_ROW, last - t);
                    }
                }
            }
        }
        long bias = weights + biasOffset(g);
        finish(g, rows, panelStep, bias, shift, shifted, addend, y, tile0, count, panel0, panel1);
    }

    /** How many of a group's tiles are multiplied by a panel one after the other: equal parts where register tiles of any height do. */
    private int step(int count) {
        int steps = (count + most - 1) / most;
        return most == ROWS ? ROWS : (count + steps - 1) / steps;
    }

    /** One tap's products for some tiles and one panel of output channels. */
    private void multiply(Conv2dGeometry g, long v, long u, long product, int tiles, long scratch) {
        for (int k = 0; k < g.cin(); k += CHAIN) {
            long chunk = v + k / DEPTH * (most * STRIDE) + k % DEPTH * 4L;
            long weights = u + (long) k * COLUMNS * 4;
            int depth = Math.min(CHAIN, g.cin() - k);
            int rows;
            for (int t = 0; t < tiles; t += rows) {
                rows = RegisterTile.next(tiles - t);
                long a = chunk + t * STRIDE;
                long to = product + t * BYTES_ROW;
                if (k == 0) {
                    RegisterTile.multiply(a, STRIDE, weights, depth, ZEROS, to, BYTES_ROW, rows);
                } else {
                    RegisterTile.multiplyAdd(a, STRIDE, weights, depth, to, to, BYTES_ROW, rows, scratch);
                }
            }
        }
    }

    /** The pass down the columns of transformed products, which writes the outputs, run by run of tiles. */
    private void finish(
            Conv2dGeometry g,
            long rows,
            long panelStep,
            long bias,
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
        long biasRow = bias;
        int run;
        for (int done = 0; done < count; done += run) {
            int tile = tile0 + done;
            run = transform.run(g, tile, count - done);
            int n = transform.image(g, tile);
            if (shift != null && n != image) {
                image = n;
                biasRow = shifted;
                long shiftRow = Memory.address(shift, (long) n * g.cout(), g.cout());
                Rows.add(bias + first * 4L, shiftRow + first * 4L, shifted + first * 4L, last - first);
            }
            int top = transform.top(g, tile);
            int left = transform.left(g, tile);
            long at = (((long) n * g.oh() + top) * g.ow() + left) * pixel;
            int height = Math.min(outputs, g.oh() - top);
            int width = Math.min(run * outputs, g.ow() - left);
            for (int c = first; c < last; c += COLUMNS) {
                long in = rows + c / COLUMNS * panelStep + done * outputs * BYTES_ROW;
                int vectors = Math.min(COLUMNS, last - c) / LANES;
                long shiftAt = biasRow + c * 4L;
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

    /** Matrices of one row of transformed patches. */
    private int matrices(Conv2dGeometry g) {
        return rowFits(g) ? 1 : transform.side * chunks(g);
    }

    private static int panels(Conv2dGeometry g) {
        return (g.cout() + COLUMNS - 1) / COLUMNS;
    }

    /** Where the bias begins, in bytes from the first packed weight. */
    private long biasOffset(Conv2dGeometry g) {
        return taps * panels(g) * tapStep(g);
    }

    /** Bytes of one tap of one panel of packed weights. */
    private static long tapStep(Conv2dGeometry g) {
        return g.cin() * BYTES_ROW;
    }
}
