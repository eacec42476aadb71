package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;
import static dev.hourglass.kernel.vector.Memory.STEP;

import jdk.incubator.vector.FloatVector;

/** Winograd F(2x2, 3x3): points 0, 1, -1 and infinity; 4 ninths of the multiplications, errors no larger than the plain sum's. */
final class Winograd2 extends WinogradTransform {

    Winograd2() {
        super(2);
    }

    @Override
    void input(long in, long inAxis, long inStep, long out, long outAxis, long outStep, int count) {
        long in1 = inAxis & STEP;
        long in2 = 2 * inAxis & STEP;
        long in3 = 3 * inAxis & STEP;
        long out1 = outAxis & STEP;
        long out2 = 2 * outAxis & STEP;
        long out3 = 3 * outAxis & STEP;
        long from = in & MASK;
        long to = out & MASK;
        long end = from + count * inStep;
        while (from < end) {
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, from, ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, from + in1, ORDER);
            FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, from + in2, ORDER);
            FloatVector d3 = FloatVector.fromMemorySegment(S, ALL, from + in3, ORDER);
            d0.sub(d2).intoMemorySegment(ALL, to, ORDER);
            d1.add(d2).intoMemorySegment(ALL, to + out1, ORDER);
            d2.sub(d1).intoMemorySegment(ALL, to + out2, ORDER);
            d1.sub(d3).intoMemorySegment(ALL, to + out3, ORDER);
            from = (from + inStep) & MASK;
            to = (to + outStep) & MASK;
        }
    }

    @Override
    void inputEdge(long in, long inAxis, int first, int last, long zeros, long out, long outAxis, int vectors) {
        long out1 = outAxis & STEP;
        long out2 = 2 * outAxis & STEP;
        long out3 = 3 * outAxis & STEP;
        long d0At = element(in, inAxis, 0, first, last, zeros) & MASK;
        long d1At = element(in, inAxis, 1, first, last, zeros) & MASK;
        long d2At = element(in, inAxis, 2, first, last, zeros) & MASK;
        long d3At = element(in, inAxis, 3, first, last, zeros) & MASK;
        long to = out & MASK;
        long end = (long) vectors * BYTES;
        for (long at = 0; at < end; at += BYTES) {
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, (d0At + at) & MASK, ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, (d1At + at) & MASK, ORDER);
            FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, (d2At + at) & MASK, ORDER);
            FloatVector d3 = FloatVector.fromMemorySegment(S, ALL, (d3At + at) & MASK, ORDER);
            d0.sub(d2).intoMemorySegment(ALL, to, ORDER);
            d1.add(d2).intoMemorySegment(ALL, to + out1, ORDER);
            d2.sub(d1).intoMemorySegment(ALL, to + out2, ORDER);
            d1.sub(d3).intoMemorySegment(ALL, to + out3, ORDER);
            to = (to + BYTES) & MASK;
        }
    }

    @Override
    void output(long in, long inAxis, long inStep, long out, long outAxis, long outStep, int count) {
        long in1 = inAxis & STEP;
        long in2 = 2 * inAxis & STEP;
        long in3 = 3 * inAxis & STEP;
        long out1 = outAxis & STEP;
        for (int k = 0; k < count; k++) {
            long from = (in + k * inStep) & MASK;
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, from, ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, from + in1, ORDER);
            FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, from + in2, ORDER);
            FloatVector d3 = FloatVector.fromMemorySegment(S, ALL, from + in3, ORDER);
            long to = (out + k * outStep) & MASK;
            d0.add(d1).add(d2).intoMemorySegment(ALL, to, ORDER);
            d1.sub(d2).sub(d3).intoMemorySegment(ALL, to + out1, ORDER);
        }
    }

    @Override
    void outputGradient(
            long in, long inAxis, int last, long zeros, long inStep, long out, long outAxis, long outStep, int count) {
        long out1 = outAxis & STEP;
        long out2 = 2 * outAxis & STEP;
        long out3 = 3 * outAxis & STEP;
        long d0At = element(in, inAxis, 0, 0, last, zeros) & MASK;
        long d1At = element(in, inAxis, 1, 0, last, zeros) & MASK;
        long to = out & MASK;
        long end = count * inStep;
        for (long at = 0; at < end; at += inStep) {
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, (d0At + at) & MASK, ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, (d1At + at) & MASK, ORDER);
            d0.intoMemorySegment(ALL, to, ORDER);
            d0.add(d1).intoMemorySegment(ALL, to + out1, ORDER);
            d0.sub(d1).intoMemorySegment(ALL, to + out2, ORDER);
            d1.neg().intoMemorySegment(ALL, to + out3, ORDER);
            to = (to + outStep) & MASK;
        }
    }

    @Override
    void weight(int row, long in, long out, long outRow, long outTap, int count) {
        switch (row) {
            case 0 -> edge(in, out, outTap, count);
            case 1 -> pair(in, out, outRow, outTap, count);
            default -> edge(in + 6L * BYTES, out, outTap, count);
        }
    }

    /** A row of taps that is a row of the kernel. */
    private static void edge(long in, long out, long outTap, int count) {
        long out1 = outTap & STEP;
        long out2 = 2 * outTap & STEP;
        long out3 = 3 * outTap & STEP;
        FloatVector half = FloatVector.broadcast(S, 0.5f);
        long from = in & MASK;
        long to = out & MASK;
        long end = from + count * KERNEL_BYTES;
        while (from < end) {
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, from, ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, from + BYTES, ORDER);
            FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, from + 2 * BYTES, ORDER);
            FloatVector even = d0.add(d2).mul(half);
            FloatVector odd = d1.mul(half);
            d0.intoMemorySegment(ALL, to, ORDER);
            even.add(odd).intoMemorySegment(ALL, to + out1, ORDER);
            even.sub(odd).intoMemorySegment(ALL, to + out2, ORDER);
            d2.intoMemorySegment(ALL, to + out3, ORDER);
            from = (from + KERNEL_BYTES) & MASK;
            to = (to + BYTES) & MASK;
        }
    }

    /** The two rows of taps between, which differ in the sign of the kernel's middle row. */
    private static void pair(long in, long out, long outRow, long outTap, int count) {
        long out1 = outTap & STEP;
        long out2 = 2 * outTap & STEP;
        long out3 = 3 * outTap & STEP;
        FloatVector half = FloatVector.broadcast(S, 0.5f);
        long from = in & MASK;
        long to = out & MASK;
        long end = from + count * KERNEL_BYTES;
        while (from < end) {
            FloatVector even0 = FloatVector.fromMemorySegment(S, ALL, from, ORDER)
                    .add(FloatVector.fromMemorySegment(S, ALL, from + 6 * BYTES, ORDER))
                    .mul(half);
            FloatVector even1 = FloatVector.fromMemorySegment(S, ALL, from + BYTES, ORDER)
                    .add(FloatVector.fromMemorySegment(S, ALL, from + 7 * BYTES, ORDER))
                    .mul(half);
            FloatVector even2 = FloatVector.fromMemorySegment(S, ALL, from + 2 * BYTES, ORDER)
                    .add(FloatVector.fromMemorySegment(S, ALL, from + 8 * BYTES, ORDER))
                    .mul(half);
            FloatVector odd0 = FloatVector.fromMemorySegment(S, ALL, from + 3 * BYTES, ORDER)
                    .mul(half);
            FloatVector odd1 = FloatVector.fromMemorySegment(S, ALL, from + 4 * BYTES, ORDER)
                    .mul(half);
            FloatVector odd2 = FloatVector.fromMemorySegment(S, ALL, from + 5 * BYTES, ORDER)
                    .mul(half);

            FloatVector d0 = even0.add(odd0);
            FloatVector d2 = even2.add(odd2);
            FloatVector even = d0.add(d2).mul(half);
            FloatVector odd = even1.add(odd1).mul(half);
            d0.intoMemorySegment(ALL, to, ORDER);
            even.add(odd).intoMemorySegment(ALL, to + out1, ORDER);
            even.sub(odd).intoMemorySegment(ALL, to + out2, ORDER);
            d2.intoMemorySegment(ALL, to + out3, ORDER);

            d0 = even0.sub(odd0);
            d2 = even2.sub(odd2);
            even = d0.add(d2).mul(half);
            odd = even1.sub(odd1).mul(half);
            long next = (to + outRow) & MASK;
            d0.intoMemorySegment(ALL, next, ORDER);
            even.add(odd).intoMemorySegment(ALL, next + out1, ORDER);
            even.sub(odd).intoMemorySegment(ALL, next + out2, ORDER);
            d2.intoMemorySegment(ALL, next + out3, ORDER);
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
        FloatVector half = FloatVector.broadcast(S, 0.5f);
        for (int k = 0; k < count; k++) {
            long from = (in + k * inStep) & MASK;
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, from, ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, from + in1, ORDER);
            FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, from + in2, ORDER);
            FloatVector d3 = FloatVector.fromMemorySegment(S, ALL, from + in3, ORDER);
            long to = (out + k * outStep) & MASK;
            FloatVector a = d1.add(d2).mul(half);
            FloatVector b = d1.sub(d2).mul(half);
            d0.add(a).intoMemorySegment(ALL, to, ORDER);
            b.intoMemorySegment(ALL, to + out1, ORDER);
            a.add(d3).intoMemorySegment(ALL, to + out2, ORDER);
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
        for (int v = 0; v < vectors; v++) {
            long from = (in + (long) v * BYTES) & MASK;
            long to = (out + (long) v * BYTES) & MASK;
            FloatVector shift = FloatVector.fromMemorySegment(S, ALL, (bias + (long) v * BYTES) & MASK, ORDER);
            long end = from + count * inStep;
            while (from < end) {
                FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, from, ORDER);
                FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, from + in1, ORDER);
                FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, from + in2, ORDER);
                FloatVector d3 = FloatVector.fromMemorySegment(S, ALL, from + in3, ORDER);
                d0.add(d1).add(d2).add(shift).intoMemorySegment(ALL, to, ORDER);
                if (rows > 1) {
                    d1.sub(d2).sub(d3).add(shift).intoMemorySegment(ALL, to + out1, ORDER);
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
        for (int v = 0; v < vectors; v++) {
            long from = (in + (long) v * BYTES) & MASK;
            long to = (out + (long) v * BYTES) & MASK;
            long plus = (addend + (long) v * BYTES) & MASK;
            FloatVector shift = FloatVector.fromMemorySegment(S, ALL, (bias + (long) v * BYTES) & MASK, ORDER);
            long end = from + count * inStep;
            while (from < end) {
                FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, from, ORDER);
                FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, from + in1, ORDER);
                FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, from + in2, ORDER);
                FloatVector d3 = FloatVector.fromMemorySegment(S, ALL, from + in3, ORDER);
                d0.add(d1)
                        .add(d2)
                        .add(shift)
                        .add(FloatVector.fromMemorySegment(S, ALL, plus, ORDER))
                        .intoMemorySegment(ALL, to, ORDER);
                if (rows > 1) {
                    d1.sub(d2)
                            .sub(d3)
                            .add(shift)
                            .add(FloatVector.fromMemorySegment(S, ALL, plus + out1, ORDER))
                            .intoMemorySegment(ALL, to + out1, ORDER);
                }
                from = (from + inStep) & MASK;
                to = (to + outStep) & MASK;
                plus = (plus + outStep) & MASK;
            }
        }
    }
}
