package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShuffle;

/**
 * Turns rows into columns, a square block of as many rows as a vector has lanes after the other. A perfect shuffle, which interleaves the
 * upper half of a matrix with the lower, rotates the bits of the elements' places by one; after as many as a row's number has bits, row and
 * column have changed places (Stone 1971). All shuffles are the same few instructions, where a transposition in registers has many more
 * than fit into one method.
 */
final class Transpose {

    private static final VectorShuffle<Float> LOWER = VectorShuffle.makeZip(S, 0);
    private static final VectorShuffle<Float> UPPER = VectorShuffle.makeZip(S, 1);

    private static final int SHUFFLES = Integer.numberOfTrailingZeros(LANES);

    private static final long BLOCK_BYTES = (long) LANES * BYTES;

    /** What {@link #copy} needs for itself. */
    static final long SCRATCH_BYTES = 2 * BLOCK_BYTES;

    private Transpose() {}

    /**
     * {@code y[c, r] = x[r, c]}.
     *
     * @param x address of {@code [rows, columns]} with {@code xStride} bytes a row
     * @param y address of {@code [columns, rows]} with {@code yStride} bytes a row
     * @param scratch address of {@link #SCRATCH_BYTES}
     */
    static void copy(long x, long xStride, int rows, int columns, long y, long yStride, long scratch) {
        int wholeRows = rows / LANES * LANES;
        int wholeColumns = columns / LANES * LANES;
        for (int r = 0; r < wholeRows; r += LANES) {
            for (int c = 0; c < wholeColumns; c += LANES) {
                block(x + r * xStride + c * 4L, xStride, y + c * yStride + r * 4L, yStride, scratch);
            }
        }
        single(x + wholeColumns * 4L, xStride, wholeRows, columns - wholeColumns, y + wholeColumns * yStride, yStride);
        single(x + wholeRows * xStride, xStride, rows - wholeRows, columns, y + wholeRows * 4L, yStride);
    }

    /** One square block. */
    private static void block(long x, long xStride, long y, long yStride, long scratch) {
        long from = x;
        long stride = xStride;
        for (int k = 1; k < SHUFFLES; k++) {
            long to = scratch + k % 2 * BLOCK_BYTES;
            shuffle(from, stride, to, BYTES);
            from = to;
            stride = BYTES;
        }
        shuffle(from, stride, y, yStride);
    }

    /** Rows of the upper half go to even places, those of the lower half to odd places. */
    private static void shuffle(long x, long xStride, long y, long yStride) {
        for (int k = 0; k < LANES / 2; k++) {
            long first = (x + k * xStride) & MASK;
            long second = (x + (k + LANES / 2) * xStride) & MASK;
            FloatVector a = FloatVector.fromMemorySegment(S, ALL, first, ORDER);
            FloatVector b = FloatVector.fromMemorySegment(S, ALL, second, ORDER);
            a.rearrange(LOWER, b).intoMemorySegment(ALL, (y + 2 * k * yStride) & MASK, ORDER);
            a.rearrange(UPPER, b).intoMemorySegment(ALL, (y + (2 * k + 1) * yStride) & MASK, ORDER);
        }
    }

    /** Number by number. */
    private static void single(long x, long xStride, int rows, int columns, long y, long yStride) {
        for (int c = 0; c < columns; c++) {
            long from = x + c * 4L;
            long to = y + c * yStride;
            for (int r = 0; r < rows; r++) {
                Memory.set(to + r * 4L, Memory.get(from + r * xStride));
            }
        }
    }
}
