package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.RegisterTile.COLUMNS;

import jdk.incubator.vector.FloatVector;

/** Brings finished register tiles {@code [rows, COLUMNS]} to where they belong: matrices with {@code stride} bytes a row. */
final class Merge {

    private Merge() {}

    /** {@code y = tile + bias}, row by row. */
    static void start(long tile, long bias, long y, long stride, int rows, int columns) {
        if (columns == COLUMNS) {
            FloatVector b0 = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, bias & Memory.MASK, Memory.ORDER);
            FloatVector b1 =
                    FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (bias + BYTES) & Memory.MASK, Memory.ORDER);
            for (int r = 0; r < rows; r++) {
                long from = tile + r * 2L * BYTES;
                long to = y + r * stride;
                FloatVector.fromMemorySegment(Memory.S, Memory.ALL, from & Memory.MASK, Memory.ORDER)
                        .add(b0)
                        .intoMemorySegment(Memory.ALL, to & Memory.MASK, Memory.ORDER);
                FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (from + BYTES) & Memory.MASK, Memory.ORDER)
                        .add(b1)
                        .intoMemorySegment(Memory.ALL, (to + BYTES) & Memory.MASK, Memory.ORDER);
            }
        } else {
            for (int r = 0; r < rows; r++) {
                Rows.add(tile + r * 2L * BYTES, bias, y + r * stride, columns);
            }
        }
    }

    /** {@code y = tile + bias + addend}; {@code addend} has the stride of {@code y} and may be {@code y}. */
    static void startAdded(long tile, long bias, long addend, long y, long stride, int rows, int columns) {
        if (columns == COLUMNS) {
            for (int r = 0; r < rows; r++) {
                long from = tile + r * 2L * BYTES;
                long plus = addend + r * stride;
                long to = y + r * stride;
                FloatVector.fromMemorySegment(Memory.S, Memory.ALL, from & Memory.MASK, Memory.ORDER)
                        .add(FloatVector.fromMemorySegment(Memory.S, Memory.ALL, bias & Memory.MASK, Memory.ORDER))
                        .add(FloatVector.fromMemorySegment(Memory.S, Memory.ALL, plus & Memory.MASK, Memory.ORDER))
                        .intoMemorySegment(Memory.ALL, to & Memory.MASK, Memory.ORDER);
                FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (from + BYTES) & Memory.MASK, Memory.ORDER)
                        .add(FloatVector.fromMemorySegment(
                                Memory.S, Memory.ALL, (bias + BYTES) & Memory.MASK, Memory.ORDER))
                        .add(FloatVector.fromMemorySegment(
                                Memory.S, Memory.ALL, (plus + BYTES) & Memory.MASK, Memory.ORDER))
                        .intoMemorySegment(Memory.ALL, (to + BYTES) & Memory.MASK, Memory.ORDER);
            }
        } else {
            for (int r = 0; r < rows; r++) {
                for (int c = 0; c < columns; c++) {
                    float sum = Memory.get(tile + (r * (long) COLUMNS + c) * 4) + Memory.get(bias + c * 4L);
                    Memory.set(y + r * stride + c * 4L, sum + Memory.get(addend + r * stride + c * 4L));
                }
            }
        }
    }

    /** {@code y = tile}. */
    static void store(long tile, long y, long stride, int rows, int columns) {
        for (int r = 0; r < rows; r++) {
            Rows.copy(tile + r * 2L * BYTES, y + r * stride, columns);
        }
    }

    /** {@code y += tile}. */
    static void add(long tile, long y, long stride, int rows, int columns) {
        if (columns == COLUMNS) {
            for (int r = 0; r < rows; r++) {
                long from = tile + r * 2L * BYTES;
                long to = y + r * stride;
                FloatVector.fromMemorySegment(Memory.S, Memory.ALL, from & Memory.MASK, Memory.ORDER)
                        .add(FloatVector.fromMemorySegment(Memory.S, Memory.ALL, to & Memory.MASK, Memory.ORDER))
                        .intoMemorySegment(Memory.ALL, to & Memory.MASK, Memory.ORDER);
                FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (from + BYTES) & Memory.MASK, Memory.ORDER)
                        .add(FloatVector.fromMemorySegment(
                                Memory.S, Memory.ALL, (to + BYTES) & Memory.MASK, Memory.ORDER))
                        .intoMemorySegment(Memory.ALL, (to + BYTES) & Memory.MASK, Memory.ORDER);
            }
        } else {
            for (int r = 0; r < rows; r++) {
                Rows.add(tile + r * 2L * BYTES, y + r * stride, y + r * stride, columns);
            }
        }
    }
}
