package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.AttentionTile.COLUMNS;
import static dev.hourglass.kernel.vector.AttentionTile.ROW_BYTES;
import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;
import static dev.hourglass.kernel.vector.RegisterTile.ZEROS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Softmax along the rows of a panel of scores {@code [keys, COLUMNS queries]}: every reduction runs across rows, lane by lane. Scores
 * come multiplied by {@code log2 e}, so that the exponential is a power of two: whole octaves go into the exponent, and a polynomial of
 * degree 5 makes the rest, to about 3 half ulps.
 */
final class AttentionSoftmax {

    static final float LOG2_E = 1.44269504f;

    /** Below any score; far enough from the end of the range that differences are finite. */
    static final float NO_MAXIMUM = -1e30f;

    /** Powers are cut here: next to a row's largest, {@code 2^-80} is nothing, and products with it stay out of the subnormals. */
    private static final float LOWEST = -80;

    /** Adding this rounds to a whole number, which then stands in the lowest bits as a float's exponent does, 127 added. */
    private static final float ROUNDER = 0x1.8p23f + 127;

    private static final float P5 = 1.32647273e-3f;
    private static final float P4 = 9.67151299e-3f;
    private static final float P3 = 5.55073358e-2f;
    private static final float P2 = 2.40222424e-1f;
    private static final float P1 = 6.93147004e-1f;

    /** Address of a row of ones. */
    static final long ONES = ones();

    private AttentionSoftmax() {}

    private static long ones() {
        MemorySegment row = Arena.global().allocate(ROW_BYTES, BYTES);
        AttentionPack.fill(row.address(), COLUMNS, 1);
        return row.address();
    }

    /**
     * The online softmax over one more block of keys: scores become {@code 2^(score - max)}, with {@code max} brought up to date first.
     *
     * @param block address of {@code [1 + rows, COLUMNS]}: room for what earlier results are to be multiplied by, then the scores
     * @param max address of {@code [COLUMNS]}: the largest scores so far
     * @param sum address of {@code [COLUMNS]}: sums of powers so far
     */
    static void online(long block, int rows, long max, long sum) {
        for (long at = 0; at < ROW_BYTES; at += BYTES) {
            column(block + at, rows, max + at, sum + at);
        }
    }

    /**
     * The same for one vector of columns; NaN stays NaN. Eight rows are compared with each other before they meet the largest so far,
     * since a comparison waits for the one before; {@code lanewise(MAX)} is slower for its care of NaN.
     *
     * <p>One method, because it is then too large to be inlined. Inlined into the sweep, part by part, vectors that its loops carry from row
     * to row ended on the heap wherever C2 had made too many nodes by then, in one process and not in the next.
     */
    private static void column(long block, int rows, long max, long sum) {
        FloatVector m = FloatVector.fromMemorySegment(S, ALL, max & Memory.MASK, ORDER);
        m.intoMemorySegment(ALL, block & Memory.MASK, ORDER);
        long score = block + ROW_BYTES;
        int r = 0;
        for (; r < rows - 7; r += 8) {
            FloatVector a = FloatVector.fromMemorySegment(S, ALL, score & Memory.MASK, ORDER);
            FloatVector b = FloatVector.fromMemorySegment(S, ALL, (score + ROW_BYTES) & Memory.MASK, ORDER);
            FloatVector c = FloatVector.fromMemorySegment(S, ALL, (score + 2 * ROW_BYTES) & Memory.MASK, ORDER);
            FloatVector d = FloatVector.fromMemorySegment(S, ALL, (score + 3 * ROW_BYTES) & Memory.MASK, ORDER);
            a = a.blend(b, a.compare(VectorOperators.LT, b));
            c = c.blend(d, c.compare(VectorOperators.LT, d));
            a = a.blend(c, a.compare(VectorOperators.LT, c));
            score += 4 * ROW_BYTES;
            b = FloatVector.fromMemorySegment(S, ALL, score & Memory.MASK, ORDER);
            c = FloatVector.fromMemorySegment(S, ALL, (score + ROW_BYTES) & Memory.MASK, ORDER);
            d = FloatVector.fromMemorySegment(S, ALL, (score + 2 * ROW_BYTES) & Memory.MASK, ORDER);
            FloatVector e = FloatVector.fromMemorySegment(S, ALL, (score + 3 * ROW_BYTES) & Memory.MASK, ORDER);
            b = b.blend(c, b.compare(VectorOperators.LT, c));
            d = d.blend(e, d.compare(VectorOperators.LT, e));
            b = b.blend(d, b.compare(VectorOperators.LT, d));
            a = a.blend(b, a.compare(VectorOperators.LT, b));
            m = m.blend(a, m.compare(VectorOperators.LT, a));
            score += 4 * ROW_BYTES;
        }
        for (; r < rows; r++) {
            FloatVector a = FloatVector.fromMemorySegment(S, ALL, score & Memory.MASK, ORDER);
            m = m.blend(a, m.compare(VectorOperators.LT, a));
            score += ROW_BYTES;
        }
        m.intoMemorySegment(ALL, max & Memory.MASK, ORDER);

        FloatVector lowest = FloatVector.broadcast(S, LOWEST);
        FloatVector total = FloatVector.zero(S);
        long times = ZEROS; // how often a power counts: the first one, which is of no score of this block, not at all
        long at = block;
        for (r = 0; r <= rows; r++) {
            FloatVector t = FloatVector.fromMemorySegment(S, ALL, at & Memory.MASK, ORDER)
                    .sub(m);
            t = t.blend(lowest, t.compare(VectorOperators.LT, lowest));
            FloatVector rounded = t.add(ROUNDER);
            FloatVector rest = t.sub(rounded.sub(ROUNDER));
            FloatVector p = FloatVector.broadcast(S, P5).fma(rest, FloatVector.broadcast(S, P4));
            p = p.fma(rest, FloatVector.broadcast(S, P3));
            p = p.fma(rest, FloatVector.broadcast(S, P2));
            p = p.fma(rest, FloatVector.broadcast(S, P1));
            p = p.fma(rest, FloatVector.broadcast(S, 1));
            p = p.mul(rounded.reinterpretAsInts()
                    .lanewise(VectorOperators.LSHL, Exp.EXPONENT_SHIFT)
                    .reinterpretAsFloats());
            total = p.fma(FloatVector.fromMemorySegment(S, ALL, times & Memory.MASK, ORDER), total);
            p.intoMemorySegment(ALL, at & Memory.MASK, ORDER);
            at += ROW_BYTES;
            times = ONES;
        }
        FloatVector.fromMemorySegment(S, ALL, sum & Memory.MASK, ORDER)
                .fma(FloatVector.fromMemorySegment(S, ALL, block & Memory.MASK, ORDER), total)
                .intoMemorySegment(ALL, sum & Memory.MASK, ORDER);
    }

    /**
     * Backward, where a row's largest score is no longer needed: {@code p = 2^scores} and {@code products = p * products}.
     *
     * @param scores scores less the row's log-sum-exp, at most 0 up to rounding; become {@code p}
     * @param products gradients of {@code p} less the row's delta; become gradients of the scores
     */
    static void gradient(long scores, long products, int rows) {
        FloatVector lowest = FloatVector.broadcast(S, LOWEST);
        for (long i = 0; i < rows * ROW_BYTES; i += BYTES) {
            FloatVector t = FloatVector.fromMemorySegment(S, ALL, (scores + i) & Memory.MASK, ORDER);
            t = t.blend(lowest, t.compare(VectorOperators.LT, lowest));
            FloatVector rounded = t.add(ROUNDER);
            FloatVector rest = t.sub(rounded.sub(ROUNDER));
            FloatVector p = FloatVector.broadcast(S, P5).fma(rest, FloatVector.broadcast(S, P4));
            p = p.fma(rest, FloatVector.broadcast(S, P3));
            p = p.fma(rest, FloatVector.broadcast(S, P2));
            p = p.fma(rest, FloatVector.broadcast(S, P1));
            p = p.fma(rest, FloatVector.broadcast(S, 1));
            p = p.mul(rounded.reinterpretAsInts()
                    .lanewise(VectorOperators.LSHL, Exp.EXPONENT_SHIFT)
                    .reinterpretAsFloats());
            p.intoMemorySegment(ALL, (scores + i) & Memory.MASK, ORDER);
            p.mul(FloatVector.fromMemorySegment(S, ALL, (products + i) & Memory.MASK, ORDER))
                    .intoMemorySegment(ALL, (products + i) & Memory.MASK, ORDER);
        }
    }
}
