package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.RegisterTile.BYTES_ROW;
import static dev.hourglass.kernel.vector.RegisterTile.COLUMNS;

import jdk.incubator.vector.FloatVector;

/** Brings register tiles {@code [rows, COLUMNS]} to where they belong; strides are the bytes from row to row. */
final class Merge {

    private Merge() {}

    /** {@code y = tile}, whose rows are dense. */
    static void store(long tile, long y, long stride, int rows, int columns) {
        for (int r = 0; r < rows; r++) {
            Rows.copy(tile + r * BYTES_ROW, y + r * stride, columns);
        }
    }

    /**
     * {@code y = tile + plus}, the tile's rows being dense.
     *
     * @param plus address of a matrix, or of one row that all rows have in common if {@code plusStride} is 0
     * @param y may be {@code plus}
     */
    static void add(long tile, long plus, long plusStride, long y, long stride, int rows, int columns) {
        if (columns < COLUMNS) {
            for (int r = 0; r < rows; r++) {
                Rows.add(tile + r * BYTES_ROW, plus + r * plusStride, y + r * stride, columns);
            }
            return;
        }
        for (int r = 0; r < rows; r++) {
            long from = (tile + r * BYTES_ROW) & Memory.MASK;
            long with = (plus + r * plusStride) & Memory.MASK;
            long to = (y + r * stride) & Memory.MASK;
            FloatVector.fromMemorySegment(Memory.S, Memory.ALL, from, Memory.ORDER)
                    .add(FloatVector.fromMemorySegment(Memory.S, Memory.ALL, with, Memory.ORDER))
                    .intoMemorySegment(Memory.ALL, to, Memory.ORDER);
            FloatVector.fromMemorySegment(Memory.S, Memory.ALL, from + BYTES, Memory.ORDER)
                    .add(FloatVector.fromMemorySegment(Memory.S, Memory.ALL, with + BYTES, Memory.ORDER))
                    .intoMemorySegment(Memory.ALL, to + BYTES, Memory.ORDER);
        }
    }
}
