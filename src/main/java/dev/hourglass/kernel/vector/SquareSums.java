package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import jdk.incubator.vector.FloatVector;

/**
 * Sums of squares, a block at a time, so that the short loops are compiled after few calls. What differences, products and additions
 * round off is kept in a second sum (see {@link ColumnSums}), so that the result is as good as one in double.
 *
 * <p>Lanes are taken out by constant numbers, written out: vectors that a loop rearranges were boxed in one process of several.
 */
final class SquareSums {

    private static final int BLOCK = 256;

    private SquareSums() {}

    /** The sum of {@code a^2}. */
    static double of(long a, long count) {
        double sum = 0;
        for (long i = 0; i < count; i += BLOCK) {
            sum += block(a + i * 4, (int) Math.min(BLOCK, count - i));
        }
        return sum;
    }

    /** The sum of {@code (a - b)^2}. */
    static double ofDifference(long a, long b, long count) {
        double sum = 0;
        for (long i = 0; i < count; i += BLOCK) {
            sum += block(a + i * 4, b + i * 4, (int) Math.min(BLOCK, count - i));
        }
        return sum;
    }

    private static double block(long a, int count) {
        FloatVector sum = FloatVector.zero(S);
        FloatVector rest = sum;
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector d = FloatVector.fromMemorySegment(S, ALL, (a + i * 4L) & MASK, ORDER);
            FloatVector square = d.mul(d);
            FloatVector next = sum.add(square);
            FloatVector taken = next.sub(sum);
            rest = rest.add(sum.sub(next.sub(taken)).add(square.sub(taken)).add(d.fma(d, square.neg())));
            sum = next;
        }
        double total = 0;
        if (LANES >= 4) {
            total += (double) sum.lane(0) + rest.lane(0);
            total += (double) sum.lane(1) + rest.lane(1);
            total += (double) sum.lane(2) + rest.lane(2);
            total += (double) sum.lane(3) + rest.lane(3);
        }
        if (LANES >= 8) {
            total += (double) sum.lane(4) + rest.lane(4);
            total += (double) sum.lane(5) + rest.lane(5);
            total += (double) sum.lane(6) + rest.lane(6);
            total += (double) sum.lane(7) + rest.lane(7);
        }
        if (LANES >= 16) {
            total += (double) sum.lane(8) + rest.lane(8);
            total += (double) sum.lane(9) + rest.lane(9);
            total += (double) sum.lane(10) + rest.lane(10);
            total += (double) sum.lane(11) + rest.lane(11);
            total += (double) sum.lane(12) + rest.lane(12);
            total += (double) sum.lane(13) + rest.lane(13);
            total += (double) sum.lane(14) + rest.lane(14);
            total += (double) sum.lane(15) + rest.lane(15);
        }
        for (; i < count; i++) {
            double v = Memory.get(a + i * 4L);
            total += v * v;
        }
        return total;
    }

    private static double block(long a, long b, int count) {
        FloatVector sum = FloatVector.zero(S);
        FloatVector rest = sum;
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector x = FloatVector.fromMemorySegment(S, ALL, (a + i * 4L) & MASK, ORDER);
            FloatVector y = FloatVector.fromMemorySegment(S, ALL, (b + i * 4L) & MASK, ORDER);
            FloatVector d = x.sub(y);
            FloatVector back = d.add(y);
            FloatVector lost = x.sub(back).add(back.sub(d).sub(y)); // x - y - d, exactly
            FloatVector square = d.mul(d);
            FloatVector next = sum.add(square);
            FloatVector taken = next.sub(sum);
            FloatVector rounded = sum.sub(next.sub(taken)).add(square.sub(taken));
            rest = rest.add(rounded.add(d.fma(d, square.neg())).add(d.add(d).mul(lost)));
            sum = next;
        }
        double total = 0;
        if (LANES >= 4) {
            total += (double) sum.lane(0) + rest.lane(0);
            total += (double) sum.lane(1) + rest.lane(1);
            total += (double) sum.lane(2) + rest.lane(2);
            total += (double) sum.lane(3) + rest.lane(3);
        }
        if (LANES >= 8) {
            total += (double) sum.lane(4) + rest.lane(4);
            total += (double) sum.lane(5) + rest.lane(5);
            total += (double) sum.lane(6) + rest.lane(6);
            total += (double) sum.lane(7) + rest.lane(7);
        }
        if (LANES >= 16) {
            total += (double) sum.lane(8) + rest.lane(8);
            total += (double) sum.lane(9) + rest.lane(9);
            total += (double) sum.lane(10) + rest.lane(10);
            total += (double) sum.lane(11) + rest.lane(11);
            total += (double) sum.lane(12) + rest.lane(12);
            total += (double) sum.lane(13) + rest.lane(13);
            total += (double) sum.lane(14) + rest.lane(14);
            total += (double) sum.lane(15) + rest.lane(15);
        }
        for (; i < count; i++) {
            double v = (double) Memory.get(a + i * 4L) - Memory.get(b + i * 4L);
            total += v * v;
        }
        return total;
    }
}
