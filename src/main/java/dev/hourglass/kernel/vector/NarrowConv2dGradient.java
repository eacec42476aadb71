package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;
import static dev.hourglass.kernel.vector.NarrowConv2d.DEPTH;

import dev.hourglass.kernel.Conv2dGeometry;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The gradient of the weights of a convolution to few channels (see {@link NarrowConv2d}): the lanes run along the depth, and each output
 * channel adds multiples of gathered rows of the im2col matrix up. The sum over output pixels is cut into chunks that depend on the shape
 * alone; an item is one chunk, and leaves its sum in a partial {@code [cout, padded depth]}, then the bias gradient {@code [cout]}.
 */
final class NarrowConv2dGradient implements WeightGradient {

    /** Output pixels gathered at a time. */
    private static final int BLOCK_ROWS = 96;

    /** Fewer output pixels than this are not worth a chunk of their own. */
    private static final int CHUNK_ROWS = 256;

    private static final int MAX_CHUNKS = 16;

    /** Vectors of the depth whose sums are kept in registers. */
    private static final int STRIPE = 4;

    /** Floats from row to row of a gathered block. */
    private static final int BLOCK_STRIDE = DEPTH + 16;

    @Override
    public int items(Conv2dGeometry g) {
        return chunks(g);
    }

    @Override
    public long partialBytes(Conv2dGeometry g) {
        return chunks(g) * partialFloats(g) * Float.BYTES;
    }

    @Override
    public long workspaceBytes(Conv2dGeometry g) {
        return (long) BLOCK_ROWS * BLOCK_STRIDE * Float.BYTES;
    }

    @Override
    public void compute(Conv2dGeometry g, long x, long dy, MemorySegment partials, MemorySegment workspace, int item) {
        int begin = (int) ((long) g.rows() * item / chunks(g));
        int end = (int) ((long) g.rows() * (item + 1) / chunks(g));
        long partial = Memory.address(partials, item * partialFloats(g), partialFloats(g));
        long a = Memory.address(workspace, 0, workspaceBytes(g) / 4);
        Rows.zero(partial, Math.toIntExact(partialFloats(g)));
        for (int row = begin; row < end; row += BLOCK_ROWS) {
            int rows = Math.min(BLOCK_ROWS, end - row);
            long from = dy + (long) row * g.yStride() * 4;
            for (int k0 = 0; k0 < g.depth(); k0 += DEPTH) {
                int vectors = NarrowConv2d.gather(g, x, row, rows, k0, a, BLOCK_STRIDE);
                for (int c = 0; c < g.cout(); c++) {
                    long to = partial + ((long) c * NarrowConv2d.paddedDepth(g) + k0) * 4;
                    addRows(a, from + c * 4L, g.yStride() * 4L, rows, vectors, to);
                }
            }
            for (int c = 0; c < g.cout(); c++) {
                long to = partial + ((long) g.cout() * NarrowConv2d.paddedDepth(g) + c) * 4;
                float sum = 0;
                for (int r = 0; r < rows; r++) {
                    sum += Memory.get(from + ((long) r * g.yStride() + c) * 4);
                }
                Memory.set(to, Memory.get(to) + sum);
            }
        }
    }

    /** {@code to += sum over rows of dy[row] a[row]}. */
    private static void addRows(long a, long dy, long dyStep, int rows, int vectors, long to) {
        int v = 0;
        for (; v <= vectors - STRIPE; v += STRIPE) {
            stripe(a + (long) v * BYTES, dy, dyStep, rows, to + (long) v * BYTES);
        }
        for (; v < vectors; v++) {
            vector(a + (long) v * BYTES, dy, dyStep, rows, to + (long) v * BYTES);
        }
    }

    private static void stripe(long a, long dy, long dyStep, int rows, long to) {
        long at = to & MASK;
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = FloatVector.zero(S);
        FloatVector s2 = FloatVector.zero(S);
        FloatVector s3 = FloatVector.zero(S);
        for (int r = 0; r < rows; r++) {
            long row = (a + r * (BLOCK_STRIDE * 4L)) & MASK;
            FloatVector factor = FloatVector.broadcast(S, Memory.get(dy + r * dyStep));
            s0 = FloatVector.fromMemorySegment(S, ALL, row, ORDER).fma(factor, s0);
            s1 = FloatVector.fromMemorySegment(S, ALL, row + BYTES, ORDER).fma(factor, s1);
            s2 = FloatVector.fromMemorySegment(S, ALL, row + 2L * BYTES, ORDER).fma(factor, s2);
            s3 = FloatVector.fromMemorySegment(S, ALL, row + 3L * BYTES, ORDER).fma(factor, s3);
        }
        FloatVector.fromMemorySegment(S, ALL, at, ORDER).add(s0).intoMemorySegment(ALL, at, ORDER);
        FloatVector.fromMemorySegment(S, ALL, at + BYTES, ORDER).add(s1).intoMemorySegment(ALL, at + BYTES, ORDER);
        FloatVector.fromMemorySegment(S, ALL, at + 2L * BYTES, ORDER)
                .add(s2)
                .intoMemorySegment(ALL, at + 2L * BYTES, ORDER);
        FloatVector.fromMemorySegment(S, ALL, at + 3L * BYTES, ORDER)
                .add(s3)
                .intoMemorySegment(ALL, at + 3L * BYTES, ORDER);
    }

    private static void vector(long a, long dy, long dyStep, int rows, long to) {
        FloatVector sum = FloatVector.zero(S);
        for (int r = 0; r < rows; r++) {
            FloatVector factor = FloatVector.broadcast(S, Memory.get(dy + r * dyStep));
            sum = FloatVector.fromMemorySegment(S, ALL, (a + r * (BLOCK_STRIDE * 4L)) & MASK, ORDER)
                    .fma(factor, sum);
        }
        FloatVector.fromMemorySegment(S, ALL, to & MASK, ORDER).add(sum).intoMemorySegment(ALL, to & MASK, ORDER);
    }

    @Override
    public int reduceItems(Conv2dGeometry g) {
        return g.cout();
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
        long sums = Memory.address(partials, 0, chunks(g) * partialFloats(g));
        long dw = Memory.address(dweight, 0, (long) g.depth() * g.cout());
        long row = sums + (long) item * NarrowConv2d.paddedDepth(g) * 4;
        for (int k = 0; k < g.depth(); k++) {
            addUp(g, row + k * 4L, dw + ((long) k * g.cout() + item) * 4, accumulate);
        }
        if (dbias != null) {
            long bias = sums + ((long) g.cout() * NarrowConv2d.paddedDepth(g) + item) * 4;
            addUp(g, bias, Memory.address(dbias, item, 1), accumulate);
        }
    }

    /** Adds one number up over the chunks, in order. */
    private static void addUp(Conv2dGeometry g, long from, long to, boolean accumulate) {
        float sum = Memory.get(from);
        for (int chunk = 1; chunk < chunks(g); chunk++) {
            sum += Memory.get(from + chunk * partialFloats(g) * 4);
        }
        Memory.set(to, accumulate ? Memory.get(to) + sum : sum);
    }

    private static int chunks(Conv2dGeometry g) {
        return Math.clamp(g.rows() / CHUNK_ROWS, 1, MAX_CHUNKS);
    }

    private static long partialFloats(Conv2dGeometry g) {
        return (long) g.cout() * NarrowConv2d.paddedDepth(g) + g.cout();
    }
}
