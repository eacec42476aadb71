package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;

/**
 * The matrix products of attention: like {@link RegisterTile#multiplyTransposed}, but as high as a divisor of the usual head
 * dimensions. 8, 40, 64, 80 and 160 are multiples of its 8 rows and not of 12, so no row is computed in vain.
 *
 * <p>Steps are arguments of the tile for AVX-512 even where they are constants here: C2 rearranges a loop whose steps it knows, and short
 * products then take half as long again.
 */
final class AttentionTile {

    /** Rows of a tile. */
    static final int ROWS = Width.MANY_REGISTERS ? 8 : 4;

    /** Columns of a tile: two vectors. */
    static final int COLUMNS = 2 * LANES;

    /** Bytes from row to row of a panel {@code [.., COLUMNS]}. */
    static final long ROW_BYTES = 2L * BYTES;

    private AttentionTile() {}

    /**
     * {@code out = a' b}.
     *
     * @param a address of {@code [depth, ROWS]} with {@code aStride} bytes a row
     * @param b address of {@code [depth, COLUMNS]}, dense
     * @param out address of {@code [ROWS, COLUMNS]}, dense
     */
    static void multiply(long a, long aStride, long b, int depth, long out) {
        if (Width.MANY_REGISTERS) {
            AttentionTile8x2.multiply(a, aStride, b, ROW_BYTES, depth, out);
        } else {
            RegisterTile4x2.multiplyTransposed(a, aStride, b, ROW_BYTES, depth, out);
        }
    }

    /**
     * {@code out = a b}.
     *
     * @param a address of {@code [ROWS, depth]} with {@code aStride} bytes a row
     * @param b address of {@code [depth, COLUMNS]}, dense
     * @param out address of {@code [ROWS, COLUMNS]}, dense
     */
    static void multiplyRows(long a, long aStride, long b, int depth, long out) {
        if (Width.MANY_REGISTERS) {
            AttentionTile8x2.multiplyRows(a, aStride, Float.BYTES, b, ROW_BYTES, depth, out);
        } else {
            AttentionTile4x2.multiplyRows(a, aStride, b, depth, out);
        }
    }
}
