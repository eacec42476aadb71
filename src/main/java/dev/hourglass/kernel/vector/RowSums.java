package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import jdk.incubator.vector.FloatVector;

/**
 * Sums along one row, in several lanes and short blocks, whose sums are added in double. Within a block the lanes are added as a tree
 * (see {@link Lanes}): a row is short, and lane after lane would take longer than the row.
 */
final class RowSums {

    private static final int BLOCK = 1024;

    private RowSums() {}

    /** The sum of {@code x - origin}. */
    static double differences(long x, float origin, int count) {
        double sum = 0;
        for (int i = 0; i < count; i += BLOCK) {
            sum += differencesOfBlock(x + i * 4L, origin, Math.min(BLOCK, count - i));
        }
        return sum;
    }

    /** The sum of {@code (x - mean - rest)^2}. */
    static double squares(long x, float mean, float rest, int count) {
        double sum = 0;
        for (int i = 0; i < count; i += BLOCK) {
            sum += squaresOfBlock(x + i * 4L, mean, rest, Math.min(BLOCK, count - i));
        }
        return sum;
    }

    /** The sum of {@code a b}. */
    static double products(long a, long b, int count) {
        double sum = 0;
        for (int i = 0; i < count; i += BLOCK) {
            sum += productsOfBlock(a + i * 4L, b + i * 4L, Math.min(BLOCK, count - i));
        }
        return sum;
    }

    /** The sum of {@code a b (x - mean - rest)}. */
    static double products(long a, long b, long x, float mean, float rest, int count) {
        double sum = 0;
        for (int i = 0; i < count; i += BLOCK) {
            long at = i * 4L;
            sum += productsOfBlock(a + at, b + at, x + at, mean, rest, Math.min(BLOCK, count - i));
        }
        return sum;
    }

    private static double differencesOfBlock(long x, float origin, int count) {
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = s0;
        int i = 0;
        for (; i <= count - 2 * LANES; i += 2 * LANES) {
            long at = (x + i * 4L) & MASK;
            s0 = s0.add(FloatVector.fromMemorySegment(S, ALL, at, ORDER).sub(origin));
            s1 = s1.add(FloatVector.fromMemorySegment(S, ALL, at + BYTES, ORDER).sub(origin));
        }
        if (i <= count - LANES) {
            s0 = s0.add(FloatVector.fromMemorySegment(S, ALL, (x + i * 4L) & MASK, ORDER)
                    .sub(origin));
            i += LANES;
        }
        s0 = s0.add(s1);
        s0 = s0.add(s0.rearrange(Lanes.BY_HALF));
        s0 = s0.add(s0.rearrange(Lanes.BY_QUARTER));
        if (LANES >= 8) {
            s0 = s0.add(s0.rearrange(Lanes.BY_EIGHTH));
        }
        if (LANES >= 16) {
            s0 = s0.add(s0.rearrange(Lanes.BY_SIXTEENTH));
        }
        double sum = s0.lane(0);
        for (; i < count; i++) {
            sum += (double) Memory.get(x + i * 4L) - origin;
        }
        return sum;
    }

    private static double squaresOfBlock(long x, float mean, float rest, int count) {
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = s0;
        int i = 0;
        for (; i <= count - 2 * LANES; i += 2 * LANES) {
            long at = (x + i * 4L) & MASK;
            FloatVector d0 =
                    FloatVector.fromMemorySegment(S, ALL, at, ORDER).sub(mean).sub(rest);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, at + BYTES, ORDER)
                    .sub(mean)
                    .sub(rest);
            s0 = d0.fma(d0, s0);
            s1 = d1.fma(d1, s1);
        }
        if (i <= count - LANES) {
            FloatVector d = FloatVector.fromMemorySegment(S, ALL, (x + i * 4L) & MASK, ORDER)
                    .sub(mean)
                    .sub(rest);
            s0 = d.fma(d, s0);
            i += LANES;
        }
        s0 = s0.add(s1);
        s0 = s0.add(s0.rearrange(Lanes.BY_HALF));
        s0 = s0.add(s0.rearrange(Lanes.BY_QUARTER));
        if (LANES >= 8) {
            s0 = s0.add(s0.rearrange(Lanes.BY_EIGHTH));
        }
        if (LANES >= 16) {
            s0 = s0.add(s0.rearrange(Lanes.BY_SIXTEENTH));
        }
        double sum = s0.lane(0);
        for (; i < count; i++) {
            double d = (double) Memory.get(x + i * 4L) - mean - rest;
            sum += d * d;
        }
        return sum;
    }

    private static double productsOfBlock(long a, long b, int count) {
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = s0;
        int i = 0;
        for (; i <= count - 2 * LANES; i += 2 * LANES) {
            long left = (a + i * 4L) & MASK;
            long right = (b + i * 4L) & MASK;
            s0 = FloatVector.fromMemorySegment(S, ALL, left, ORDER)
                    .fma(FloatVector.fromMemorySegment(S, ALL, right, ORDER), s0);
            s1 = FloatVector.fromMemorySegment(S, ALL, left + BYTES, ORDER)
                    .fma(FloatVector.fromMemorySegment(S, ALL, right + BYTES, ORDER), s1);
        }
        if (i <= count - LANES) {
            s0 = FloatVector.fromMemorySegment(S, ALL, (a + i * 4L) & MASK, ORDER)
                    .fma(FloatVector.fromMemorySegment(S, ALL, (b + i * 4L) & MASK, ORDER), s0);
            i += LANES;
        }
        s0 = s0.add(s1);
        s0 = s0.add(s0.rearrange(Lanes.BY_HALF));
        s0 = s0.add(s0.rearrange(Lanes.BY_QUARTER));
        if (LANES >= 8) {
            s0 = s0.add(s0.rearrange(Lanes.BY_EIGHTH));
        }
        if (LANES >= 16) {
            s0 = s0.add(s0.rearrange(Lanes.BY_SIXTEENTH));
        }
        double sum = s0.lane(0);
        for (; i < count; i++) {
            sum += (double) Memory.get(a + i * 4L) * Memory.get(b + i * 4L);
        }
        return sum;
    }

    private static double productsOfBlock(long a, long b, long x, float mean, float rest, int count) {
        FloatVector s0 = FloatVector.zero(S);
        FloatVector s1 = s0;
        int i = 0;
        for (; i <= count - 2 * LANES; i += 2 * LANES) {
            long left = (a + i * 4L) & MASK;
            long right = (b + i * 4L) & MASK;
            long at = (x + i * 4L) & MASK;
            FloatVector d0 =
                    FloatVector.fromMemorySegment(S, ALL, at, ORDER).sub(mean).sub(rest);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, at + BYTES, ORDER)
                    .sub(mean)
                    .sub(rest);
            s0 = FloatVector.fromMemorySegment(S, ALL, left, ORDER)
                    .mul(FloatVector.fromMemorySegment(S, ALL, right, ORDER))
                    .fma(d0, s0);
            s1 = FloatVector.fromMemorySegment(S, ALL, left + BYTES, ORDER)
                    .mul(FloatVector.fromMemorySegment(S, ALL, right + BYTES, ORDER))
                    .fma(d1, s1);
        }
        if (i <= count - LANES) {
            FloatVector d = FloatVector.fromMemorySegment(S, ALL, (x + i * 4L) & MASK, ORDER)
                    .sub(mean)
                    .sub(rest);
            s0 = FloatVector.fromMemorySegment(S, ALL, (a + i * 4L) & MASK, ORDER)
                    .mul(FloatVector.fromMemorySegment(S, ALL, (b + i * 4L) & MASK, ORDER))
                    .fma(d, s0);
            i += LANES;
        }
        s0 = s0.add(s1);
        s0 = s0.add(s0.rearrange(Lanes.BY_HALF));
        s0 = s0.add(s0.rearrange(Lanes.BY_QUARTER));
        if (LANES >= 8) {
            s0 = s0.add(s0.rearrange(Lanes.BY_EIGHTH));
        }
        if (LANES >= 16) {
            s0 = s0.add(s0.rearrange(Lanes.BY_SIXTEENTH));
        }
        double sum = s0.lane(0);
        for (; i < count; i++) {
            double d = (double) Memory.get(x + i * 4L) - mean - rest;
            sum += (double) Memory.get(a + i * 4L) * Memory.get(b + i * 4L) * d;
        }
        return sum;
    }
}
