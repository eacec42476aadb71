package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.FLOAT;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;
import static dev.hourglass.kernel.vector.RegisterTile.STRIDE;
import static jdk.incubator.vector.VectorOperators.FMA;

import java.lang.invoke.VarHandle;
import jdk.incubator.vector.FloatVector;

/**
 * A register tile of 5 rows by 2 vectors for the 16 registers of AVX2 and SSE: 10 accumulators keep two multipliers of up to 5 cycles
 * busy. 12 would fit beside 2 vectors of {@code b} and a broadcast, but C2 brings several broadcasts forward and keeps two accumulators
 * in memory, which halves the speed. Written out row by row because C2 keeps only local variables in registers; loops end at an address
 * for the reason that {@link RegisterTile4x2} gives.
 *
 * <p>A round of a loop has several steps, because going round takes eight instructions, and where a stranger's thread has half of the
 * core, instructions are what a product waits for, branches above all. C2 must not bring a later step's broadcasts forward, which would
 * cost registers that are not there. Where the loop might be left between two steps, it cannot: what is added up has to be complete
 * there. Behind later steps a fence for loads holds them back, which is no instruction; but C2 counts a sum as a register in use only
 * once the round has added to it, so that the first step needs its look, although rounds of four never end there. Each look compares
 * with an address of its own, which spares an addition. More steps in a round would be too much for C1 (see "C1's limit" in
 * ARCHITECTURE.md), and a third step of the transposed product, whose strides are arguments, makes C2 keep a sum in memory.
 */
final class RegisterTile5x2 {

    private RegisterTile5x2() {}

    /** {@code out = start + a b}, as {@link RegisterTile#multiply} has it. */
    static void multiply(long left, long right, int depth, long start, long out, long outStride) {
        if (depth % 4 == 0) {
            inFours(left, right, depth, start, out, outStride);
        } else {
            inThrees(left, right, depth, start, out, outStride);
        }
    }

    /** Any depth that four steps divide: their multiply-adds are written as C1 takes fewest registers for them. */
    private static void inFours(long left, long right, int depth, long startAt, long outAt, long outStride) {
        long end = (right + depth * (2L * BYTES)) & MASK;
        long end1 = end - 2 * BYTES;
        long start = startAt & MASK;
        long out = outAt & MASK;
        FloatVector sa = FloatVector.fromMemorySegment(S, ALL, start, ORDER);
        FloatVector sb = FloatVector.fromMemorySegment(S, ALL, start + BYTES, ORDER);
        FloatVector c0a = sa, c0b = sb;
        FloatVector c1a = sa, c1b = sb;
        FloatVector c2a = sa, c2b = sb;
        FloatVector c3a = sa, c3b = sb;
        FloatVector c4a = sa, c4b = sb;
        FloatVector x, ba, bb;
        long a = left & MASK;
        long b = right & MASK;
        while (b != end) {
            ba = FloatVector.fromMemorySegment(S, ALL, b, ORDER);
            bb = FloatVector.fromMemorySegment(S, ALL, b + BYTES, ORDER);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a));
            c0a = x.lanewise(FMA, ba, c0a);
            c0b = x.lanewise(FMA, bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + STRIDE));
            c1a = x.lanewise(FMA, ba, c1a);
            c1b = x.lanewise(FMA, bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 2 * STRIDE));
            c2a = x.lanewise(FMA, ba, c2a);
            c2b = x.lanewise(FMA, bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 3 * STRIDE));
            c3a = x.lanewise(FMA, ba, c3a);
            c3b = x.lanewise(FMA, bb, c3b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 4 * STRIDE));
            c4a = x.lanewise(FMA, ba, c4a);
            c4b = x.lanewise(FMA, bb, c4b);
            if (b == end1) {
                break;
            }
            ba = FloatVector.fromMemorySegment(S, ALL, b + 2 * BYTES, ORDER);
            bb = FloatVector.fromMemorySegment(S, ALL, b + 3 * BYTES, ORDER);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 4));
            c0a = x.lanewise(FMA, ba, c0a);
            c0b = x.lanewise(FMA, bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + STRIDE + 4));
            c1a = x.lanewise(FMA, ba, c1a);
            c1b = x.lanewise(FMA, bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 2 * STRIDE + 4));
            c2a = x.lanewise(FMA, ba, c2a);
            c2b = x.lanewise(FMA, bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 3 * STRIDE + 4));
            c3a = x.lanewise(FMA, ba, c3a);
            c3b = x.lanewise(FMA, bb, c3b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 4 * STRIDE + 4));
            c4a = x.lanewise(FMA, ba, c4a);
            c4b = x.lanewise(FMA, bb, c4b);
            VarHandle.loadLoadFence();
            ba = FloatVector.fromMemorySegment(S, ALL, b + 4 * BYTES, ORDER);
            bb = FloatVector.fromMemorySegment(S, ALL, b + 5 * BYTES, ORDER);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 8));
            c0a = x.lanewise(FMA, ba, c0a);
            c0b = x.lanewise(FMA, bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + STRIDE + 8));
            c1a = x.lanewise(FMA, ba, c1a);
            c1b = x.lanewise(FMA, bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 2 * STRIDE + 8));
            c2a = x.lanewise(FMA, ba, c2a);
            c2b = x.lanewise(FMA, bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 3 * STRIDE + 8));
            c3a = x.lanewise(FMA, ba, c3a);
            c3b = x.lanewise(FMA, bb, c3b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 4 * STRIDE + 8));
            c4a = x.lanewise(FMA, ba, c4a);
            c4b = x.lanewise(FMA, bb, c4b);
            VarHandle.loadLoadFence();
            ba = FloatVector.fromMemorySegment(S, ALL, b + 6 * BYTES, ORDER);
            bb = FloatVector.fromMemorySegment(S, ALL, b + 7 * BYTES, ORDER);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 12));
            c0a = x.lanewise(FMA, ba, c0a);
            c0b = x.lanewise(FMA, bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + STRIDE + 12));
            c1a = x.lanewise(FMA, ba, c1a);
            c1b = x.lanewise(FMA, bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 2 * STRIDE + 12));
            c2a = x.lanewise(FMA, ba, c2a);
            c2b = x.lanewise(FMA, bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 3 * STRIDE + 12));
            c3a = x.lanewise(FMA, ba, c3a);
            c3b = x.lanewise(FMA, bb, c3b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 4 * STRIDE + 12));
            c4a = x.lanewise(FMA, ba, c4a);
            c4b = x.lanewise(FMA, bb, c4b);
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
        out = (out + outStride) & MASK;
        c4a.intoMemorySegment(ALL, out, ORDER);
        c4b.intoMemorySegment(ALL, out + BYTES, ORDER);
    }

    /** Any depth. */
    private static void inThrees(long left, long right, int depth, long startAt, long outAt, long outStride) {
        long end = (right + depth * (2L * BYTES)) & MASK;
        long end1 = end - 2 * BYTES;
        long end2 = end - 4 * BYTES;
        long start = startAt & MASK;
        long out = outAt & MASK;
        FloatVector sa = FloatVector.fromMemorySegment(S, ALL, start, ORDER);
        FloatVector sb = FloatVector.fromMemorySegment(S, ALL, start + BYTES, ORDER);
        FloatVector c0a = sa, c0b = sb;
        FloatVector c1a = sa, c1b = sb;
        FloatVector c2a = sa, c2b = sb;
        FloatVector c3a = sa, c3b = sb;
        FloatVector c4a = sa, c4b = sb;
        FloatVector x, ba, bb;
        long a = left & MASK;
        long b = right & MASK;
        while (b != end) {
            ba = FloatVector.fromMemorySegment(S, ALL, b, ORDER);
            bb = FloatVector.fromMemorySegment(S, ALL, b + BYTES, ORDER);
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
            if (b == end1) {
                break;
            }
            ba = FloatVector.fromMemorySegment(S, ALL, b + 2 * BYTES, ORDER);
            bb = FloatVector.fromMemorySegment(S, ALL, b + 3 * BYTES, ORDER);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 4));
            c0a = x.fma(ba, c0a);
            c0b = x.fma(bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + STRIDE + 4));
            c1a = x.fma(ba, c1a);
            c1b = x.fma(bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 2 * STRIDE + 4));
            c2a = x.fma(ba, c2a);
            c2b = x.fma(bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 3 * STRIDE + 4));
            c3a = x.fma(ba, c3a);
            c3b = x.fma(bb, c3b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 4 * STRIDE + 4));
            c4a = x.fma(ba, c4a);
            c4b = x.fma(bb, c4b);
            if (b == end2) {
                break;
            }
            ba = FloatVector.fromMemorySegment(S, ALL, b + 4 * BYTES, ORDER);
            bb = FloatVector.fromMemorySegment(S, ALL, b + 5 * BYTES, ORDER);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 8));
            c0a = x.fma(ba, c0a);
            c0b = x.fma(bb, c0b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + STRIDE + 8));
            c1a = x.fma(ba, c1a);
            c1b = x.fma(bb, c1b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 2 * STRIDE + 8));
            c2a = x.fma(ba, c2a);
            c2b = x.fma(bb, c2b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 3 * STRIDE + 8));
            c3a = x.fma(ba, c3a);
            c3b = x.fma(bb, c3b);
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 4 * STRIDE + 8));
            c4a = x.fma(ba, c4a);
            c4b = x.fma(bb, c4b);
            a = (a + 12) & MASK;
            b = (b + 6 * BYTES) & MASK;
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
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 16));
            c4a = x.fma(ba, c4a);
            c4b = x.fma(bb, c4b);
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
            x = FloatVector.broadcast(S, (float) FLOAT.get(ALL, a + 16));
            c4a = x.fma(ba, c4a);
            c4b = x.fma(bb, c4b);
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
        c4a.intoMemorySegment(ALL, out + 8 * BYTES, ORDER);
        c4b.intoMemorySegment(ALL, out + 9 * BYTES, ORDER);
    }
}
