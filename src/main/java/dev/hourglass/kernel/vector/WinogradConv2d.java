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
 * Winograd's convolution forward. An item is a group of tiles: their patches are transformed into a workspace, multiplied tap by tap with
 * the transformed weights, and transformed back. Packed weights are {@code [taps, panels, cin, COLUMNS]} and the bias
 * {@code [panels, COLUMNS]}.
 *
 * <p>Transformed patches are matrices {@code [tiles, STRIDE]}, one for each row of taps where their channels fit side by side, else one for
 * each tap and chunk of channels.
 */
final class WinogradConv2d implements ForwardConv2d {

    /** What an item's transformed patches and products may take: they share a second-level cache with weights, inputs and outputs. */
    private static final long GROUP_BYTES = 384 << 10;

    /** Input channels whose kernels are transformed in one go. */
    private static final int PACK_ROWS = 32;

    /** Tiles that are transformed back in one go, at most. */
    private static final int RUN = 16;

    private final WinogradTransform transform;
    private final WinogradPatches patches;
    private final int taps;

    /** Tiles of one item, a multiple of the register tile's rows. */
    private final int group;

    private final int groups;
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
        int most = Math.clamp(GROUP_BYTES / touchedBytes(g) / ROWS, 1, units);
        int bestBlocks = 1;
        int bestUnits = most;
        double bestTime = Double.POSITIVE_INFINITY;
        for (int blocks = 1; blocks <= panels(g); blocks++) {
            for (int size = most; size > 0; size--) {
                int parts = (units + size - 1) / size;
                double time = time(ConvolutionCost.winograd(g, transform, parts, blocks), parts * blocks, threads);
                if (time < bestTime) {
                    bestTime = time;
                    bestBlocks = blocks;
                    bestUnits = (units + parts - 1) / parts;
                }
            }
        }
        group = bestUnits * ROWS;
        groups = (tiles + group - 1) / group;
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
                && g.cout() % LANES == 0;
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
        long panel = to + (long) item * g.cin() * COLUMNS * 4;
        for (int ci = 0; ci < g.cin(); ci += PACK_ROWS) {
            int rows = Math.min(PACK_ROWS, g.cin() - ci);
            packRows(g, from + ci * row, g.cin() * row, row, rows, columns, panel + (long) ci * COLUMNS * 4, scratch);
        }
        zeroRest(g, panel, columns);
        long biasRow = to + taps * tapStep(g) + (long) item * COLUMNS * 4;
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
        long panel = to + (long) item * out * COLUMNS * 4;
        long swapped = scratch + packScratchBytes(); // [9, PACK_ROWS, COLUMNS]
        long kernelStep = (long) PACK_ROWS * COLUMNS * 4;
        for (int co = 0; co < out; co += PACK_ROWS) {
            int rows = Math.min(PACK_ROWS, out - co);
            for (int tap = 0; tap < 9; tap++) {
                long first = from + (((8L - tap) * in + (long) item * COLUMNS) * out + co) * 4;
                Transpose.copy(first, out * 4L, columns, rows, swapped + tap * kernelStep, COLUMNS * 4L);
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
        zeroRest(adjoint, panel, columns);
        Rows.zero(to + taps * tapStep(adjoint) + (long) item * COLUMNS * 4, COLUMNS);
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
        long element = (long) PACK_ROWS * BYTES;
        for (int c = 0; c < columns; c += LANES) {
            for (int j = 0; j < 3; j++) {
                long in = from + j * kernelStep + c * 4L;
                transform.weight(in, 3 * kernelStep, rowStep, scratch + j * element, 3 * element, BYTES, rows);
            }
            for (int i = 0; i < side; i++) {
                long out = panel + i * side * tap + c * 4L;
                transform.weight(scratch + i * 3 * element, element, BYTES, out, tap, COLUMNS * 4L, rows);
            }
        }
    }

    private long packScratchBytes() {
        return 3L * transform.side * PACK_ROWS * BYTES;
    }

    private void zeroRest(Conv2dGeometry g, long panel, int columns) {
        for (int tap = 0; tap < taps && columns < COLUMNS; tap++) {
            for (int ci = 0; ci < g.cin(); ci++) {
                Rows.zero(panel + tap * tapStep(g) + ((long) ci * COLUMNS + columns) * 4, COLUMNS - columns);
            }
        }
    }

    @Override
    public long workspaceBytes(Conv2dGeometry g) {
        long packing = packScratchBytes() + 9L * PACK_ROWS * COLUMNS * 4;
        return Math.max(packing, tileBytes(g) * group + fixedBytes(g));
    }

    /** Transformed patches and products of one tile. */
    private long tileBytes(Conv2dGeometry g) {
        return matrices(g) * STRIDE + (long) taps * panels(g) * COLUMNS * 4;
    }

    /** What of a tile's bytes is written and read. */
    private long touchedBytes(Conv2dGeometry g) {
        return taps * (g.cin() + (long) panels(g) * COLUMNS) * 4;
    }

    private long fixedBytes(Conv2dGeometry g) {
        long finish = (long) transform.outputs * transform.side * RUN * COLUMNS * 4;
        return Math.max(patches.scratchBytes(Math.min(g.cin(), DEPTH)), finish)
                + (long) panels(g) * COLUMNS * 4
                + RegisterTile.BYTES_OUT;
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

        long shifted = Memory.address(workspace, 0, workspaceBytes(g) / 4);
        long partial = shifted + (long) panels * COLUMNS * 4;
        long v = partial + RegisterTile.BYTES_OUT;
        long m = v + matrices(g) * STRIDE * group;
        long scratch = m + (long) taps * panels * group * COLUMNS * 4;

        long tap1 = tapOffset(g, group, 1);
        long row1 = tapOffset(g, group, transform.side);
        for (int c = 0; c < g.cin(); c += DEPTH) {
            int channels = Math.min(DEPTH, g.cin() - c);
            long out = v + c / DEPTH * (group * STRIDE);
            patches.transform(
                    g, x + c * 4L, tile0, count, channels, 0, transform.side, out, STRIDE, tap1, row1, scratch);
        }
        long weights = Memory.address(packed, 0, packedBytes(g) / 4);
        for (int tap = 0; tap < taps; tap++) {
            for (int p = panel0; p < panel1; p++) {
                long u = weights + tap * tapStep(g) + (long) p * g.cin() * COLUMNS * 4;
                long product = m + ((long) tap * panels + p) * group * COLUMNS * 4;
                multiply(g, v + tapOffset(g, group, tap), u, product, count, group, partial);
            }
        }
        long bias = weights + taps * tapStep(g);
        finish(g, m, bias, shift, shifted, addend, y, tile0, count, panel0, panel1, group, scratch);
    }

    /** One tap's products for all tiles of a group and one panel of output channels. */
    private static void multiply(Conv2dGeometry g, long v, long u, long product, int count, int group, long partial) {
        int depth = Math.min(g.cin(), DEPTH);
        for (int r = 0; r < count; r += ROWS) {
            RegisterTile.multiply(v + r * STRIDE, u, depth, ZEROS, product + r * BYTES_ROW, BYTES_ROW, count - r);
        }
        for (int k = DEPTH; k < g.cin(); k += DEPTH) {
            long chunk = v + k / DEPTH * (group * STRIDE);
            for (int r = 0; r < count; r += ROWS) {
                RegisterTile.multiply(
                        chunk + r * STRIDE,
                        u + (long) k * COLUMNS * 4,
                        Math.min(DEPTH, g.cin() - k),
                        ZEROS,
                        partial,
                        BYTES_ROW,
                        count - r);
                long to = product + (long) r * COLUMNS * 4;
                Rows.add(partial, to, to, ROWS * COLUMNS);
            }
        }
    }

    /** Transforms the products of a group back and writes the outputs, run by run of tiles side by side in one image. */
    private void finish(
            Conv2dGeometry g,
            long m,
            long bias,
            MemorySegment shift,
            long shifted,
            long addend,
            long y,
            int tile0,
            int count,
            int panel0,
            int panel1,
            int group,
            long scratch) {
        int across = transform.tilesAcross(g);
        int down = transform.tilesDown(g);
        int outputs = transform.outputs;
        int first = panel0 * COLUMNS;
        int last = Math.min(panel1 * COLUMNS, g.cout());
        int image = -1;
        long biasRow = bias;
        int done = 0;
        while (done < count) {
            int column = (tile0 + done) % across;
            int row = (tile0 + done) / across % down;
            int n = (tile0 + done) / across / down;
            int run = Math.min(Math.min(RUN, across - column), count - done);
            if (shift != null && n != image) {
                image = n;
                biasRow = shifted;
                long shiftRow = Memory.address(shift, (long) n * g.cout(), g.cout());
                Rows.add(bias + first * 4L, shiftRow + first * 4L, shifted + first * 4L, last - first);
            }
            int top = row * outputs;
            int left = column * outputs;
            long at = (((long) n * g.oh() + top) * g.ow() + left) * g.yStride() * 4;
            int rows = Math.min(outputs, g.oh() - top);
            int rest = g.ow() - left - (run - 1) * outputs; // columns from the last tile on
            for (int c = first; c < last; c += COLUMNS) {
                long products = m + ((long) c / COLUMNS * group + done) * COLUMNS * 4;
                int channels = Math.min(COLUMNS, last - c);
                long plus = addend == 0 ? 0 : addend + at + c * 4L;
                long to = y + at + c * 4L;
                finishRun(g, products, group, biasRow + c * 4L, plus, to, run, rows, rest, channels, scratch);
            }
            done += run;
        }
    }

    private void finishRun(
            Conv2dGeometry g,
            long m,
            int group,
            long bias,
            long addend,
            long y,
            int run,
            int rows,
            int rest,
            int channels,
            long scratch) {
        int side = transform.side;
        int outputs = transform.outputs;
        long tapStep = (long) panels(g) * group * COLUMNS * 4;
        long column = run * COLUMNS * 4L;
        for (int j = 0; j < side; j++) {
            long in = m + j * tapStep;
            transform.output(in, side * tapStep, BYTES, scratch + j * column, side * column, BYTES, 2 * run);
        }
        long pixel = g.yStride() * 4L;
        int whole = rest >= outputs ? run : run - 1;
        int vectors = channels / LANES;
        for (int i = 0; i < rows; i++) {
            long from = scratch + i * side * column;
            long at = (long) i * g.ow() * pixel;
            long plus = addend == 0 ? 0 : addend + at;
            finishRow(from, column, bias, plus, y + at, pixel, 0, whole, vectors, outputs);
            finishRow(from, column, bias, plus, y + at, pixel, whole, run - whole, vectors, rest);
        }
    }

    /** One row of outputs of {@code count} tiles from {@code first} on. */
    private void finishRow(
            long in,
            long axis,
            long bias,
            long addend,
            long y,
            long pixel,
            int first,
            int count,
            int vectors,
            int columns) {
        long from = in + first * COLUMNS * 4L;
        long step = transform.outputs * pixel;
        long to = y + first * step;
        if (addend == 0) {
            transform.finish(from, axis, COLUMNS * 4L, bias, to, pixel, step, count, vectors, columns);
        } else {
            long plus = addend + first * step;
            transform.finishAdded(from, axis, COLUMNS * 4L, bias, plus, to, pixel, step, count, vectors, columns);
        }
    }

    /** Where a tap's transformed patches begin, in bytes from the first tap's. */
    private long tapOffset(Conv2dGeometry g, int group, int tap) {
        if (rowFits(g)) {
            return tap / transform.side * (group * STRIDE) + (long) (tap % transform.side) * g.cin() * 4;
        }
        return (long) tap * chunks(g) * group * STRIDE;
    }

    /** Whether the channels of one row of taps fit side by side. */
    private boolean rowFits(Conv2dGeometry g) {
        return transform.side * g.cin() <= DEPTH;
    }

    /** Rows that one tap of one tile takes. */
    private static int chunks(Conv2dGeometry g) {
        return (g.cin() + DEPTH - 1) / DEPTH;
    }

    /** Matrices of transformed patches. */
    private int matrices(Conv2dGeometry g) {
        return rowFits(g) ? transform.side : taps * chunks(g);
    }

    private static int panels(Conv2dGeometry g) {
        return (g.cout() + COLUMNS - 1) / COLUMNS;
    }

    private static long tapStep(Conv2dGeometry g) {
        return (long) panels(g) * g.cin() * COLUMNS * 4;
    }
}
