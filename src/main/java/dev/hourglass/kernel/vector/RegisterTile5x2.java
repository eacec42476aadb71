package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.FLOAT;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;
import static dev.hourglass.kernel.vector.RegisterTile.STRIDE;

import jdk.incubator.vector.FloatVector;

/**
 * A register tile of 5 rows by 2 vectors for the 16 registers of AVX2 and SSE: 10 accumulators keep two multipliers of up to 5 cycles
 * busy. 12 would fit beside 2 vectors of {@code b} and a broadcast, but C2 brings several broadcasts forward and keeps two accumulators
 * in memory, which halves the speed. Written out row by row because C2 keeps only local variables in registers; loops end at an address
 * for the reason that {@link RegisterTile4x2} gives.
 */
final class RegisterTile5x2 {

    private RegisterTile5x2() {}

    /** {@code out = start + a b}, as {@link RegisterTile#multiply} has it. */
    static void multiply(long leftAt, long rightAt, int depth, long startAt, long outAt, long outStride) {
        long end = (rightAt + depth * (2L * BYTES)) & MASK;
        long start = startAt & MASK;
        long out = outAt & MASK;
        FloatVector sa = FloatVector.fromMemorySegment(S, ALL, start, ORDER);
        FloatVector sb = FloatVector.fromMemorySegment(S, ALL, start + BYTES, ORDER);
        FloatVector c0a = sa, c0b = sb;
        FloatVector c1a = sa, c1b = sb;
        FloatVector c2a = sa, c2b = sb;
        FloatVector c3a = sa, c3b = sb;
        FloatVector c4a = sa, c4b = sb;
        long a = leftAt & MASK;
        for (long b = rightAt & MASK; b != end; b = (b + 2L * BYTES) & MASK) {
            FloatVector ba = FloatVector.fromMemorySegment(S, ALL, b, ORDER);
            FloatVector bb = FloatVector.fromMemorySegment(S, ALL, b + BYTES, ORDER);
            FloatVector x;
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a));
            c0a = x.fma(ba, c0a);
            c0b = x.fma(bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + STRIDE));
            c1a = x.fma(ba, c1a);
            c1b = x.fma(bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 2 * STRIDE));
            c2a = x.fma(ba, c2a);
            c2b = x.fma(bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 3 * STRIDE));
            c3a = x.fma(ba, c3a);
            c3b = x.fma(bb, c3b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 4 * STRIDE));
            c4a = x.fma(ba, c4a);
            c4b = x.fma(bb, c4b);
            a = (a + 4) & MASK;
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
        out = (out + outStride) & MASK;
        c4a.intoMemorySegment(ALL, out, ORDER);
        c4b.intoMemorySegment(ALL, out + BYTES, ORDER);
    }

    /** {@code out = plus + a b}, as {@link RegisterTile#multiplyAdd} has it. */
    static void multiplyAdd(long leftAt, long rightAt, int depth, long plusAt, long outAt, long outStride) {
        long end = (rightAt + depth * (2L * BYTES)) & MASK;
        long plus = plusAt & MASK;
        long out = outAt & MASK;
        FloatVector zero = FloatVector.zero(S);
        FloatVector c0a = zero, c0b = zero;
        FloatVector c1a = zero, c1b = zero;
        FloatVector c2a = zero, c2b = zero;
        FloatVector c3a = zero, c3b = zero;
        FloatVector c4a = zero, c4b = zero;
        long a = leftAt & MASK;
        for (long b = rightAt & MASK; b != end; b = (b + 2L * BYTES) & MASK) {
            FloatVector ba = FloatVector.fromMemorySegment(S, ALL, b, ORDER);
            FloatVector bb = FloatVector.fromMemorySegment(S, ALL, b + BYTES, ORDER);
            FloatVector x;
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a));
            c0a = x.fma(ba, c0a);
            c0b = x.fma(bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + STRIDE));
            c1a = x.fma(ba, c1a);
            c1b = x.fma(bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 2 * STRIDE));
            c2a = x.fma(ba, c2a);
            c2b = x.fma(bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 3 * STRIDE));
            c3a = x.fma(ba, c3a);
            c3b = x.fma(bb, c3b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 4 * STRIDE));
            c4a = x.fma(ba, c4a);
            c4b = x.fma(bb, c4b);
            a = (a + 4) & MASK;
        }
        c0a.add(FloatVector.fromMemorySegment(S, ALL, plus, ORDER)).intoMemorySegment(ALL, out, ORDER);
        c0b.add(FloatVector.fromMemorySegment(S, ALL, plus + BYTES, ORDER)).intoMemorySegment(ALL, out + BYTES, ORDER);
        out = (out + outStride) & MASK;
        c1a.add(FloatVector.fromMemorySegment(S, ALL, plus + 2 * BYTES, ORDER)).intoMemorySegment(ALL, out, ORDER);
        c1b.add(FloatVector.fromMemorySegment(S, ALL, plus + 3 * BYTES, ORDER))
                .intoMemorySegment(ALL, out + BYTES, ORDER);
        out = (out + outStride) & MASK;
        c2a.add(FloatVector.fromMemorySegment(S, ALL, plus + 4 * BYTES, ORDER)).intoMemorySegment(ALL, out, ORDER);
        c2b.add(FloatVector.fromMemorySegment(S, ALL, plus + 5 * BYTES, ORDER))
                .intoMemorySegment(ALL, out + BYTES, ORDER);
        out = (out + outStride) & MASK;
        c3a.add(FloatVector.fromMemorySegment(S, ALL, plus + 6 * BYTES, ORDER)).intoMemorySegment(ALL, out, ORDER);
        c3b.add(FloatVector.fromMemorySegment(S, ALL, plus + 7 * BYTES, ORDER))
                .intoMemorySegment(ALL, out + BYTES, ORDER);
        out = (out + outStride) & MASK;
        c4a.add(FloatVector.fromMemorySegment(S, ALL, plus + 8 * BYTES, ORDER)).intoMemorySegment(ALL, out, ORDER);
        c4b.add(FloatVector.fromMemorySegment(S, ALL, plus + 9 * BYTES, ORDER))
                .intoMemorySegment(ALL, out + BYTES, ORDER);
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
        FloatVector c4a = zero, c4b = zero;
        long a = left & MASK;
        for (long b = right & MASK; b != end; b = (b + rightStride) & MASK) {
            FloatVector ba = FloatVector.fromMemorySegment(S, ALL, b, ORDER);
            FloatVector bb = FloatVector.fromMemorySegment(S, ALL, b + BYTES, ORDER);
            FloatVector x;
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
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 16));
            c4a = x.fma(ba, c4a);
            c4b = x.fma(bb, c4b);
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
        c4a.intoMemorySegment(ALL, out + 8 * BYTES, ORDER);
        c4b.intoMemorySegment(ALL, out + 9 * BYTES, ORDER);
    }
}
