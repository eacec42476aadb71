package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.ReadAhead.STREAMS;
import static dev.hourglass.kernel.vector.RegisterTile.BYTES_ROW;
import static dev.hourglass.kernel.vector.RegisterTile.COLUMNS;

import dev.hourglass.kernel.Conv2dGeometry;
import dev.hourglass.kernel.WeightFormat;
import java.lang.foreign.MemorySegment;

/**
 * Convolution forward as implicit GEMM, for any geometry: a block of the im2col matrix is gathered into cache and multiplied by panels
 * of weights, register tile by register tile. Where the matrix is the input as it is, most rows are read where they lie. Packed weights
 * are panels {@code [depth, COLUMNS]}, zero-padded, in any {@link WeightFormat}, each with its part of the bias behind it in float32.
 * Weights of 16 bits are widened, one block of the depth of one panel at a time, for all pixels of an item; what is computed is the same
 * as with rounded weights of float32, bit for bit.
 */
final class DirectConv2d implements ForwardConv2d {

    /** Input and output up to this size, together, are taken to be in a third-level cache. */
    private static final long NEAR_PIXELS = 7 << 20;

    /** So few panels write an item's output in runs that the processor foresees. */
    private static final int FEW_PANELS = 2;

    /** Rows of an adjoint panel that are transposed in one go. */
    private static final int PACK_ROWS = 32;

    private static final long PACK_BYTES = PACK_ROWS * BYTES_ROW + Transpose.SCRATCH_BYTES;

    private final WeightFormat format;
    private final long rowBytes;
    private final ProductBlocks blocks;

    /**
     * The algorithm for some format of weights.
     *
     * @param threads how many threads share the items; the results do not depend on it
     */
    DirectConv2d(WeightFormat format, int threads) {
        this.format = format;
        blocks = new ProductBlocks(threads);
        rowBytes = (long) PanelRows.floats(format) * Float.BYTES;
    }

    @Override
    public long packedBytes(Conv2dGeometry g) {
        return panels(g) * panelFloats(g) * Float.BYTES;
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
        long row = Memory.address(workspace, 0, COLUMNS);
        long to = panel(g, packed, item);
        for (int k = 0; k < g.depth(); k++) {
            packRow(from + (long) k * g.cout() * 4, row, columns);
            PanelRows.store(format, row, to + k * rowBytes);
        }
        long biasAt = bias == null ? 0 : Memory.address(bias, 0, g.cout()) + (long) item * COLUMNS * 4;
        packRow(biasAt, to + g.depth() * rowBytes, bias == null ? 0 : columns);
    }

    @Override
    public void packAdjoint(
            Conv2dGeometry adjoint, MemorySegment weight, MemorySegment packed, MemorySegment workspace, int item) {
        int in = adjoint.cout();
        int out = adjoint.cin();
        int columns = Math.min(COLUMNS, in - item * COLUMNS);
        long from = Memory.address(weight, 0, (long) adjoint.depth() * in);
        long block = Memory.address(workspace, 0, PACK_BYTES / 4); // [PACK_ROWS, COLUMNS]
        long scratch = block + PACK_ROWS * BYTES_ROW;
        Rows.zero(block, PACK_ROWS * COLUMNS);
        long to = panel(adjoint, packed, item);
        int taps = adjoint.kh() * adjoint.kw();
        for (int tap = 0; tap < taps; tap++) {
            long first = from + (((long) (taps - 1 - tap) * in + (long) item * COLUMNS) * out) * 4;
            for (int co = 0; co < out; co += PACK_ROWS) {
                int rows = Math.min(PACK_ROWS, out - co);
                Transpose.copy(first + co * 4L, out * 4L, columns, rows, block, BYTES_ROW, scratch);
                for (int r = 0; r < rows; r++) {
                    PanelRows.store(format, block + r * BYTES_ROW, to);
                    to += rowBytes;
                }
            }
        }
        Rows.zero(to, COLUMNS);
    }

    /** One row of a panel: {@code columns} floats, then zeros. */
    static void packRow(long from, long to, int columns) {
        Rows.copy(from, to, columns);
        Rows.zero(to + columns * 4L, COLUMNS - columns);
    }

    @Override
    public long workspaceBytes(Conv2dGeometry g) {
        long widened = format == WeightFormat.FLOAT32 ? 0 : (long) ProductBlocks.depth(g) * COLUMNS * Float.BYTES;
        long row = ProductBlocks.stride(g) + blocks.sums(g) * BYTES_ROW;
        return Math.max(blocks.rows(g) * row + RegisterTile.BYTES_OUT + widened, PACK_BYTES);
    }

    @Override
    public int forwardItems(Conv2dGeometry g) {
        return blocks.rowBlocks(g) * blocks.columnBlocks(g);
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
        int columnBlocks = blocks.columnBlocks(g);
        int blockRows = blocks.rows(g);
        int row0 = item / columnBlocks * blockRows;
        int rows = Math.min(blockRows, g.rows() - row0);
        int block = item % columnBlocks;
        int panel0 = (int) ((long) panels(g) * block / columnBlocks);
        int panel1 = (int) ((long) panels(g) * (block + 1) / columnBlocks);
        // gathered rows, sums [panels, rows, COLUMNS], a tile, widened weights
        long a = Memory.address(workspace, 0, workspaceBytes(g) / 4);
        long stride = ProductBlocks.stride(g);
        long panelSums = blockRows * BYTES_ROW;
        long sums = a + blockRows * stride;
        long scratch = sums + blocks.sums(g) * panelSums;
        long widened = scratch + RegisterTile.BYTES_OUT;
        int inPlace = Im2col.pointwise(g) ? RegisterTile.inPlace(rows, g.xStride() * 4L) : 0;
        int step = ProductBlocks.depth(g);
        boolean readAhead = blocks.readAhead(g);
        boolean inStreams = ProductBlocks.inStreams(g);
        for (int k = 0; k < g.depth(); k += step) {
            int depth = Math.min(step, g.depth() - k);
            long input = x + ((long) row0 * g.xStride() + k) * 4;
            if (inPlace > 0 && far(g)) {
                ReadAhead.touchRows(input, g.xStride() * 4L, inPlace, depth * 4L, scratch);
                if (k + depth == g.depth() && panel1 - panel0 > FEW_PANELS) {
                    long output = y + ((long) row0 * g.yStride() + panel0 * COLUMNS) * 4;
                    int columns = Math.min(panel1 * COLUMNS, g.cout()) - panel0 * COLUMNS;
                    ReadAhead.touchRows(output, g.yStride() * 4L, inPlace, columns * 4L, scratch);
                }
            }
            Im2col.gather(g, x, row0 + inPlace, rows - inPlace, k, k + depth, a, (int) (stride / 4));
            for (int p = panel0; p < panel1; p++) {
                long panel = panel(g, packed, p);
                if (inStreams && (p - panel0) % STREAMS == 0) {
                    int streams = Math.min(STREAMS, panel1 - p);
                    long apart = panelFloats(g) * Float.BYTES;
                    ReadAhead.touchInStreams(panel + k * rowBytes, apart, streams, depth * rowBytes, scratch);
                }
                long bias = panel + g.depth() * rowBytes;
                long sum = sums + (depth == g.depth() ? 0 : p - panel0) * panelSums;
                if (k == 0 && shift != null) {
                    begin(g, bias, shift, sum, row0, rows, p * COLUMNS);
                }
                long right = PanelRows.widened(format, panel + k * rowBytes, depth, widened);
                long first = k == 0 && shift == null ? bias : 0;
                long ahead = readAhead && p + 1 < panel1 ? panel(g, packed, p + 1) + k * rowBytes : 0;
                boolean last = k + depth == g.depth();
                multiply(
                        g,
                        input,
                        inPlace,
                        a,
                        right,
                        depth,
                        first,
                        sum,
                        addend,
                        last ? y : 0,
                        row0,
                        rows,
                        p * COLUMNS,
                        scratch,
                        ahead);
            }
        }
    }

    /** {@code sums = bias + shift}, each image having a shift of its own. */
    private static void begin(
            Conv2dGeometry g, long bias, MemorySegment shift, long sums, int row0, int rows, int column) {
        int columns = Math.min(COLUMNS, g.cout() - column);
        int pixels = g.oh() * g.ow();
        for (int r = 0; r < rows; r++) {
            long added = Memory.address(shift, (long) ((row0 + r) / pixels) * g.cout() + column, columns);
            Rows.add(bias, added, sums + r * BYTES_ROW, columns);
        }
    }

    /**
     * Adds the products of one block of the depth of one panel to the sums. With the last block {@code y = sums (+ addend)}; tiles that
     * fit go straight there.
     *
     * @param input address of the block's first row in the input
     * @param inPlace how many rows are read there; the others are gathered
     * @param bias the row that the sums begin with, 0 where they have begun
     * @param y 0 where more blocks follow
     * @param ahead the block of weights to bring near meanwhile, 0 for none
     */
    private void multiply(
            Conv2dGeometry g,
            long input,
            int inPlace,
            long gathered,
            long right,
            int depth,
            long bias,
            long sums,
            long addend,
            long y,
            int row0,
            int rows,
            int column,
            long scratch,
            long ahead) {
        int columns = Math.min(COLUMNS, g.cout() - column);
        long pixel = g.xStride() * 4L;
        long dense = ProductBlocks.stride(g);
        int chain = ProductBlocks.chain(g);
        long yStride = g.yStride() * 4L;
        boolean straight = y != 0 && addend == 0 && columns == COLUMNS;
        int height;
        for (int r = 0; r < rows; r += height) {
            height = RegisterTile.next(rows - r);
            readAhead(ahead, depth, r, height, rows, scratch);
            long left = r < inPlace ? input + r * pixel : gathered + (r - inPlace) * dense;
            long stride = r < inPlace ? pixel : dense;
            long sum = sums + r * BYTES_ROW;
            long at = ((long) (row0 + r) * g.yStride() + column) * 4;
            if (straight && RegisterTile.exact(height)) {
                tile(left, stride, right, depth, chain, bias, sum, y + at, yStride, height, scratch);
                continue;
            }
            tile(left, stride, right, depth, chain, bias, sum, sum, BYTES_ROW, height, scratch);
            if (y != 0 && addend == 0) {
                Merge.store(sum, y + at, yStride, height, columns);
            } else if (y != 0) {
                Merge.add(sum, addend + at, yStride, y + at, yStride, height, columns);
            }
        }
    }

    /** The part of a block of weights that falls to some of the rows. */
    private void readAhead(long block, int depth, int row, int count, int rows, long scratch) {
        if (block != 0) {
            long bytes = depth * rowBytes;
            ReadAhead.touch(block + bytes * row / rows, block + bytes * (row + count) / rows, scratch);
        }
    }

    /**
     * One register tile: {@code to = bias + products}, or {@code sum + products} where there is no bias, chain by chain. Between two of
     * them the sums stay in {@code to}, whose lines have come near by the time the last chain adds to them.
     */
    private static void tile(
            long left,
            long leftStride,
            long right,
            int depth,
            int chain,
            long bias,
            long sum,
            long to,
            long stride,
            int rows,
            long scratch) {
        for (int k = 0; k < depth; k += chain) {
            int count = Math.min(chain, depth - k);
            long a = left + k * 4L;
            long b = right + k * BYTES_ROW;
            if (k > 0) {
                RegisterTile.multiplyAdd(a, leftStride, b, count, to, stride, to, stride, rows, scratch);
            } else if (bias != 0) {
                RegisterTile.multiply(a, leftStride, b, count, bias, to, stride, rows);
            } else {
                RegisterTile.multiplyAdd(a, leftStride, b, count, sum, BYTES_ROW, to, stride, rows, scratch);
            }
        }
    }

    /**
     * Whether an item's rows, those of the output too, come from so far that it pays to touch them first: many loads wait together then,
     * and not 12 at a time in the first panel's tiles.
     */
    private static boolean far(Conv2dGeometry g) {
        return g.rows() * (long) (g.xStride() + g.yStride()) * Float.BYTES > NEAR_PIXELS;
    }

    /** Panels of {@link RegisterTile#COLUMNS} output channels. */
    static int panels(Conv2dGeometry g) {
        return (g.cout() + COLUMNS - 1) / COLUMNS;
    }

    private long panelFloats(Conv2dGeometry g) {
        return (long) g.depth() * PanelRows.floats(format) + COLUMNS;
    }

    private long panel(Conv2dGeometry g, MemorySegment packed, int index) {
        long floats = panelFloats(g);
        return Memory.address(packed, index * floats, floats);
    }
}
