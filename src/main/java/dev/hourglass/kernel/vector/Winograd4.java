package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;
import static dev.hourglass.kernel.vector.Memory.STEP;

import jdk.incubator.vector.FloatVector;

/**
 * Winograd F(4x4, 3x3): a quarter of the multiplications. The points are 0, 3/2, -3/2, 2/3, -2/3 and infinity, in this order; with
 * {@code a = 3/2} and {@code b = 2/3},
 *
 * <pre>
 *      | 1 b  b  a  a 0 |        | 1  0 -s  0  1 0 |              | 65   0   0 |
 * A' = | 0 1 -1  1 -1 0 |   B' = | 0 -y -x  a  1 0 |   65 G =     | 12  18  27 |   x = b b, y = a x
 *      | 0 a  a  b  b 0 |        | 0  y -x -a  1 0 |              | 12 -18  27 |   u = a a, v = b u
 *      | 0 u -u  x -x 1 |        | 0 -v -u  b  1 0 |              |-27 -18 -12 |   s = u + x
 *                                | 0  v -u -b  1 0 |              |-27  18 -12 |
 *                                | 0  1  0 -s  0 1 |              |  0   0  65 |
 * </pre>
 *
 * With the usual points 1, -1, 2 and -2 the last output weighs products up to 64 times as much as the first, and its rounding is ten
 * times the first one's; the worst of these outputs is at a quarter of that, all of them together at half (PERF.md). Reciprocal points keep
 * numbers near 1 both ways; Alam, Anderson, Barabasz and Gregg, "Winograd Convolution for Deep Neural Networks: Efficient Point Selection"
 * (doi 10.1145/3524069), look for such points.
 */
final class Winograd4 extends WinogradTransform {

    /** The point {@code a}; the other is its reciprocal. */
    private static final float A = 3 / 2f;

    private static final float B = 2 / 3f;

    private static final float A_SQUARED = 9 / 4f;

    private static final float B_SQUARED = 4 / 9f;

    private static final float SQUARES = 97 / 36f;

    Winograd4() {
        super(4);
    }

    @Override
    void input(long in, long inAxis, long inStep, long out, long outAxis, long outStep, int count) {
        long in1 = inAxis & STEP;
        long in2 = 2 * inAxis & STEP;
        long in3 = 3 * inAxis & STEP;
        long out1 = outAxis & STEP;
        long out2 = 2 * outAxis & STEP;
        long out3 = 3 * outAxis & STEP;
        FloatVector a = FloatVector.broadcast(S, A);
        FloatVector minusA = FloatVector.broadcast(S, -A);
        FloatVector b = FloatVector.broadcast(S, B);
        FloatVector minusB = FloatVector.broadcast(S, -B);
        FloatVector minusA2 = FloatVector.broadcast(S, -A_SQUARED);
        FloatVector minusB2 = FloatVector.broadcast(S, -B_SQUARED);
        FloatVector minusBoth = FloatVector.broadcast(S, -SQUARES);
        long from = in & MASK;
        long to = out & MASK;
        long end = from + count * inStep;
        while (from < end) {
            long from3 = from + in3;
            long to3 = to + out3;
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, from, ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, from + in1, ORDER);
            FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, from + in2, ORDER);
            FloatVector d3 = FloatVector.fromMemorySegment(S, ALL, from3, ORDER);
            FloatVector d4 = FloatVector.fromMemorySegment(S, ALL, from3 + in1, ORDER);
            FloatVector d5 = FloatVector.fromMemorySegment(S, ALL, from3 + in2, ORDER);
            FloatVector evenA = d2.fma(minusB2, d4);
            FloatVector oddA = d1.fma(minusB2, d3);
            FloatVector evenB = d2.fma(minusA2, d4);
            FloatVector oddB = d1.fma(minusA2, d3);
            d2.fma(minusBoth, d0.add(d4)).intoMemorySegment(ALL, to, ORDER);
            oddA.fma(a, evenA).intoMemorySegment(ALL, to + out1, ORDER);
            oddA.fma(minusA, evenA).intoMemorySegment(ALL, to + out2, ORDER);
            oddB.fma(b, evenB).intoMemorySegment(ALL, to3, ORDER);
            oddB.fma(minusB, evenB).intoMemorySegment(ALL, to3 + out1, ORDER);
            d3.fma(minusBoth, d1.add(d5)).intoMemorySegment(ALL, to3 + out2, ORDER);
            from = (from + inStep) & MASK;
            to = (to + outStep) & MASK;
        }
    }

    @Override
    void inputEdge(long in, long inAxis, int first, int last, long zeros, long out, long outAxis, int vectors) {
        long out1 = outAxis & STEP;
        long out2 = 2 * outAxis & STEP;
        long out3 = 3 * outAxis & STEP;
        FloatVector a = FloatVector.broadcast(S, A);
        FloatVector minusA = FloatVector.broadcast(S, -A);
        FloatVector b = FloatVector.broadcast(S, B);
        FloatVector minusB = FloatVector.broadcast(S, -B);
        FloatVector minusA2 = FloatVector.broadcast(S, -A_SQUARED);
        FloatVector minusB2 = FloatVector.broadcast(S, -B_SQUARED);
        FloatVector minusBoth = FloatVector.broadcast(S, -SQUARES);
        long d0At = element(in, inAxis, 0, first, last, zeros) & MASK;
        long d1At = element(in, inAxis, 1, first, last, zeros) & MASK;
        long d2At = element(in, inAxis, 2, first, last, zeros) & MASK;
        long d3At = element(in, inAxis, 3, first, last, zeros) & MASK;
        long d4At = element(in, inAxis, 4, first, last, zeros) & MASK;
        long d5At = element(in, inAxis, 5, first, last, zeros) & MASK;
        long to = out & MASK;
        long end = (long) vectors * BYTES;
        for (long at = 0; at < end; at += BYTES) {
            long to3 = to + out3;
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, (d0At + at) & MASK, ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, (d1At + at) & MASK, ORDER);
            FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, (d2At + at) & MASK, ORDER);
            FloatVector d3 = FloatVector.fromMemorySegment(S, ALL, (d3At + at) & MASK, ORDER);
            FloatVector d4 = FloatVector.fromMemorySegment(S, ALL, (d4At + at) & MASK, ORDER);
            FloatVector d5 = FloatVector.fromMemorySegment(S, ALL, (d5At + at) & MASK, ORDER);
            FloatVector evenA = d2.fma(minusB2, d4);
            FloatVector oddA = d1.fma(minusB2, d3);
            FloatVector evenB = d2.fma(minusA2, d4);
            FloatVector oddB = d1.fma(minusA2, d3);
            d2.fma(minusBoth, d0.add(d4)).intoMemorySegment(ALL, to, ORDER);
            oddA.fma(a, evenA).intoMemorySegment(ALL, to + out1, ORDER);
            oddA.fma(minusA, evenA).intoMemorySegment(ALL, to + out2, ORDER);
            oddB.fma(b, evenB).intoMemorySegment(ALL, to3, ORDER);
            oddB.fma(minusB, evenB).intoMemorySegment(ALL, to3 + out1, ORDER);
            d3.fma(minusBoth, d1.add(d5)).intoMemorySegment(ALL, to3 + out2, ORDER);
            to = (to + BYTES) & MASK;
        }
    }

    @Override
    void output(long in, long inAxis, long inStep, long out, long outAxis, long outStep, int count) {
        long in1 = inAxis & STEP;
        long in2 = 2 * inAxis & STEP;
        long in3 = 3 * inAxis & STEP;
        long out1 = outAxis & STEP;
        long out2 = 2 * outAxis & STEP;
        long out3 = 3 * outAxis & STEP;
        FloatVector a = FloatVector.broadcast(S, A);
        FloatVector b = FloatVector.broadcast(S, B);
        FloatVector a2 = FloatVector.broadcast(S, A_SQUARED);
        FloatVector b2 = FloatVector.broadcast(S, B_SQUARED);
        for (int k = 0; k < count; k++) {
            long from = (in + k * inStep) & MASK;
            long from3 = from + in3;
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, from, ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, from + in1, ORDER);
            FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, from + in2, ORDER);
            FloatVector d3 = FloatVector.fromMemorySegment(S, ALL, from3, ORDER);
            FloatVector d4 = FloatVector.fromMemorySegment(S, ALL, from3 + in1, ORDER);
            FloatVector d5 = FloatVector.fromMemorySegment(S, ALL, from3 + in2, ORDER);
            long to = (out + k * outStep) & MASK;
            long to3 = to + out3;
            FloatVector evenA = d1.add(d2);
            FloatVector oddA = d1.sub(d2);
            FloatVector evenB = d3.add(d4);
            FloatVector oddB = d3.sub(d4);
            evenB.fma(a, evenA.fma(b, d0)).intoMemorySegment(ALL, to, ORDER);
            oddA.add(oddB).intoMemorySegment(ALL, to + out1, ORDER);
            evenB.fma(b, evenA.mul(a)).intoMemorySegment(ALL, to + out2, ORDER);
            oddB.fma(b2, oddA.fma(a2, d5)).intoMemorySegment(ALL, to3, ORDER);
        }
    }

    @Override
    void outputGradient(
            long in, long inAxis, int last, long zeros, long inStep, long out, long outAxis, long outStep, int count) {
        long out1 = outAxis & STEP;
        long out2 = 2 * outAxis & STEP;
        long out3 = 3 * outAxis & STEP;
        FloatVector a = FloatVector.broadcast(S, A);
        FloatVector b = FloatVector.broadcast(S, B);
        FloatVector a2 = FloatVector.broadcast(S, A_SQUARED);
        FloatVector b2 = FloatVector.broadcast(S, B_SQUARED);
        long d0At = element(in, inAxis, 0, 0, last, zeros) & MASK;
        long d1At = element(in, inAxis, 1, 0, last, zeros) & MASK;
        long d2At = element(in, inAxis, 2, 0, last, zeros) & MASK;
        long d3At = element(in, inAxis, 3, 0, last, zeros) & MASK;
        long to = out & MASK;
        long end = count * inStep;
        for (long at = 0; at < end; at += inStep) {
            long to3 = to + out3;
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, (d0At + at) & MASK, ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, (d1At + at) & MASK, ORDER);
            FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, (d2At + at) & MASK, ORDER);
            FloatVector d3 = FloatVector.fromMemorySegment(S, ALL, (d3At + at) & MASK, ORDER);
            FloatVector evenA = d2.fma(a, d0.mul(b));
            FloatVector oddA = d3.fma(a2, d1);
            FloatVector evenB = d2.fma(b, d0.mul(a));
            FloatVector oddB = d3.fma(b2, d1);
            d0.intoMemorySegment(ALL, to, ORDER);
            evenA.add(oddA).intoMemorySegment(ALL, to + out1, ORDER);
            evenA.sub(oddA).intoMemorySegment(ALL, to + out2, ORDER);
            evenB.add(oddB).intoMemorySegment(ALL, to3, ORDER);
            evenB.sub(oddB).intoMemorySegment(ALL, to3 + out1, ORDER);
            d3.intoMemorySegment(ALL, to3 + out2, ORDER);
            to = (to + outStep) & MASK;
        }
    }

    @Override
    void weight(int row, long in, long out, long outRow, long outTap, int count) {
        switch (row) {
            case 0 -> edge(in, out, outTap, count);
            case 1 -> pair(12 / 65f, 18 / 65f, 27 / 65f, in, out, outRow, outTap, count);
            case 3 -> pair(-27 / 65f, -18 / 65f, -12 / 65f, in, out, outRow, outTap, count);
            default -> edge(in + 6L * BYTES, out, outTap, count);
        }
    }

    /** A row of taps that is a row of the kernel. */
    private static void edge(long in, long out, long outTap, int count) {
        long out1 = outTap & STEP;
        long out2 = 2 * outTap & STEP;
        long out3 = 3 * outTap & STEP;
        FloatVector by12 = FloatVector.broadcast(S, 12 / 65f);
        FloatVector by18 = FloatVector.broadcast(S, 18 / 65f);
        FloatVector by27 = FloatVector.broadcast(S, 27 / 65f);
        long from = in & MASK;
        long to = out & MASK;
        long end = from + count * KERNEL_BYTES;
        while (from < end) {
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, from, ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, from + BYTES, ORDER);
            FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, from + 2 * BYTES, ORDER);
            long to3 = to + out3;
            FloatVector evenA = d0.fma(by12, d2.mul(by27));
            FloatVector evenB = d0.fma(by27, d2.mul(by12));
            FloatVector odd = d1.mul(by18);
            d0.intoMemorySegment(ALL, to, ORDER);
            evenA.add(odd).intoMemorySegment(ALL, to + out1, ORDER);
            evenA.sub(odd).intoMemorySegment(ALL, to + out2, ORDER);
            evenB.add(odd).neg().intoMemorySegment(ALL, to3, ORDER);
            odd.sub(evenB).intoMemorySegment(ALL, to3 + out1, ORDER);
            d2.intoMemorySegment(ALL, to3 + out2, ORDER);
            from = (from + KERNEL_BYTES) & MASK;
            to = (to + BYTES) & MASK;
        }
    }

    /** Two rows of taps that differ in the middle row's sign, whose factors {@code first}, {@code middle} and {@code last} are. */
    private static void pair(
            float first, float middle, float last, long in, long out, long outRow, long outTap, int count) {
        long out1 = outTap & STEP;
        long out2 = 2 * outTap & STEP;
        long out3 = 3 * outTap & STEP;
        FloatVector byFirst = FloatVector.broadcast(S, first);
        FloatVector byMiddle = FloatVector.broadcast(S, middle);
        FloatVector byLast = FloatVector.broadcast(S, last);
        FloatVector by12 = FloatVector.broadcast(S, 12 / 65f);
        FloatVector by18 = FloatVector.broadcast(S, 18 / 65f);
        FloatVector by27 = FloatVector.broadcast(S, 27 / 65f);
        long from = in & MASK;
        long to = out & MASK;
        long end = from + count * KERNEL_BYTES;
        while (from < end) {
            FloatVector even0 = FloatVector.fromMemorySegment(S, ALL, from, ORDER)
                    .fma(
                            byFirst,
                            FloatVector.fromMemorySegment(S, ALL, from + 6 * BYTES, ORDER)
                                    .mul(byLast));
            FloatVector even1 = FloatVector.fromMemorySegment(S, ALL, from + BYTES, ORDER)
                    .fma(
                            byFirst,
                            FloatVector.fromMemorySegment(S, ALL, from + 7 * BYTES, ORDER)
                                    .mul(byLast));
            FloatVector even2 = FloatVector.fromMemorySegment(S, ALL, from + 2 * BYTES, ORDER)
                    .fma(
                            byFirst,
                            FloatVector.fromMemorySegment(S, ALL, from + 8 * BYTES, ORDER)
                                    .mul(byLast));
            FloatVector odd0 = FloatVector.fromMemorySegment(S, ALL, from + 3 * BYTES, ORDER)
                    .mul(byMiddle);
            FloatVector odd1 = FloatVector.fromMemorySegment(S, ALL, from + 4 * BYTES, ORDER)
                    .mul(byMiddle);
            FloatVector odd2 = FloatVector.fromMemorySegment(S, ALL, from + 5 * BYTES, ORDER)
                    .mul(byMiddle);

            FloatVector d0 = even0.add(odd0);
            FloatVector d1 = even1.add(odd1);
            FloatVector d2 = even2.add(odd2);
            long to3 = to + out3;
            FloatVector evenA = d0.fma(by12, d2.mul(by27));
            FloatVector evenB = d0.fma(by27, d2.mul(by12));
            FloatVector odd = d1.mul(by18);
            d0.intoMemorySegment(ALL, to, ORDER);
            evenA.add(odd).intoMemorySegment(ALL, to + out1, ORDER);
            evenA.sub(odd).intoMemorySegment(ALL, to + out2, ORDER);
            evenB.add(odd).neg().intoMemorySegment(ALL, to3, ORDER);
            odd.sub(evenB).intoMemorySegment(ALL, to3 + out1, ORDER);
            d2.intoMemorySegment(ALL, to3 + out2, ORDER);

            d0 = even0.sub(odd0);
            d1 = even1.sub(odd1);
            d2 = even2.sub(odd2);
            long next = (to + outRow) & MASK;
            long next3 = next + out3;
            evenA = d0.fma(by12, d2.mul(by27));
            evenB = d0.fma(by27, d2.mul(by12));
            odd = d1.mul(by18);
            d0.intoMemorySegment(ALL, next, ORDER);
            evenA.add(odd).intoMemorySegment(ALL, next + out1, ORDER);
            evenA.sub(odd).intoMemorySegment(ALL, next + out2, ORDER);
            evenB.add(odd).neg().intoMemorySegment(ALL, next3, ORDER);
            odd.sub(evenB).intoMemorySegment(ALL, next3 + out1, ORDER);
            d2.intoMemorySegment(ALL, next3 + out2, ORDER);
            from = (from + KERNEL_BYTES) & MASK;
            to = (to + BYTES) & MASK;
        }
    }

    @Override
    void weightGradient(long in, long inAxis, long inStep, long out, long outAxis, long outStep, int count) {
        long in1 = inAxis & STEP;
        long in2 = 2 * inAxis & STEP;
        long in3 = 3 * inAxis & STEP;
        long out1 = outAxis & STEP;
        long out2 = 2 * outAxis & STEP;
        FloatVector by12 = FloatVector.broadcast(S, 12 / 65f);
        FloatVector by18 = FloatVector.broadcast(S, 18 / 65f);
        FloatVector by27 = FloatVector.broadcast(S, 27 / 65f);
        for (int k = 0; k < count; k++) {
            long from = (in + k * inStep) & MASK;
            long from3 = from + in3;
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, from, ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, from + in1, ORDER);
            FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, from + in2, ORDER);
            FloatVector d3 = FloatVector.fromMemorySegment(S, ALL, from3, ORDER);
            FloatVector d4 = FloatVector.fromMemorySegment(S, ALL, from3 + in1, ORDER);
            FloatVector d5 = FloatVector.fromMemorySegment(S, ALL, from3 + in2, ORDER);
            long to = (out + k * outStep) & MASK;
            FloatVector evenA = d1.add(d2);
            FloatVector evenB = d3.add(d4);
            FloatVector odd = d1.sub(d2).sub(d3.sub(d4));
            d0.add(evenA.mul(by12).sub(evenB.mul(by27))).intoMemorySegment(ALL, to, ORDER);
            odd.mul(by18).intoMemorySegment(ALL, to + out1, ORDER);
            d5.add(evenA.mul(by27).sub(evenB.mul(by12))).intoMemorySegment(ALL, to + out2, ORDER);
        }
    }

    @Override
    void finish(
            long in,
            long inAxis,
            long inStep,
            long bias,
            long out,
            long outAxis,
            long outStep,
            int count,
            int vectors,
            int rows) {
        long in1 = inAxis & STEP;
        long in2 = 2 * inAxis & STEP;
        long in3 = 3 * inAxis & STEP;
        long out1 = outAxis & STEP;
        long out2 = 2 * outAxis & STEP;
        long out3 = 3 * outAxis & STEP;
        FloatVector a = FloatVector.broadcast(S, A);
        FloatVector b = FloatVector.broadcast(S, B);
        FloatVector a2 = FloatVector.broadcast(S, A_SQUARED);
        FloatVector b2 = FloatVector.broadcast(S, B_SQUARED);
        for (int v = 0; v < vectors; v++) {
            long from = (in + (long) v * BYTES) & MASK;
            long to = (out + (long) v * BYTES) & MASK;
            FloatVector shift = FloatVector.fromMemorySegment(S, ALL, (bias + (long) v * BYTES) & MASK, ORDER);
            long end = from + count * inStep;
            while (from < end) {
                long from3 = from + in3;
                long to3 = to + out3;
                FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, from, ORDER);
                FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, from + in1, ORDER);
                FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, from + in2, ORDER);
                FloatVector d3 = FloatVector.fromMemorySegment(S, ALL, from3, ORDER);
                FloatVector d4 = FloatVector.fromMemorySegment(S, ALL, from3 + in1, ORDER);
                FloatVector d5 = FloatVector.fromMemorySegment(S, ALL, from3 + in2, ORDER);
                FloatVector evenA = d1.add(d2);
                FloatVector oddA = d1.sub(d2);
                FloatVector evenB = d3.add(d4);
                FloatVector oddB = d3.sub(d4);
                evenB.fma(a, evenA.fma(b, d0)).add(shift).intoMemorySegment(ALL, to, ORDER);
                if (rows > 1) {
                    oddA.add(oddB).add(shift).intoMemorySegment(ALL, to + out1, ORDER);
                }
                if (rows > 2) {
                    evenB.fma(b, evenA.mul(a)).add(shift).intoMemorySegment(ALL, to + out2, ORDER);
                }
                if (rows > 3) {
                    oddB.fma(b2, oddA.fma(a2, d5)).add(shift).intoMemorySegment(ALL, to3, ORDER);
                }
                from = (from + inStep) & MASK;
                to = (to + outStep) & MASK;
            }
        }
    }

    @Override
    void finishAdded(
            long in,
            long inAxis,
            long inStep,
            long bias,
            long addend,
            long out,
            long outAxis,
            long outStep,
            int count,
            int vectors,
            int rows) {
        long in1 = inAxis & STEP;
        long in2 = 2 * inAxis & STEP;
        long in3 = 3 * inAxis & STEP;
        long out1 = outAxis & STEP;
        long out2 = 2 * outAxis & STEP;
        long out3 = 3 * outAxis & STEP;
        FloatVector a = FloatVector.broadcast(S, A);
        FloatVector b = FloatVector.broadcast(S, B);
        FloatVector a2 = FloatVector.broadcast(S, A_SQUARED);
        FloatVector b2 = FloatVector.broadcast(S, B_SQUARED);
        for (int v = 0; v < vectors; v++) {
            long from = (in + (long) v * BYTES) & MASK;
            long to = (out + (long) v * BYTES) & MASK;
            long plus = (addend + (long) v * BYTES) & MASK;
            FloatVector shift = FloatVector.fromMemorySegment(S, ALL, (bias + (long) v * BYTES) & MASK, ORDER);
            long end = from + count * inStep;
            while (from < end) {
                long from3 = from + in3;
                long to3 = to + out3;
                FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, from, ORDER);
                FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, from + in1, ORDER);
                FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, from + in2, ORDER);
                FloatVector d3 = FloatVector.fromMemorySegment(S, ALL, from3, ORDER);
                FloatVector d4 = FloatVector.fromMemorySegment(S, ALL, from3 + in1, ORDER);
                FloatVector d5 = FloatVector.fromMemorySegment(S, ALL, from3 + in2, ORDER);
                FloatVector evenA = d1.add(d2);
                FloatVector oddA = d1.sub(d2);
                FloatVector evenB = d3.add(d4);
                FloatVector oddB = d3.sub(d4);
                evenB.fma(a, evenA.fma(b, d0))
                        .add(shift)
                        .add(FloatVector.fromMemorySegment(S, ALL, plus, ORDER))
                        .intoMemorySegment(ALL, to, ORDER);
                if (rows > 1) {
                    oddA.add(oddB)
                            .add(shift)
                            .add(FloatVector.fromMemorySegment(S, ALL, plus + out1, ORDER))
                            .intoMemorySegment(ALL, to + out1, ORDER);
                }
                if (rows > 2) {
                    evenB.fma(b, evenA.mul(a))
                            .add(shift)
                            .add(FloatVector.fromMemorySegment(S, ALL, plus + out2, ORDER))
                            .intoMemorySegment(ALL, to + out2, ORDER);
                }
                if (rows > 3) {
                    oddB.fma(b2, oddA.fma(a2, d5))
                            .add(shift)
                            .add(FloatVector.fromMemorySegment(S, ALL, plus + out3, ORDER))
                            .intoMemorySegment(ALL, to3, ORDER);
                }
                from = (from + inStep) & MASK;
                to = (to + outStep) & MASK;
                plus = (plus + outStep) & MASK;
            }
        }
    }
}
