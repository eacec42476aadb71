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
 * A register tile of 12 rows by 2 vectors for AVX-512: 24 accumulators, 2 vectors of {@code b} and a broadcast in 32 registers. Two more
 * rows would fit, but are no faster. Written out row by row because C2 keeps only local variables in registers.
 *
 * <p>C2 passes the number of nodes at which it stops inlining at the tenth row. Methods of the Vector API are only put off then; but a
 * read of a float that is half inlined stays a call in the loop, with all accumulators written to memory around it: 44 GFLOP/s in place
 * of 114. One process of eight was like that for good, when the limit happened to come at the end of the tenth read. So that row is read
 * early, and the limit falls among multiply-adds.
 */
final class RegisterTile12x2 {

    private RegisterTile12x2() {}

    /** {@code out = start + a b}, as {@link RegisterTile#multiply} has it; the rows of {@code a} are {@code leftStride} bytes apart. */
    static void multiply(long left, long leftStride, long right, int depth, long startAt, long outAt, long outStride) {
        // Row n is n strides away; x86 shifts an index by up to 3 on the way, so six registers do for eleven rows.
        long one = leftStride & (STEP >> 3);
        long three = (3 * leftStride) & (STEP >> 1);
        long five = (5 * leftStride) & (STEP >> 1);
        long seven = (7 * leftStride) & STEP;
        long nine = (9 * leftStride) & STEP;
        long eleven = (11 * leftStride) & STEP;
        long a = left & MASK;
        long b = right & MASK;
        long end = b + depth * (2L * BYTES);
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
        FloatVector c6a = sa, c6b = sb;
        FloatVector c7a = sa, c7b = sb;
        FloatVector c8a = sa, c8b = sb;
        FloatVector c9a = sa, c9b = sb;
        FloatVector c10a = sa, c10b = sb;
        FloatVector c11a = sa, c11b = sb;
        while (b != end) {
            FloatVector ba = FloatVector.fromMemorySegment(S, ALL, b, ORDER);
            FloatVector bb = FloatVector.fromMemorySegment(S, ALL, b + BYTES, ORDER);
            FloatVector x;
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
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + (one << 2)));
            c4a = x.fma(ba, c4a);
            c4b = x.fma(bb, c4b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + five));
            c5a = x.fma(ba, c5a);
            c5b = x.fma(bb, c5b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + (three << 1)));
            c6a = x.fma(ba, c6a);
            c6b = x.fma(bb, c6b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + seven));
            c7a = x.fma(ba, c7a);
            c7b = x.fma(bb, c7b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + (one << 3)));
            float early = (float) FLOAT.get(ALL, a + nine); // see above
            c8a = x.fma(ba, c8a);
            c8b = x.fma(bb, c8b);
            x = FloatVector.broadcast(S, early);
            c9a = x.fma(ba, c9a);
            c9b = x.fma(bb, c9b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + (five << 1)));
            c10a = x.fma(ba, c10a);
            c10b = x.fma(bb, c10b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + eleven));
            c11a = x.fma(ba, c11a);
            c11b = x.fma(bb, c11b);
            a = (a + 4) & MASK;
            b = (b + 2 * BYTES) & MASK;
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
        out = (out + outStride) & MASK;
        c6a.intoMemorySegment(ALL, out, ORDER);
        c6b.intoMemorySegment(ALL, out + BYTES, ORDER);
        out = (out + outStride) & MASK;
        c7a.intoMemorySegment(ALL, out, ORDER);
        c7b.intoMemorySegment(ALL, out + BYTES, ORDER);
        out = (out + outStride) & MASK;
        c8a.intoMemorySegment(ALL, out, ORDER);
        c8b.intoMemorySegment(ALL, out + BYTES, ORDER);
        out = (out + outStride) & MASK;
        c9a.intoMemorySegment(ALL, out, ORDER);
        c9b.intoMemorySegment(ALL, out + BYTES, ORDER);
        out = (out + outStride) & MASK;
        c10a.intoMemorySegment(ALL, out, ORDER);
        c10b.intoMemorySegment(ALL, out + BYTES, ORDER);
        out = (out + outStride) & MASK;
        c11a.intoMemorySegment(ALL, out, ORDER);
        c11b.intoMemorySegment(ALL, out + BYTES, ORDER);
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
        FloatVector c6a = zero, c6b = zero;
        FloatVector c7a = zero, c7b = zero;
        FloatVector c8a = zero, c8b = zero;
        FloatVector c9a = zero, c9b = zero;
        FloatVector c10a = zero, c10b = zero;
        FloatVector c11a = zero, c11b = zero;
        long a = left & MASK;
        long b = right & MASK;
        for (int k = 0; k < depth; k++) {
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
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 24));
            c6a = x.fma(ba, c6a);
            c6b = x.fma(bb, c6b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 28));
            c7a = x.fma(ba, c7a);
            c7b = x.fma(bb, c7b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 32));
            c8a = x.fma(ba, c8a);
            c8b = x.fma(bb, c8b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 36));
            c9a = x.fma(ba, c9a);
            c9b = x.fma(bb, c9b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 40));
            c10a = x.fma(ba, c10a);
            c10b = x.fma(bb, c10b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 44));
            c11a = x.fma(ba, c11a);
            c11b = x.fma(bb, c11b);
            a = (a + leftStride) & MASK;
            b = (b + rightStride) & MASK;
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
        c6a.intoMemorySegment(ALL, out + 12 * BYTES, ORDER);
        c6b.intoMemorySegment(ALL, out + 13 * BYTES, ORDER);
        c7a.intoMemorySegment(ALL, out + 14 * BYTES, ORDER);
        c7b.intoMemorySegment(ALL, out + 15 * BYTES, ORDER);
        c8a.intoMemorySegment(ALL, out + 16 * BYTES, ORDER);
        c8b.intoMemorySegment(ALL, out + 17 * BYTES, ORDER);
        c9a.intoMemorySegment(ALL, out + 18 * BYTES, ORDER);
        c9b.intoMemorySegment(ALL, out + 19 * BYTES, ORDER);
        c10a.intoMemorySegment(ALL, out + 20 * BYTES, ORDER);
        c10b.intoMemorySegment(ALL, out + 21 * BYTES, ORDER);
        c11a.intoMemorySegment(ALL, out + 22 * BYTES, ORDER);
        c11b.intoMemorySegment(ALL, out + 23 * BYTES, ORDER);
    }
}
