package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.AttentionTile.ROW_BYTES;
import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.FLOAT;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;
import static dev.hourglass.kernel.vector.Memory.STEP;

import jdk.incubator.vector.FloatVector;

/**
 * 4 rows by 2 vectors for AVX2 and SSE, as {@link RegisterTile4x2}, with rows any distance apart: 8 accumulators, as many as two
 * multipliers of 4 cycles keep busy, 2 vectors of {@code b} and a broadcast in 16 registers. Why it is written out, and why rounds have
 * several steps, {@link RegisterTile5x2} says.
 */
final class AttentionTile4x2 {

    private AttentionTile4x2() {}

    /** See {@link AttentionTile#multiplyRows}. */
    static void multiplyRows(long left, long leftStride, long right, int depth, long outAt) {
        long end = (right + depth * ROW_BYTES) & MASK;
        long out = outAt & MASK;
        long row1 = leftStride & STEP;
        long row2 = 2 * leftStride & STEP;
        long row3 = 3 * leftStride & STEP;
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
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + row1));
            c1a = x.fma(ba, c1a);
            c1b = x.fma(bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + row2));
            c2a = x.fma(ba, c2a);
            c2b = x.fma(bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + row3));
            c3a = x.fma(ba, c3a);
            c3b = x.fma(bb, c3b);
            if (b + 2 * BYTES == end) {
                break;
            }
            ba = FloatVector.fromMemorySegment(S, ALL, b + 2 * BYTES, ORDER);
            bb = FloatVector.fromMemorySegment(S, ALL, b + 3 * BYTES, ORDER);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 4));
            c0a = x.fma(ba, c0a);
            c0b = x.fma(bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + row1 + 4));
            c1a = x.fma(ba, c1a);
            c1b = x.fma(bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + row2 + 4));
            c2a = x.fma(ba, c2a);
            c2b = x.fma(bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + row3 + 4));
            c3a = x.fma(ba, c3a);
            c3b = x.fma(bb, c3b);
            if (b + 4 * BYTES == end) {
                break;
            }
            ba = FloatVector.fromMemorySegment(S, ALL, b + 4 * BYTES, ORDER);
            bb = FloatVector.fromMemorySegment(S, ALL, b + 5 * BYTES, ORDER);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 8));
            c0a = x.fma(ba, c0a);
            c0b = x.fma(bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + row1 + 8));
            c1a = x.fma(ba, c1a);
            c1b = x.fma(bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + row2 + 8));
            c2a = x.fma(ba, c2a);
            c2b = x.fma(bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + row3 + 8));
            c3a = x.fma(ba, c3a);
            c3b = x.fma(bb, c3b);
            if (b + 6 * BYTES == end) {
                break;
            }
            ba = FloatVector.fromMemorySegment(S, ALL, b + 6 * BYTES, ORDER);
            bb = FloatVector.fromMemorySegment(S, ALL, b + 7 * BYTES, ORDER);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 12));
            c0a = x.fma(ba, c0a);
            c0b = x.fma(bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + row1 + 12));
            c1a = x.fma(ba, c1a);
            c1b = x.fma(bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + row2 + 12));
            c2a = x.fma(ba, c2a);
            c2b = x.fma(bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + row3 + 12));
            c3a = x.fma(ba, c3a);
            c3b = x.fma(bb, c3b);
            a = (a + 16) & MASK;
            b = (b + 8 * BYTES) & MASK;
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
