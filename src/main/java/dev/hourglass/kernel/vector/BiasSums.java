package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import jdk.incubator.vector.FloatVector;

/**
 * The gradient of a convolution's bias: sums of the output's gradient over pixels. Rounded as the weights' gradient is, and not kept
 * exact as {@link ColumnSums} keeps them, which would take several times as long.
 */
final class BiasSums {

    private BiasSums() {}

    /**
     * Adds the sums over some pixels to those of others, once for all of them, so that a long sum is one of short ones. Four pixels go
     * side by side, because each addition waits for the one before.
     *
     * @param dy address of the first pixel
     * @param stride bytes from pixel to pixel
     * @param vectors vectors of channels
     * @param sums address of as many vectors
     */
    static void add(long dy, long stride, int pixels, int vectors, long sums) {
        for (int v = 0; v < vectors; v++) {
            long at = (dy + (long) v * BYTES) & MASK;
            long end = at + pixels * stride;
            long fours = at + (pixels & ~3) * stride;
            long sum = (sums + (long) v * BYTES) & MASK;
            FloatVector s0 = FloatVector.zero(S);
            FloatVector s1 = s0;
            FloatVector s2 = s0;
            FloatVector s3 = s0;
            while (at < fours) {
                s0 = s0.add(FloatVector.fromMemorySegment(S, ALL, at, ORDER));
                s1 = s1.add(FloatVector.fromMemorySegment(S, ALL, (at + stride) & MASK, ORDER));
                s2 = s2.add(FloatVector.fromMemorySegment(S, ALL, (at + 2 * stride) & MASK, ORDER));
                s3 = s3.add(FloatVector.fromMemorySegment(S, ALL, (at + 3 * stride) & MASK, ORDER));
                at = (at + 4 * stride) & MASK;
            }
            while (at < end) {
                s0 = s0.add(FloatVector.fromMemorySegment(S, ALL, at, ORDER));
                at = (at + stride) & MASK;
            }
            s0.add(s1)
                    .add(s2.add(s3))
                    .add(FloatVector.fromMemorySegment(S, ALL, sum, ORDER))
                    .intoMemorySegment(ALL, sum, ORDER);
        }
    }
}
