package dev.hourglass.kernel.vector;

import jdk.incubator.vector.FloatVector;

/** Runs of floats by address. */
final class Rows {

    private Rows() {}

    /** {@code y = x}. */
    static void copy(long x, long y, long count) {
        long i = 0;
        for (; i <= count - Memory.LANES; i += Memory.LANES) {
            FloatVector.fromMemorySegment(Memory.S, Memory.ALL, x + i * Float.BYTES, Memory.ORDER)
                    .intoMemorySegment(Memory.ALL, y + i * Float.BYTES, Memory.ORDER);
        }
        for (; i < count; i++) {
            Memory.set(y + i * Float.BYTES, Memory.get(x + i * Float.BYTES));
        }
    }

    /** {@code y = 0}. */
    static void zero(long y, long count) {
        FloatVector zero = FloatVector.zero(Memory.S);
        long i = 0;
        for (; i <= count - Memory.LANES; i += Memory.LANES) {
            zero.intoMemorySegment(Memory.ALL, y + i * Float.BYTES, Memory.ORDER);
        }
        for (; i < count; i++) {
            Memory.set(y + i * Float.BYTES, 0f);
        }
    }

    /** {@code y = a + b}; {@code y} may be {@code a} or {@code b}. */
    static void add(long a, long b, long y, long count) {
        long i = 0;
        for (; i <= count - Memory.LANES; i += Memory.LANES) {
            long at = i * Float.BYTES;
            FloatVector.fromMemorySegment(Memory.S, Memory.ALL, a + at, Memory.ORDER)
                    .add(FloatVector.fromMemorySegment(Memory.S, Memory.ALL, b + at, Memory.ORDER))
                    .intoMemorySegment(Memory.ALL, y + at, Memory.ORDER);
        }
        for (; i < count; i++) {
            long at = i * Float.BYTES;
            Memory.set(y + at, Memory.get(a + at) + Memory.get(b + at));
        }
    }
}
