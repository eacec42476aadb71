package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.MASK;

/**
 * Brings memory near before it is needed. Java has no prefetch instruction, and a plain load that waits holds up all that comes after
 * it once the processor's window is full. So it pays in two ways: in small portions between longer work, for memory that is about as far
 * as the third-level cache, and as many loads at once that wait together.
 */
final class ReadAhead {

    private static final long LINE = 64;

    private ReadAhead() {}

    /**
     * Touches the cache lines of {@code [from, to)}, four a round: what goes round takes room in the window that loads could have.
     *
     * @param scratch address of a float to write, so that the loads are not taken for useless
     */
    static void touch(long from, long to, long scratch) {
        int bits0 = 0, bits1 = 0, bits2 = 0, bits3 = 0;
        long at = from & MASK;
        long last = to - 3 * LINE;
        for (; at < last; at = (at + 4 * LINE) & MASK) {
            bits0 |= Memory.bits(at);
            bits1 |= Memory.bits(at + LINE);
            bits2 |= Memory.bits(at + 2 * LINE);
            bits3 |= Memory.bits(at + 3 * LINE);
        }
        for (; at < to; at += LINE) {
            bits0 |= Memory.bits(at);
        }
        Memory.setBits(scratch, bits0 | bits1 | bits2 | bits3);
    }

    /**
     * Touches the cache lines of some rows.
     *
     * @param stride bytes from row to row
     * @param bytes length of a row
     * @param scratch address of a float to write
     */
    static void touchRows(long first, long stride, int rows, long bytes, long scratch) {
        if (stride == bytes) {
            touch(first, first + rows * stride, scratch);
            return;
        }
        for (int r = 0; r < rows; r++) {
            touch(first + r * stride, first + r * stride + bytes, scratch);
        }
    }
}
