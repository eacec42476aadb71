package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;

import java.lang.foreign.Arena;

/**
 * The innermost matrix product: {@link #ROWS} rows by {@link #COLUMNS} columns that stay in registers over the whole depth and are then
 * written. The tile's height follows from the number of vector registers.
 */
final class RegisterTile {

    /** Rows of a tile. */
    static final int ROWS = Width.MANY_REGISTERS ? 12 : 5;

    /** So many rows are done faster by short tiles. */
    private static final int SHORT = Width.MANY_REGISTERS ? 8 : 4;

    /** Columns of a tile: two vectors. */
    static final int COLUMNS = 2 * LANES;

    /**
     * The largest depth of a left matrix whose rows are {@link #STRIDE} apart. Without AVX-512 a panel of it stays in a first-level cache:
     * with 288 floats a 3x3 kernel over a multiple of 32 channels comes out even. Either way rows do not begin in the same cache set.
     */
    static final int DEPTH = Width.MANY_REGISTERS ? 1056 : 288;

    /**
     * Bytes from row to row of a left matrix, unless tiles take other strides: without AVX-512 a constant, so that rows are constant
     * offsets from one address.
     */
    static final long STRIDE = (long) DEPTH * Float.BYTES;

    /** After so many bytes the sets of a first-level cache begin anew. */
    private static final long SETS_BYTES = 4096;

    /** Rows that {@link #next} takes without looking at how many come after. */
    private static final int MANY = 16;

    /** Bytes of one row of a dense result. */
    static final long BYTES_ROW = 2L * BYTES;

    /** Bytes of the dense result. */
    static final long BYTES_OUT = ROWS * BYTES_ROW;

    /** Address of a row of zeros, for sums that begin with nothing. */
    static final long ZEROS = Arena.global().allocate(BYTES_ROW, BYTES).address();

    private RegisterTile() {}

    /**
     * How many rows the next tile takes where so many are left. Tiles of 5 and 4 share rows out so that none is computed in vain where
     * that is possible: 16 rows are four times 4, not three times 5 and a short tile for one. Only the last one may have fewer, because
     * it writes the others, too.
     */
    static int next(int left) {
        if (Width.MANY_REGISTERS || left > MANY) {
            return Math.min(ROWS, left);
        }
        int tiles = (left + ROWS - 1) / ROWS;
        return Math.min(left, Math.max(RegisterTile4x2.ROWS, (left + tiles - 1) / tiles));
    }

    /** Whether a tile of so many rows writes no others. */
    static boolean exact(int rows) {
        return rows == ROWS || rows % RegisterTile4x2.ROWS == 0;
    }

    /** How many rows tiles compute for so many: short ones are filled up. */
    static int computed(int rows) {
        int high = Math.max(0, rows - MANY) / ROWS * ROWS;
        int computed = high;
        int height;
        for (int left = rows - high; left > 0; left -= height) {
            height = next(left);
            int unit = exact(height) ? 1 : RegisterTile4x2.ROWS;
            computed += (height + unit - 1) / unit * unit;
        }
        return computed;
    }

    /**
     * How many of the first rows {@link #multiply} reads where they lie, so many bytes apart: those of whole tiles, where tiles are of 12
     * rows. Rows that begin within half a line of the same set of a cache would push each other out of it.
     */
    static int inPlace(int rows, long stride) {
        boolean apart = (stride + 32) % SETS_BYTES >= 64 && stride <= Memory.STEP / ROWS;
        return Width.MANY_REGISTERS && apart ? rows / ROWS * ROWS : 0;
    }

    /**
     * {@code out = start + a b}: each sum begins with its column's start.
     *
     * @param a address of {@code [ROWS, depth]}
     * @param aStride bytes from row to row of {@code a}, up to {@link Memory#STEP} in all: any with AVX-512, without {@link #STRIDE}
     * @param b address of {@code [depth, COLUMNS]}, dense
     * @param depth up to the row's length
     * @param start address of {@code [COLUMNS]}; {@link #ZEROS} for none
     * @param out address of {@code [ROWS, COLUMNS]} with {@code outStride} bytes a row
     * @param rows how many of the rows matter; the others may be written, too
     */
    static void multiply(long a, long aStride, long b, int depth, long start, long out, long outStride, int rows) {
        if (rows <= SHORT) {
            for (int r = 0; r < rows; r += RegisterTile4x2.ROWS) {
                RegisterTile4x2.multiply(a + r * aStride, aStride, b, depth, start, out + r * outStride, outStride);
            }
        } else if (Width.MANY_REGISTERS) {
            RegisterTile12x2.multiply(a, aStride, b, depth, start, out, outStride);
        } else {
            RegisterTile5x2.multiply(a, b, depth, start, out, outStride);
        }
    }

    /**
     * {@code out = plus + a b}: what is added comes last, so that the sums of a deep product are sums of its blocks.
     *
     * @param plus address of {@code [ROWS, COLUMNS]} with {@code plusStride} bytes a row; may be {@code out}
     * @param scratch address of {@link #BYTES_OUT} bytes
     * @param rows how many rows there are; no others are written
     */
    static void multiplyAdd(
            long a,
            long aStride,
            long b,
            int depth,
            long plus,
            long plusStride,
            long out,
            long outStride,
            int rows,
            long scratch) {
        multiply(a, aStride, b, depth, ZEROS, scratch, BYTES_ROW, rows);
        Merge.add(scratch, plus, plusStride, out, outStride, rows, COLUMNS);
    }

    /**
     * {@code out = a' b}.
     *
     * @param a address of {@code [depth, ROWS]} with {@code aStride} bytes a row
     * @param b address of {@code [depth, COLUMNS]} with {@code bStride} bytes a row
     * @param out address of {@code [ROWS, COLUMNS]}, dense
     * @param rows how many of the rows of {@code out} matter
     */
    static void multiplyTransposed(long a, long aStride, long b, long bStride, int depth, long out, int rows) {
        if (rows <= SHORT) {
            for (int r = 0; r < rows; r += RegisterTile4x2.ROWS) {
                long to = out + (long) r * COLUMNS * Float.BYTES;
                RegisterTile4x2.multiplyTransposed(a + r * 4L, aStride, b, bStride, depth, to);
            }
        } else if (Width.MANY_REGISTERS) {
            RegisterTile12x2.multiplyTransposed(a, aStride, b, bStride, depth, out);
        } else {
            RegisterTile5x2.multiplyTransposed(a, aStride, b, bStride, depth, out);
        }
    }
}
