package dev.hourglass.kernel.vector;

/**
 * Brings memory near before it is needed. Java has no prefetch instruction, and a plain load that waits holds up all that comes after
 * it once the processor's window is full; so it pays only in small portions between longer work, for memory that is about as far as the
 * third-level cache.
 */
final class ReadAhead {

    private static final long LINE = 64;

    private ReadAhead() {}

    /**
     * Touches the cache lines of {@code [from, to)}.
     *
     * @param scratch address of a float to write, so that the loads are not taken for useless
     */
    static void touch(long from, long to, long scratch) {
        float sum = 0;
        for (long at = from; at < to; at += LINE) {
            sum += Memory.get(at);
        }
        Memory.set(scratch, sum);
    }
}
