package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.FLOAT;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import jdk.incubator.vector.FloatVector;

/**
 * 8 rows by 2 vectors for AVX-512: 16 accumulators. A third vector would fit into 32 registers, but leaves more columns empty where
 * tokens are few, and is slower even where they are many. Written out row by row because C2 keeps only local variables in registers.
 *
 * <p>{@link #multiplyRows} with its two steps of {@code a} exchanged computes {@link #multiply}, too; but rows at constant offsets make
 * attention with heads of 8 faster by 1 to 3%.
 */
final class AttentionTile8x2 {

    private AttentionTile8x2() {}

    /** See {@link AttentionTile#multiply}. */
    static void multiply(long a, long aStride, long b, long bStride, int depth, long out) {
        FloatVector zero = FloatVector.zero(S);
        FloatVector c0a = zero, c0b = zero;
        FloatVector c1a = zero, c1b = zero;
        FloatVector c2a = zero, c2b = zero;
        FloatVector c3a = zero, c3b = zero;
        FloatVector c4a = zero, c4b = zero;
        FloatVector c5a = zero, c5b = zero;
        FloatVector c6a = zero, c6b = zero;
        FloatVector c7a = zero, c7b = zero;
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
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, (a + 16) & Memory.MASK));
            c4a = x.fma(ba, c4a);
            c4b = x.fma(bb, c4b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, (a + 20) & Memory.MASK));
            c5a = x.fma(ba, c5a);
            c5b = x.fma(bb, c5b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, (a + 24) & Memory.MASK));
            c6a = x.fma(ba, c6a);
            c6b = x.fma(bb, c6b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, (a + 28) & Memory.MASK));
            c7a = x.fma(ba, c7a);
            c7b = x.fma(bb, c7b);
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
        c4a.intoMemorySegment(ALL, (out + 8 * BYTES) & Memory.MASK, ORDER);
        c4b.intoMemorySegment(ALL, (out + 9 * BYTES) & Memory.MASK, ORDER);
        c5a.intoMemorySegment(ALL, (out + 10 * BYTES) & Memory.MASK, ORDER);
        c5b.intoMemorySegment(ALL, (out + 11 * BYTES) & Memory.MASK, ORDER);
        c6a.intoMemorySegment(ALL, (out + 12 * BYTES) & Memory.MASK, ORDER);
        c6b.intoMemorySegment(ALL, (out + 13 * BYTES) & Memory.MASK, ORDER);
        c7a.intoMemorySegment(ALL, (out + 14 * BYTES) & Memory.MASK, ORDER);
        c7b.intoMemorySegment(ALL, (out + 15 * BYTES) & Memory.MASK, ORDER);
    }

    /** See {@link AttentionTile#multiplyRows}. */
    static void multiplyRows(long a, long aStride, long aStep, long b, long bStride, int depth, long out) {
        long a1 = a + aStride;
        long a2 = a + 2 * aStride;
        long a3 = a + 3 * aStride;
        long a4 = a + 4 * aStride;
        long a5 = a + 5 * aStride;
        long a6 = a + 6 * aStride;
        long a7 = a + 7 * aStride;
        long end = depth * aStep;
        FloatVector zero = FloatVector.zero(S);
        FloatVector c0a = zero, c0b = zero;
        FloatVector c1a = zero, c1b = zero;
        FloatVector c2a = zero, c2b = zero;
        FloatVector c3a = zero, c3b = zero;
        FloatVector c4a = zero, c4b = zero;
        FloatVector c5a = zero, c5b = zero;
        FloatVector c6a = zero, c6b = zero;
        FloatVector c7a = zero, c7b = zero;
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
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, (a4 + at) & Memory.MASK));
            c4a = x.fma(ba, c4a);
            c4b = x.fma(bb, c4b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, (a5 + at) & Memory.MASK));
            c5a = x.fma(ba, c5a);
            c5b = x.fma(bb, c5b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, (a6 + at) & Memory.MASK));
            c6a = x.fma(ba, c6a);
            c6b = x.fma(bb, c6b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, (a7 + at) & Memory.MASK));
            c7a = x.fma(ba, c7a);
            c7b = x.fma(bb, c7b);
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
        c4a.intoMemorySegment(ALL, (out + 8 * BYTES) & Memory.MASK, ORDER);
        c4b.intoMemorySegment(ALL, (out + 9 * BYTES) & Memory.MASK, ORDER);
        c5a.intoMemorySegment(ALL, (out + 10 * BYTES) & Memory.MASK, ORDER);
        c5b.intoMemorySegment(ALL, (out + 11 * BYTES) & Memory.MASK, ORDER);
        c6a.intoMemorySegment(ALL, (out + 12 * BYTES) & Memory.MASK, ORDER);
        c6b.intoMemorySegment(ALL, (out + 13 * BYTES) & Memory.MASK, ORDER);
        c7a.intoMemorySegment(ALL, (out + 14 * BYTES) & Memory.MASK, ORDER);
        c7b.intoMemorySegment(ALL, (out + 15 * BYTES) & Memory.MASK, ORDER);
    }
}
