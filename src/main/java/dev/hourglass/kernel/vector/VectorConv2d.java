package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.RegisterTile.COLUMNS;
import static dev.hourglass.kernel.vector.RegisterTile.DEPTH;
import static dev.hourglass.kernel.vector.RegisterTile.ROWS;
import static dev.hourglass.kernel.vector.RegisterTile.STRIDE;

import dev.hourglass.kernel.Conv2d;
import dev.hourglass.kernel.Conv2dGeometry;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * Convolution as implicit GEMM: a block of the im2col matrix is gathered into cache and multiplied by panels of weights, register tile
 * by register tile. Packed weights are panels {@code [depth + 1, COLUMNS]}, zero-padded, the bias in the last row.
 */
public final class VectorConv2d implements Conv2d {

    /** Output pixels of one forward item: a gathered block stays in the second-level cache. */
    private static final int BLOCK_ROWS = ROWS * (ROWS == 12 ? 8 : 16);

    /** Where row blocks are fewer than this, items are split by columns too, so that small images keep all threads busy. */
    private static final int ITEMS = 32;

    @Override
    public long packedBytes(Conv2dGeometry g) {
        return (long) panels(g) * (g.depth() + 1) * COLUMNS * Float.BYTES;
    }

    @Override
    public int packItems(Conv2dGeometry g) {
        return panels(g);
    }

    @Override
    public void pack(Conv2dGeometry g, MemorySegment weight, MemorySegment bias, MemorySegment packed, int item) {
        int columns = Math.min(COLUMNS, g.cout() - item * COLUMNS);
        long from = Memory.address(weight, 0, (long) g.depth() * g.cout()) + (long) item * COLUMNS * 4;
        long to = panel(g, packed, item);
        for (int k = 0; k < g.depth(); k++) {
            packRow(from + (long) k * g.cout() * 4, 4, to + (long) k * COLUMNS * 4, columns);
        }
        long biasAt = bias == null ? 0 : Memory.address(bias, 0, g.cout()) + (long) item * COLUMNS * 4;
        packRow(biasAt, 4, to + (long) g.depth() * COLUMNS * 4, bias == null ? 0 : columns);
    }

    @Override
    public void packAdjoint(Conv2dGeometry g, MemorySegment weight, MemorySegment packed, int item) {
        int columns = Math.min(COLUMNS, g.cin() - item * COLUMNS);
        long from = Memory.address(weight, 0, (long) g.depth() * g.cout());
        long to = panel(g.adjoint(), packed, item);
        int taps = g.kh() * g.kw();
        for (int tap = 0; tap < taps; tap++) {
            long first = from + (((long) (taps - 1 - tap) * g.cin() + (long) item * COLUMNS) * g.cout()) * 4;
            for (int co = 0; co < g.cout(); co++) {
                packRow(first + co * 4L, g.cout() * 4L, to, columns);
                to += COLUMNS * 4L;
            }
        }
        packRow(0, 0, to, 0);
    }

    /** One row of a panel: {@code columns} floats a stride apart, then zeros. */
    private static void packRow(long from, long stride, long to, int columns) {
        for (int c = 0; c < columns; c++) {
            Memory.set(to + c * 4L, Memory.get(from + c * stride));
        }
        for (int c = columns; c < COLUMNS; c++) {
            Memory.set(to + c * 4L, 0f);
        }
    }

    @Override
    public long workspaceBytes(Conv2dGeometry g) {
        long forward = BLOCK_ROWS * STRIDE + RegisterTile.BYTES_OUT;
        return Math.max(forward, VectorConv2dGradient.workspaceBytes());
    }

    @Override
    public int forwardItems(Conv2dGeometry g) {
        return rowBlocks(g) * columnBlocks(g);
    }

    @Override
    public void forward(
            Conv2dGeometry g,
            MemorySegment x,
            MemorySegment packed,
            MemorySegment y,
            boolean accumulate,
            MemorySegment workspace,
            int item) {
        int columnBlocks = columnBlocks(g);
        int row0 = item / columnBlocks * BLOCK_ROWS;
        int rows = Math.min(BLOCK_ROWS, g.rows() - row0);
        int block = item % columnBlocks;
        int panel0 = (int) ((long) panels(g) * block / columnBlocks);
        int panel1 = (int) ((long) panels(g) * (block + 1) / columnBlocks);
        long xAt = input(g, x);
        long yAt = output(g, y);
        long a = Memory.address(workspace, 0, (BLOCK_ROWS * STRIDE + RegisterTile.BYTES_OUT) / 4);
        long tile = a + BLOCK_ROWS * STRIDE;
        for (int k0 = 0; k0 < g.depth(); k0 += DEPTH) {
            int depth = Math.min(DEPTH, g.depth() - k0);
            Im2col.gather(g, xAt, row0, rows, k0, k0 + depth, a, DEPTH);
            for (int p = panel0; p < panel1; p++) {
                long panel = panel(g, packed, p);
                long b = panel + (long) k0 * COLUMNS * 4;
                long bias = panel + (long) g.depth() * COLUMNS * 4;
                int columns = Math.min(COLUMNS, g.cout() - p * COLUMNS);
                for (int r = 0; r < rows; r += ROWS) {
                    RegisterTile.multiply(a + r * STRIDE, b, depth, tile);
                    long to = yAt + ((long) (row0 + r) * g.yStride() + (long) p * COLUMNS) * 4;
                    merge(
                            tile,
                            k0 == 0 ? bias : 0,
                            to,
                            g.yStride() * 4L,
                            Math.min(ROWS, rows - r),
                            columns,
                            accumulate || k0 > 0);
                }
            }
        }
    }

    /** {@code y (+)= tile (+ bias)} for the part of a tile that exists; {@code bias} is an address, 0 for none. */
    private static void merge(long tile, long bias, long y, long yStride, int rows, int columns, boolean accumulate) {
        if (columns == COLUMNS) {
            FloatVector zero = FloatVector.zero(Memory.S);
            FloatVector b0 = bias == 0 ? zero : FloatVector.fromMemorySegment(Memory.S, Memory.ALL, bias, Memory.ORDER);
            FloatVector b1 =
                    bias == 0 ? zero : FloatVector.fromMemorySegment(Memory.S, Memory.ALL, bias + BYTES, Memory.ORDER);
            for (int r = 0; r < rows; r++) {
                FloatVector t0 = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, tile, Memory.ORDER)
                        .add(b0);
                FloatVector t1 = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, tile + BYTES, Memory.ORDER)
                        .add(b1);
                if (accumulate) {
                    FloatVector.fromMemorySegment(Memory.S, Memory.ALL, y, Memory.ORDER)
                            .add(t0)
                            .intoMemorySegment(Memory.ALL, y, Memory.ORDER);
                } else {
                    t0.intoMemorySegment(Memory.ALL, y, Memory.ORDER);
                }
                if (accumulate) {
                    FloatVector.fromMemorySegment(Memory.S, Memory.ALL, y + BYTES, Memory.ORDER)
                            .add(t1)
                            .intoMemorySegment(Memory.ALL, y + BYTES, Memory.ORDER);
                } else {
                    t1.intoMemorySegment(Memory.ALL, y + BYTES, Memory.ORDER);
                }
                tile += 2 * BYTES;
                y += yStride;
            }
        } else {
            for (int r = 0; r < rows; r++) {
                for (int c = 0; c < columns; c++) {
                    float value = Memory.get(tile + c * 4L) + (bias == 0 ? 0f : Memory.get(bias + c * 4L));
                    Memory.set(y + c * 4L, accumulate ? Memory.get(y + c * 4L) + value : value);
                }
                tile += 2 * BYTES;
                y += yStride;
            }
        }
    }

    @Override
    public int gradientItems(Conv2dGeometry g) {
        return VectorConv2dGradient.items(g);
    }

    @Override
    public long gradientPartialBytes(Conv2dGeometry g) {
        return VectorConv2dGradient.partialBytes(g);
    }

    @Override
    public void weightGradient(
            Conv2dGeometry g,
            MemorySegment x,
            MemorySegment dy,
            MemorySegment partials,
            MemorySegment workspace,
            int item) {
        VectorConv2dGradient.compute(g, input(g, x), output(g, dy), partials, workspace, item);
    }

    @Override
    public void reduceGradient(
            Conv2dGeometry g,
            MemorySegment partials,
            MemorySegment dweight,
            MemorySegment dbias,
            boolean accumulate,
            int from,
            int to) {
        VectorConv2dGradient.reduce(g, partials, dweight, dbias, accumulate, from, to);
    }

    /** Panels of {@link RegisterTile#COLUMNS} output channels. */
    static int panels(Conv2dGeometry g) {
        return (g.cout() + COLUMNS - 1) / COLUMNS;
    }

    private static long panel(Conv2dGeometry g, MemorySegment packed, int index) {
        long floats = (g.depth() + 1L) * COLUMNS;
        return Memory.address(packed, index * floats, floats);
    }

    private static int rowBlocks(Conv2dGeometry g) {
        return (g.rows() + BLOCK_ROWS - 1) / BLOCK_ROWS;
    }

    private static int columnBlocks(Conv2dGeometry g) {
        return Math.max(1, Math.min(panels(g), ITEMS / rowBlocks(g)));
    }

    private static long input(Conv2dGeometry g, MemorySegment x) {
        return Memory.address(x, 0, ((long) g.n() * g.h() * g.w() - 1) * g.xStride() + g.cin());
    }

    private static long output(Conv2dGeometry g, MemorySegment y) {
        return Memory.address(y, 0, (g.rows() - 1L) * g.yStride() + g.cout());
    }
}
