package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import jdk.incubator.vector.FloatVector;

/** Runs of floats by address. */
final class Rows {

    private Rows() {}

    /** {@code y = x}. */
    static void copy(long x, long y, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector.fromMemorySegment(S, ALL, (x + i * 4L) & MASK, ORDER)
                    .intoMemorySegment(ALL, (y + i * 4L) & MASK, ORDER);
        }
        for (; i < count; i++) {
            Memory.set(y + i * 4L, Memory.get(x + i * 4L));
        }
    }

    /** {@code y = 0}. */
    static void zero(long y, int count) {
        FloatVector zero = FloatVector.zero(S);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            zero.intoMemorySegment(ALL, (y + i * 4L) & MASK, ORDER);
        }
        for (; i < count; i++) {
            Memory.set(y + i * 4L, 0f);
        }
    }

    /** {@code y = a + b}; {@code y} may be {@code a} or {@code b}. */
    static void add(long a, long b, long y, int count) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector.fromMemorySegment(S, ALL, (a + i * 4L) & MASK, ORDER)
                    .add(FloatVector.fromMemorySegment(S, ALL, (b + i * 4L) & MASK, ORDER))
                    .intoMemorySegment(ALL, (y + i * 4L) & MASK, ORDER);
        }
        for (; i < count; i++) {
            Memory.set(y + i * 4L, Memory.get(a + i * 4L) + Memory.get(b + i * 4L));
        }
    }

    /** {@code y += factor * x}. */
    static void addScaled(long x, float factor, long y, int count) {
        FloatVector factors = FloatVector.broadcast(S, factor);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector.fromMemorySegment(S, ALL, (x + i * 4L) & MASK, ORDER)
                    .fma(factors, FloatVector.fromMemorySegment(S, ALL, (y + i * 4L) & MASK, ORDER))
                    .intoMemorySegment(ALL, (y + i * 4L) & MASK, ORDER);
        }
        for (; i < count; i++) {
            Memory.set(y + i * 4L, Math.fma(Memory.get(x + i * 4L), factor, Memory.get(y + i * 4L)));
        }
    }

    /** {@code y (+)= a b}; {@code y} may be {@code a} or {@code b}. */
    static void multiply(long a, long b, long y, int count, boolean accumulate) {
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector product = FloatVector.fromMemorySegment(S, ALL, (a + i * 4L) & MASK, ORDER)
                    .mul(FloatVector.fromMemorySegment(S, ALL, (b + i * 4L) & MASK, ORDER));
            if (accumulate) {
                FloatVector.fromMemorySegment(S, ALL, (y + i * 4L) & MASK, ORDER)
                        .add(product)
                        .intoMemorySegment(ALL, (y + i * 4L) & MASK, ORDER);
            } else {
                product.intoMemorySegment(ALL, (y + i * 4L) & MASK, ORDER);
            }
        }
        for (; i < count; i++) {
            float product = Memory.get(a + i * 4L) * Memory.get(b + i * 4L);
            Memory.set(y + i * 4L, accumulate ? Memory.get(y + i * 4L) + product : product);
        }
    }
}
