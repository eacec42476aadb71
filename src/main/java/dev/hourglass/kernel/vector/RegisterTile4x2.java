package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.FLOAT;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;
import static dev.hourglass.kernel.vector.Memory.STEP;
import static dev.hourglass.kernel.vector.RegisterTile.STRIDE;

import jdk.incubator.vector.FloatVector;

/**
 * A register tile of 4 rows by 2 vectors, for the last rows of a matrix. Its 8 accumulators just cover the 4 cycles that each of two
 * units takes. Sums run in the same order as those of the tall tiles, so that a row's result does not depend on the tile it is in.
 *
 * <p>The loops end at an address and not at a count, so that C2 does not unroll them: unrolled, it puts the additions to one accumulator
 * one behind the other, and they wait for each other, which takes twice as long. Rounds have several steps all the same, for the reason
 * that {@link RegisterTile5x2} gives.
 */
final class RegisterTile4x2 {

    static final int ROWS = 4;

    private RegisterTile4x2() {}

    /** {@code out = start + a b}, as {@link RegisterTile#multiply} has it; the rows of {@code a} are {@code leftStride} bytes apart. */
    static void multiply(
            long leftAt, long leftStride, long rightAt, int depth, long startAt, long outAt, long outStride) {
        long one = Width.MANY_REGISTERS ? leftStride & (STEP >> 1) : STRIDE;
        long three = Width.MANY_REGISTERS ? (3 * leftStride) & STEP : 3 * STRIDE;
        long end = (rightAt + depth * (2L * BYTES)) & MASK;
        long end1 = end - 2 * BYTES;
        long end2 = end - 4 * BYTES;
        long end3 = end - 6 * BYTES;
        long start = startAt & MASK;
        long out = outAt & MASK;
        FloatVector sa = FloatVector.fromMemorySegment(S, ALL, start, ORDER);
        FloatVector sb = FloatVector.fromMemorySegment(S, ALL, start + BYTES, ORDER);
        FloatVector c0a = sa, c0b = sb;
        FloatVector c1a = sa, c1b = sb;
        FloatVector c2a = sa, c2b = sb;
        FloatVector c3a = sa, c3b = sb;
        FloatVector x, ba, bb;
        long a = leftAt & MASK;
        long b = rightAt & MASK;
        while (b != end) {
            ba = FloatVector.fromMemorySegment(S, ALL, b, ORDER);
            bb = FloatVector.fromMemorySegment(S, ALL, b + BYTES, ORDER);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a));
            c0a = x.fma(ba, c0a);
            c0b = x.fma(bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + one));
            c1a = x.fma(ba, c1a);
            c1b = x.fma(bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + (one << 1)));
            c2a = x.fma(ba, c2a);
            c2b = x.fma(bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + three));
            c3a = x.fma(ba, c3a);
            c3b = x.fma(bb, c3b);
            if (b == end1) {
                break;
            }
            ba = FloatVector.fromMemorySegment(S, ALL, b + 2 * BYTES, ORDER);
            bb = FloatVector.fromMemorySegment(S, ALL, b + 3 * BYTES, ORDER);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 4));
            c0a = x.fma(ba, c0a);
            c0b = x.fma(bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + one + 4));
            c1a = x.fma(ba, c1a);
            c1b = x.fma(bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + (one << 1) + 4));
            c2a = x.fma(ba, c2a);
            c2b = x.fma(bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + three + 4));
            c3a = x.fma(ba, c3a);
            c3b = x.fma(bb, c3b);
            if (b == end2) {
                break;
            }
            ba = FloatVector.fromMemorySegment(S, ALL, b + 4 * BYTES, ORDER);
            bb = FloatVector.fromMemorySegment(S, ALL, b + 5 * BYTES, ORDER);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 8));
            c0a = x.fma(ba, c0a);
            c0b = x.fma(bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + one + 8));
            c1a = x.fma(ba, c1a);
            c1b = x.fma(bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + (one << 1) + 8));
            c2a = x.fma(ba, c2a);
            c2b = x.fma(bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + three + 8));
            c3a = x.fma(ba, c3a);
            c3b = x.fma(bb, c3b);
            if (b == end3) {
                break;
            }
            ba = FloatVector.fromMemorySegment(S, ALL, b + 6 * BYTES, ORDER);
            bb = FloatVector.fromMemorySegment(S, ALL, b + 7 * BYTES, ORDER);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 12));
            c0a = x.fma(ba, c0a);
            c0b = x.fma(bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + one + 12));
            c1a = x.fma(ba, c1a);
            c1b = x.fma(bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + (one << 1) + 12));
            c2a = x.fma(ba, c2a);
            c2b = x.fma(bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + three + 12));
            c3a = x.fma(ba, c3a);
            c3b = x.fma(bb, c3b);
            a = (a + 16) & MASK;
            b = (b + 8 * BYTES) & MASK;
        }
        c0a.intoMemorySegment(ALL, out, ORDER);
        c0b.intoMemorySegment(ALL, out + BYTES, ORDER);
        out = (out + outStride) & MASK;
        c1a.intoMemorySegment(ALL, out, ORDER);
        c1b.intoMemorySegment(ALL, out + BYTES, ORDER);
        out = (out + outStride) & MASK;
        c2a.intoMemorySegment(ALL, out, ORDER);
        c2b.intoMemorySegment(ALL, out + BYTES, ORDER);
        out = (out + outStride) & MASK;
        c3a.intoMemorySegment(ALL, out, ORDER);
        c3b.intoMemorySegment(ALL, out + BYTES, ORDER);
    }

    /** {@code out = a' b}, where row {@code k} of {@code a} and {@code b} is {@code k} strides in; strides in bytes. */
    static void multiplyTransposed(long left, long leftStride, long right, long rightStride, int depth, long outAt) {
        long end = (right + depth * rightStride) & MASK;
        long out = outAt & MASK;
        FloatVector zero = FloatVector.zero(S);
        FloatVector c0a = zero, c0b = zero;
        FloatVector c1a = zero, c1b = zero;
        FloatVector c2a = zero, c2b = zero;
        FloatVector c3a = zero, c3b = zero;
        FloatVector x, ba, bb;
        long a = left & MASK;
        long b = right & MASK;
        while (b != end) {
            ba = FloatVector.fromMemorySegment(S, ALL, b, ORDER);
            bb = FloatVector.fromMemorySegment(S, ALL, b + BYTES, ORDER);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a));
            c0a = x.fma(ba, c0a);
            c0b = x.fma(bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 4));
            c1a = x.fma(ba, c1a);
            c1b = x.fma(bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 8));
            c2a = x.fma(ba, c2a);
            c2b = x.fma(bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 12));
            c3a = x.fma(ba, c3a);
            c3b = x.fma(bb, c3b);
            b = (b + rightStride) & MASK;
            if (b == end) {
                break;
            }
            a = (a + leftStride) & MASK;
            ba = FloatVector.fromMemorySegment(S, ALL, b, ORDER);
            bb = FloatVector.fromMemorySegment(S, ALL, b + BYTES, ORDER);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a));
            c0a = x.fma(ba, c0a);
            c0b = x.fma(bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 4));
            c1a = x.fma(ba, c1a);
            c1b = x.fma(bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 8));
            c2a = x.fma(ba, c2a);
            c2b = x.fma(bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 12));
            c3a = x.fma(ba, c3a);
            c3b = x.fma(bb, c3b);
            b = (b + rightStride) & MASK;
            if (b == end) {
                break;
            }
            a = (a + leftStride) & MASK;
            ba = FloatVector.fromMemorySegment(S, ALL, b, ORDER);
            bb = FloatVector.fromMemorySegment(S, ALL, b + BYTES, ORDER);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a));
            c0a = x.fma(ba, c0a);
            c0b = x.fma(bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 4));
            c1a = x.fma(ba, c1a);
            c1b = x.fma(bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 8));
            c2a = x.fma(ba, c2a);
            c2b = x.fma(bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 12));
            c3a = x.fma(ba, c3a);
            c3b = x.fma(bb, c3b);
            b = (b + rightStride) & MASK;
            if (b == end) {
                break;
            }
            a = (a + leftStride) & MASK;
            ba = FloatVector.fromMemorySegment(S, ALL, b, ORDER);
            bb = FloatVector.fromMemorySegment(S, ALL, b + BYTES, ORDER);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a));
            c0a = x.fma(ba, c0a);
            c0b = x.fma(bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 4));
            c1a = x.fma(ba, c1a);
            c1b = x.fma(bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 8));
            c2a = x.fma(ba, c2a);
            c2b = x.fma(bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 12));
            c3a = x.fma(ba, c3a);
            c3b = x.fma(bb, c3b);
            b = (b + rightStride) & MASK;
            a = (a + leftStride) & MASK;
        }
        c0a.intoMemorySegment(ALL, out, ORDER);
        c0b.intoMemorySegment(ALL, out + BYTES, ORDER);
        c1a.intoMemorySegment(ALL, out + 2 * BYTES, ORDER);
        c1b.intoMemorySegment(ALL, out + 3 * BYTES, ORDER);
        c2a.intoMemorySegment(ALL, out + 4 * BYTES, ORDER);
        c2b.intoMemorySegment(ALL, out + 5 * BYTES, ORDER);
        c3a.intoMemorySegment(ALL, out + 6 * BYTES, ORDER);
        c3b.intoMemorySegment(ALL, out + 7 * BYTES, ORDER);
    }
}
