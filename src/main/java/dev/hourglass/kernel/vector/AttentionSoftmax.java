package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.AttentionTile.ROW_BYTES;
import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

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

    private AttentionSoftmax() {}

    /**
     * The online softmax over one more block of keys: scores become {@code 2^(score - max)}, with {@code max} brought up to date first.
     *
     * @param max address of {@code [COLUMNS]}: the largest scores so far
     * @param sum address of {@code [COLUMNS]}: sums of powers so far
     * @param factor address of {@code [2, COLUMNS]}: receives what earlier results are to be multiplied by, and scratch
     */
    static void online(long scores, int rows, long max, long sum, long factor) {
        // step by step for all columns, so that what each waits for is done beside the others' work
        long block = factor + ROW_BYTES;
        for (long at = 0; at < ROW_BYTES; at += BYTES) {
            maxima(scores + at, rows, max + at, factor + at);
        }
        for (long at = 0; at < ROW_BYTES; at += BYTES) {
            powers(factor + at, 1, max + at, block + at);
        }
        for (long at = 0; at < ROW_BYTES; at += BYTES) {
            powers(scores + at, rows, max + at, block + at);
        }
        for (long at = 0; at < ROW_BYTES; at += BYTES) {
            FloatVector.fromMemorySegment(S, ALL, (sum + at) & Memory.MASK, ORDER)
                    .fma(
                            FloatVector.fromMemorySegment(S, ALL, (factor + at) & Memory.MASK, ORDER),
                            FloatVector.fromMemorySegment(S, ALL, (block + at) & Memory.MASK, ORDER))
                    .intoMemorySegment(ALL, (sum + at) & Memory.MASK, ORDER);
        }
    }

    /**
     * {@code before = max}, then {@code max = max(max, scores)} for one vector of columns. Four rows are compared with each other before
     * they meet the largest so far, since a comparison waits for the one before; {@code lanewise(MAX)} is slower for its care of NaN.
     */
    private static void maxima(long scores, int rows, long max, long before) {
        FloatVector m = FloatVector.fromMemorySegment(S, ALL, max & Memory.MASK, ORDER);
        m.intoMemorySegment(ALL, before & Memory.MASK, ORDER);
        int r = 0;
        for (; r < rows - 3; r += 4) {
            FloatVector a = FloatVector.fromMemorySegment(S, ALL, scores & Memory.MASK, ORDER);
            FloatVector b = FloatVector.fromMemorySegment(S, ALL, (scores + ROW_BYTES) & Memory.MASK, ORDER);
            FloatVector c = FloatVector.fromMemorySegment(S, ALL, (scores + 2 * ROW_BYTES) & Memory.MASK, ORDER);
            FloatVector d = FloatVector.fromMemorySegment(S, ALL, (scores + 3 * ROW_BYTES) & Memory.MASK, ORDER);
            a = a.blend(b, a.compare(VectorOperators.LT, b));
            c = c.blend(d, c.compare(VectorOperators.LT, d));
            a = a.blend(c, a.compare(VectorOperators.LT, c));
            m = m.blend(a, m.compare(VectorOperators.LT, a));
            scores += 4 * ROW_BYTES;
        }
        for (; r < rows; r++) {
            FloatVector a = FloatVector.fromMemorySegment(S, ALL, scores & Memory.MASK, ORDER);
            m = m.blend(a, m.compare(VectorOperators.LT, a));
            scores += ROW_BYTES;
        }
        m.intoMemorySegment(ALL, max & Memory.MASK, ORDER);
    }

    /** {@code scores = 2^(scores - max)} and {@code sum} their sum, for one vector of columns; NaN stays NaN. */
    private static void powers(long scores, int rows, long max, long sum) {
        FloatVector largest = FloatVector.fromMemorySegment(S, ALL, max & Memory.MASK, ORDER);
        FloatVector lowest = FloatVector.broadcast(S, LOWEST);
        FloatVector total = FloatVector.zero(S);
        for (int r = 0; r < rows; r++) {
            FloatVector t = FloatVector.fromMemorySegment(S, ALL, scores & Memory.MASK, ORDER)
                    .sub(largest);
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
            total = total.add(p);
            p.intoMemorySegment(ALL, scores & Memory.MASK, ORDER);
            scores += ROW_BYTES;
        }
        total.intoMemorySegment(ALL, sum & Memory.MASK, ORDER);
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
