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
 * A register tile of 6 rows by 2 vectors: 12 accumulators, 2 vectors of {@code b} and a broadcast fit the 16 registers of AVX2 and SSE.
 * Written out row by row because C2 keeps only local variables in registers.
 */
final class RegisterTile6x2 {

    private RegisterTile6x2() {}

    /**
     * {@code out = start + a b}, as {@link RegisterTile#multiply} has it.
     */
    static void multiply(long leftAt, long rightAt, int depth, long startAt, long outAt, long outStride) {
        long left = leftAt & MASK;
        long right = rightAt & MASK;
        long start = startAt & MASK;
        long out = outAt & MASK;
        FloatVector sa = FloatVector.fromMemorySegment(S, ALL, start, ORDER);
        FloatVector sb = FloatVector.fromMemorySegment(S, ALL, start + BYTES, ORDER);
        FloatVector c0a = sa, c0b = sb;
        FloatVector c1a = sa, c1b = sb;
        FloatVector c2a = sa, c2b = sb;
        FloatVector c3a = sa, c3b = sb;
        FloatVector c4a = sa, c4b = sb;
        FloatVector c5a = sa, c5b = sb;
        for (int k = 0; k < depth; k++) {
            long a = left + k * 4L;
            long b = right + k * (2L * BYTES);
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
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 5 * STRIDE));
            c5a = x.fma(ba, c5a);
            c5b = x.fma(bb, c5b);
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
        out = (out + outStride) & MASK;
        c5a.intoMemorySegment(ALL, out, ORDER);
        c5b.intoMemorySegment(ALL, out + BYTES, ORDER);
    }

    /**
     * {@code out = a' b}, where row {@code k} of {@code a} and {@code b} is {@code k} strides in; strides in bytes.
     */
    static void multiplyTransposed(long left, long leftStride, long right, long rightStride, int depth, long outAt) {
        long out = outAt & MASK;
        FloatVector zero = FloatVector.zero(S);
        FloatVector c0a = zero, c0b = zero;
        FloatVector c1a = zero, c1b = zero;
        FloatVector c2a = zero, c2b = zero;
        FloatVector c3a = zero, c3b = zero;
        FloatVector c4a = zero, c4b = zero;
        FloatVector c5a = zero, c5b = zero;
        for (int k = 0; k < depth; k++) {
            long a = (left + k * leftStride) & MASK;
            long b = (right + k * rightStride) & MASK;
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
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 20));
            c5a = x.fma(ba, c5a);
            c5b = x.fma(bb, c5b);
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
        c5a.intoMemorySegment(ALL, out + 10 * BYTES, ORDER);
        c5b.intoMemorySegment(ALL, out + 11 * BYTES, ORDER);
    }
}
