package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.RegisterTile.COLUMNS;
import static dev.hourglass.kernel.vector.RegisterTile.DEPTH;
import static dev.hourglass.kernel.vector.RegisterTile.ROWS;
import static dev.hourglass.kernel.vector.RegisterTile.STRIDE;

import dev.hourglass.kernel.Conv2dGeometry;
import dev.hourglass.kernel.WeightFormat;
import java.lang.foreign.MemorySegment;

/**
 * Convolution forward as implicit GEMM, for any geometry: a block of the im2col matrix is gathered into cache and multiplied by panels
 * of weights, register tile by register tile. Packed weights are panels {@code [depth, COLUMNS]}, zero-padded, in any
 * {@link WeightFormat}, each with its part of the bias behind it in float32. Weights of 16 bits are widened, one block of the depth of
 * one panel at a time, for all pixels of an item; what is computed is the same as with rounded weights of float32, bit for bit.
 */
final class DirectConv2d implements ForwardConv2d {

    /** Output pixels of one forward item: a gathered block stays in the second-level cache. */
    private static final int BLOCK_ROWS = ROWS * (ROWS == 12 ? 8 : 16);

    /** Where row blocks are fewer than this, items are split by columns too, so that small images keep all threads busy. */
    private static final int ITEMS = 32;

    private final WeightFormat format;
    private final long rowBytes;

    DirectConv2d(WeightFormat format) {
        this.format = format;
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
        long row = Memory.address(workspace, 0, COLUMNS);
        Rows.zero(row, COLUMNS);
        long to = panel(adjoint, packed, item);
        int taps = adjoint.kh() * adjoint.kw();
        for (int tap = 0; tap < taps; tap++) {
            long first = from + (((long) (taps - 1 - tap) * in + (long) item * COLUMNS) * out) * 4;
            for (int co = 0; co < out; co++) {
                Transpose.copy(first + co * 4L, out * 4L, columns, 1, row, COLUMNS * 4L);
                PanelRows.store(format, row, to);
                to += rowBytes;
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
        long widened = format == WeightFormat.FLOAT32 ? 0 : (long) DEPTH * COLUMNS * Float.BYTES;
        return BLOCK_ROWS * STRIDE + RegisterTile.BYTES_OUT + COLUMNS * 4L + widened;
    }

    @Override
    public int forwardItems(Conv2dGeometry g) {
        return rowBlocks(g) * columnBlocks(g);
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
        int columnBlocks = columnBlocks(g);
        int row0 = item / columnBlocks * BLOCK_ROWS;
        int rows = Math.min(BLOCK_ROWS, g.rows() - row0);
        int block = item % columnBlocks;
        int panel0 = (int) ((long) panels(g) * block / columnBlocks);
        int panel1 = (int) ((long) panels(g) * (block + 1) / columnBlocks);
        long a = Memory.address(workspace, 0, workspaceBytes(g) / 4);
        long tile = a + BLOCK_ROWS * STRIDE;
        long start = tile + RegisterTile.BYTES_OUT;
        long widened = start + COLUMNS * 4L;
        for (int k0 = 0; k0 < g.depth(); k0 += DEPTH) {
            int depth = Math.min(DEPTH, g.depth() - k0);
            Im2col.gather(g, x, row0, rows, k0, k0 + depth, a, DEPTH);
            for (int p = panel0; p < panel1; p++) {
                long panel = panel(g, packed, p);
                long b = PanelRows.widened(format, panel + k0 * rowBytes, depth, widened);
                long bias = panel + g.depth() * rowBytes;
                for (int r = 0; r < rows; r += ROWS) {
                    int count = Math.min(ROWS, rows - r);
                    RegisterTile.multiply(a + r * STRIDE, b, depth, tile, count);
                    if (k0 == 0) {
                        begin(g, tile, bias, shift, addend, y, start, row0 + r, count, p * COLUMNS);
                    } else {
                        long to = y + ((long) (row0 + r) * g.yStride() + (long) p * COLUMNS) * 4;
                        int columns = Math.min(COLUMNS, g.cout() - p * COLUMNS);
                        Merge.add(tile, to, g.yStride() * 4L, count, columns);
                    }
                }
            }
        }
    }

    /** {@code y = tile + bias (+ shift) (+ addend)} for the first product of some outputs; a tile may reach over several images. */
    private static void begin(
            Conv2dGeometry g,
            long tile,
            long bias,
            MemorySegment shift,
            long addend,
            long y,
            long start,
            int row,
            int rows,
            int column) {
        int columns = Math.min(COLUMNS, g.cout() - column);
        int pixels = g.oh() * g.ow();
        int done = 0;
        while (done < rows) {
            int n = (row + done) / pixels;
            int run = shift == null ? rows : Math.min(rows - done, (n + 1) * pixels - row - done);
            long biasRow = bias;
            if (shift != null) {
                Rows.add(bias, Memory.address(shift, (long) n * g.cout() + column, columns), start, columns);
                biasRow = start;
            }
            long at = ((long) (row + done) * g.yStride() + column) * 4;
            long from = tile + (long) done * COLUMNS * 4;
            if (addend == 0) {
                Merge.start(from, biasRow, y + at, g.yStride() * 4L, run, columns);
            } else {
                Merge.startAdded(from, biasRow, addend + at, y + at, g.yStride() * 4L, run, columns);
            }
            done += run;
        }
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

    private static int rowBlocks(Conv2dGeometry g) {
        return (g.rows() + BLOCK_ROWS - 1) / BLOCK_ROWS;
    }

    private static int columnBlocks(Conv2dGeometry g) {
        return Math.max(1, Math.min(panels(g), ITEMS / rowBlocks(g)));
    }
}
