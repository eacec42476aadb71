package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.FLOAT;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;
import static dev.hourglass.kernel.vector.Memory.STEP;

import jdk.incubator.vector.FloatVector;

/**
 * 4 rows by 2 vectors for AVX2 and SSE, as {@link RegisterTile4x2}, with rows any distance apart: 8 accumulators, as many as two multipliers of 4 cycles keep busy, 2 vectors of {@code b} and a
 * broadcast in 16 registers. Written out row by row because C2 keeps only local variables in registers; loops end at an address for the
 * reason that {@link RegisterTile4x2} gives.
 */
final class AttentionTile4x2 {

    private AttentionTile4x2() {}

    /** See {@link AttentionTile#multiplyRows}. */
    static void multiplyRows(
            long left, long leftStride, long leftStep, long right, long rightStride, int depth, long outAt) {
        long end = (right + depth * rightStride) & MASK;
        long out = outAt & MASK;
        long row1 = leftStride & STEP;
        long row2 = 2 * leftStride & STEP;
        long row3 = 3 * leftStride & STEP;
        FloatVector zero = FloatVector.zero(S);
        FloatVector c0a = zero, c0b = zero;
        FloatVector c1a = zero, c1b = zero;
        FloatVector c2a = zero, c2b = zero;
        FloatVector c3a = zero, c3b = zero;
        long a = left & MASK;
        for (long b = right & MASK; b != end; b = (b + rightStride) & MASK) {
            FloatVector ba = FloatVector.fromMemorySegment(S, ALL, b, ORDER);
            FloatVector bb = FloatVector.fromMemorySegment(S, ALL, b + BYTES, ORDER);
            FloatVector x;
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a));
            c0a = x.fma(ba, c0a);
            c0b = x.fma(bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + row1));
            c1a = x.fma(ba, c1a);
            c1b = x.fma(bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + row2));
            c2a = x.fma(ba, c2a);
            c2b = x.fma(bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + row3));
            c3a = x.fma(ba, c3a);
            c3b = x.fma(bb, c3b);
            a = (a + leftStep) & MASK;
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
