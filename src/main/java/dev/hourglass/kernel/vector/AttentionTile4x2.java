package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.FLOAT;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import jdk.incubator.vector.FloatVector;

/**
 * 4 rows by 2 vectors for AVX2 and SSE: 8 accumulators, as many as two multipliers of 4 cycles keep busy, 2 vectors of {@code b} and a
 * broadcast in 16 registers. Written out row by row because C2 keeps only local variables in registers.
 */
final class AttentionTile4x2 {

    private AttentionTile4x2() {}

    /** See {@link AttentionTile#multiply}. */
    static void multiply(long a, long aStride, long b, long bStride, int depth, long out) {
        FloatVector zero = FloatVector.zero(S);
        FloatVector c0a = zero, c0b = zero;
        FloatVector c1a = zero, c1b = zero;
        FloatVector c2a = zero, c2b = zero;
        FloatVector c3a = zero, c3b = zero;
        for (int k = 0; k < depth; k++) {
            FloatVector ba = FloatVector.fromMemorySegment(S, ALL, b & Memory.MASK, ORDER);
            FloatVector bb = FloatVector.fromMemorySegment(S, ALL, (b + BYTES) & Memory.MASK, ORDER);
            FloatVector x;
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, (a) & Memory.MASK));
            c0a = x.fma(ba, c0a);
            c0b = x.fma(bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, (a + 4) & Memory.MASK));
            c1a = x.fma(ba, c1a);
            c1b = x.fma(bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, (a + 8) & Memory.MASK));
            c2a = x.fma(ba, c2a);
            c2b = x.fma(bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, (a + 12) & Memory.MASK));
            c3a = x.fma(ba, c3a);
            c3b = x.fma(bb, c3b);
            a += aStride;
            b += bStride;
        }
        c0a.intoMemorySegment(ALL, out & Memory.MASK, ORDER);
        c0b.intoMemorySegment(ALL, (out + BYTES) & Memory.MASK, ORDER);
        c1a.intoMemorySegment(ALL, (out + 2 * BYTES) & Memory.MASK, ORDER);
        c1b.intoMemorySegment(ALL, (out + 3 * BYTES) & Memory.MASK, ORDER);
        c2a.intoMemorySegment(ALL, (out + 4 * BYTES) & Memory.MASK, ORDER);
        c2b.intoMemorySegment(ALL, (out + 5 * BYTES) & Memory.MASK, ORDER);
        c3a.intoMemorySegment(ALL, (out + 6 * BYTES) & Memory.MASK, ORDER);
        c3b.intoMemorySegment(ALL, (out + 7 * BYTES) & Memory.MASK, ORDER);
    }

    /** See {@link AttentionTile#multiplyRows}. */
    static void multiplyRows(long a, long aStride, long aStep, long b, long bStride, int depth, long out) {
        long a1 = a + aStride;
        long a2 = a + 2 * aStride;
        long a3 = a + 3 * aStride;
        long end = depth * aStep;
        FloatVector zero = FloatVector.zero(S);
        FloatVector c0a = zero, c0b = zero;
        FloatVector c1a = zero, c1b = zero;
        FloatVector c2a = zero, c2b = zero;
        FloatVector c3a = zero, c3b = zero;
        for (long at = 0; at < end; at += aStep) {
            FloatVector ba = FloatVector.fromMemorySegment(S, ALL, b & Memory.MASK, ORDER);
            FloatVector bb = FloatVector.fromMemorySegment(S, ALL, (b + BYTES) & Memory.MASK, ORDER);
            FloatVector x;
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, (a + at) & Memory.MASK));
            c0a = x.fma(ba, c0a);
            c0b = x.fma(bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, (a1 + at) & Memory.MASK));
            c1a = x.fma(ba, c1a);
            c1b = x.fma(bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, (a2 + at) & Memory.MASK));
            c2a = x.fma(ba, c2a);
            c2b = x.fma(bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, (a3 + at) & Memory.MASK));
            c3a = x.fma(ba, c3a);
            c3b = x.fma(bb, c3b);
            b += bStride;
        }
        c0a.intoMemorySegment(ALL, out & Memory.MASK, ORDER);
        c0b.intoMemorySegment(ALL, (out + BYTES) & Memory.MASK, ORDER);
        c1a.intoMemorySegment(ALL, (out + 2 * BYTES) & Memory.MASK, ORDER);
        c1b.intoMemorySegment(ALL, (out + 3 * BYTES) & Memory.MASK, ORDER);
        c2a.intoMemorySegment(ALL, (out + 4 * BYTES) & Memory.MASK, ORDER);
        c2b.intoMemorySegment(ALL, (out + 5 * BYTES) & Memory.MASK, ORDER);
        c3a.intoMemorySegment(ALL, (out + 6 * BYTES) & Memory.MASK, ORDER);
        c3b.intoMemorySegment(ALL, (out + 7 * BYTES) & Memory.MASK, ORDER);
    }
}
