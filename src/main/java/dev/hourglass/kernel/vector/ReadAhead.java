package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.STEP;

/**
 * Brings memory near before it is needed. Java has no prefetch instruction, and a plain load that waits holds up all that comes after
 * it once the processor's window is full. So it pays in two ways: in small portions between longer work, for memory that is about as far
 * as the third-level cache, and as many loads at once that wait together, best in several streams.
 */
final class ReadAhead {

    /** Streams that run side by side, at most. */
    static final int STREAMS = 4;

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
     * Touches cache lines in streams side by side: a core fetches ahead in each of them, and memory that others keep busy gives them twice
     * as much as a single one (PERF.md).
     *
     * @param first address where the first stream begins
     * @param apart bytes from stream to stream
     * @param count how many streams, up to {@link #STREAMS}
     * @param bytes length of a stream
     * @param scratch address of a float to write
     */
    static void touchInStreams(long first, long apart, int count, long bytes, long scratch) {
        long second = Math.min(1, count - 1) * apart & STEP;
        long third = Math.min(2, count - 1) * apart & STEP;
        long fourth = (count - 1) * apart & STEP;
        int bits0 = 0, bits1 = 0, bits2 = 0, bits3 = 0;
        long at = first & MASK;
        long end = at + bytes;
        while (at < end) {
            bits0 |= Memory.bits(at);
            bits1 |= Memory.bits(at + second);
            bits2 |= Memory.bits(at + third);
            bits3 |= Memory.bits(at + fourth);
            at = (at + LINE) & MASK;
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
