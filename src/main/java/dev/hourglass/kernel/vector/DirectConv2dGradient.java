package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.RegisterTile.COLUMNS;
import static dev.hourglass.kernel.vector.RegisterTile.ROWS;

import dev.hourglass.kernel.Conv2dGeometry;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The gradient of a convolution's weights, for any geometry: the transposed im2col matrix times the output's gradient. The sum over output pixels is cut
 * into chunks that depend on the shape alone; an item is one chunk and one block of weight rows, and leaves its sum in a partial
 * {@code [padded depth + 1, padded cout]}, the bias gradient in the last row. Partials are then added up in order.
 */
final class DirectConv2dGradient implements WeightGradient {

    /** Weight rows of one item. */
    private static final int BLOCK_DEPTH = ROWS * 40;

    /** Output pixels gathered at a time. */
    private static final int BLOCK_ROWS = 128;

    /** Fewer output pixels than this are not worth a chunk of their own. */
    private static final int CHUNK_ROWS = 256;

    private static final int MAX_CHUNKS = 16;

    /** Rows of the weight gradient that one item adds up. */
    private static final int REDUCE_ROWS = 32;

    /** Floats from row to row of a gathered block: an odd number of cache lines, so that columns do not fall into one cache set. */
    private static final int BLOCK_STRIDE = (BLOCK_DEPTH / 16 | 1) * 16;

    /**
     * Pixels that are a multiple of so many floats apart have their lines in an eighth of a first-level cache's sets, or fewer, and a
     * block of them would be read from the second level for each register tile.
     */
    private static final int CROWDED_STRIDE = 128;

    @Override
    public long workspaceBytes(Conv2dGeometry g) {
        return (long) BLOCK_ROWS * (BLOCK_STRIDE + COLUMNS) * Float.BYTES + RegisterTile.BYTES_OUT;
    }

    @Override
    public int items(Conv2dGeometry g) {
        return chunks(g) * depthBlocks(g);
    }

    @Override
    public long partialBytes(Conv2dGeometry g) {
        return chunks(g) * partialFloats(g) * Float.BYTES;
    }

    @Override
    public void compute(Conv2dGeometry g, long x, long dy, MemorySegment partials, MemorySegment workspace, int item) {
        int chunk = item / depthBlocks(g);
        int k0 = item % depthBlocks(g) * BLOCK_DEPTH;
        int k1 = Math.min(k0 + BLOCK_DEPTH, g.depth());
        int begin = (int) ((long) g.rows() * chunk / chunks(g));
        int end = (int) ((long) g.rows() * (chunk + 1) / chunks(g));
        int width = DirectConv2d.panels(g) * COLUMNS;
        long partial = Memory.address(partials, chunk * partialFloats(g), partialFloats(g));
        long a = Memory.address(workspace, 0, workspaceBytes(g) / 4);
        long panel = a + (long) BLOCK_ROWS * BLOCK_STRIDE * 4;
        long tile = panel + (long) BLOCK_ROWS * COLUMNS * 4;
        for (int row = begin; row < end; row += BLOCK_ROWS) {
            int rows = Math.min(BLOCK_ROWS, end - row);
            boolean first = row == begin;
            Im2col.gather(g, x, row, rows, k0, k1, a, BLOCK_STRIDE);
            for (int c = 0; c < width; c += COLUMNS) {
                int columns = Math.min(COLUMNS, g.cout() - c);
                long from = dy + ((long) row * g.yStride() + c) * 4;
                boolean inPlace = columns == COLUMNS && g.yStride() % CROWDED_STRIDE != 0;
                if (!inPlace) {
                    packPanel(from, g.yStride(), rows, columns, panel);
                }
                long b = inPlace ? from : panel;
                long bStride = (inPlace ? g.yStride() : COLUMNS) * 4L;
                int count;
                for (int k = k0; k < k1; k += count) {
                    count = RegisterTile.next(k1 - k);
                    RegisterTile.multiplyTransposed(
                            a + (k - k0) * 4L, BLOCK_STRIDE * 4L, b, bStride, rows, tile, count);
                    addTile(tile, partial + ((long) k * width + c) * 4, width * 4L, count, first);
                }
                if (k0 == 0) {
                    long bias = partial + ((long) paddedDepth(g) * width + c) * 4;
                    if (first) {
                        Rows.zero(bias, COLUMNS);
                    }
                    BiasSums.add(b, bStride, rows, COLUMNS / LANES, bias);
                }
            }
        }
    }

    /** Copies part of the rows of the output's gradient into a dense panel, zero-padded. */
    private static void packPanel(long from, int stride, int rows, int columns, long panel) {
        for (int r = 0; r < rows; r++) {
            DirectConv2d.packRow(from + (long) r * stride * 4, panel + (long) r * COLUMNS * 4, columns);
        }
    }

    /** Adds a tile to partial sums, or starts them with it. */
    static void addTile(long tile, long to, long stride, int rows, boolean first) {
        if (first) {
            Merge.store(tile, to, stride, rows, COLUMNS);
        } else {
            Merge.add(tile, to, stride, to, stride, rows, COLUMNS);
        }
    }

    @Override
    public int reduceItems(Conv2dGeometry g) {
        return (g.depth() + REDUCE_ROWS - 1) / REDUCE_ROWS;
    }

    @Override
    public void reduce(
            Conv2dGeometry g,
            MemorySegment partials,
            MemorySegment dweight,
            MemorySegment dbias,
            boolean accumulate,
            MemorySegment workspace,
            int item) {
        int from = item * REDUCE_ROWS;
        int to = Math.min(from + REDUCE_ROWS, g.depth());
        long sums = Memory.address(partials, 0, chunks(g) * partialFloats(g));
        int width = DirectConv2d.panels(g) * COLUMNS;
        long dw = Memory.address(dweight, 0, (long) g.depth() * g.cout());
        for (int k = from; k < to; k++) {
            reduceRow(g, sums + (long) k * width * 4, dw + (long) k * g.cout() * 4, accumulate);
        }
        if (from == 0 && dbias != null) {
            long db = Memory.address(dbias, 0, g.cout());
            reduceRow(g, sums + (long) paddedDepth(g) * width * 4, db, accumulate);
        }
    }

    private static void reduceRow(Conv2dGeometry g, long sums, long to, boolean accumulate) {
        int chunks = chunks(g);
        long stride = partialFloats(g) * 4;
        int c = 0;
        for (; c <= g.cout() - LANES; c += LANES) {
            FloatVector sum =
                    FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (sums + c * 4L) & Memory.MASK, Memory.ORDER);
            for (int chunk = 1; chunk < chunks; chunk++) {
                sum = sum.add(FloatVector.fromMemorySegment(
                        Memory.S, Memory.ALL, (sums + chunk * stride + c * 4L) & Memory.MASK, Memory.ORDER));
            }
            if (accumulate) {
                FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (to + c * 4L) & Memory.MASK, Memory.ORDER)
                        .add(sum)
                        .intoMemorySegment(Memory.ALL, (to + c * 4L) & Memory.MASK, Memory.ORDER);
            } else {
                sum.intoMemorySegment(Memory.ALL, (to + c * 4L) & Memory.MASK, Memory.ORDER);
            }
        }
        for (; c < g.cout(); c++) {
            float sum = Memory.get(sums + c * 4L);
            for (int chunk = 1; chunk < chunks; chunk++) {
                sum += Memory.get(sums + chunk * stride + c * 4L);
            }
            Memory.set(to + c * 4L, accumulate ? Memory.get(to + c * 4L) + sum : sum);
        }
    }

    private static int chunks(Conv2dGeometry g) {
        return Math.clamp(g.rows() / CHUNK_ROWS, 1, MAX_CHUNKS);
    }

    private static int depthBlocks(Conv2dGeometry g) {
        return (g.depth() + BLOCK_DEPTH - 1) / BLOCK_DEPTH;
    }

    private static int paddedDepth(Conv2dGeometry g) {
        return (g.depth() + ROWS - 1) / ROWS * ROWS;
    }

    private static long partialFloats(Conv2dGeometry g) {
        return (paddedDepth(g) + 1L) * DirectConv2d.panels(g) * COLUMNS;
    }
}
