package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;
import static dev.hourglass.kernel.vector.Memory.STEP;

import jdk.incubator.vector.FloatVector;

/** Winograd F(4x4, 3x3): points 0, 1, -1, 2, -2 and infinity; a quarter of the multiplications. */
final class Winograd4 extends WinogradTransform {

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
        FloatVector minus4 = FloatVector.broadcast(S, -4f);
        FloatVector four = FloatVector.broadcast(S, 4f);
        FloatVector minus5 = FloatVector.broadcast(S, -5f);
        FloatVector two = FloatVector.broadcast(S, 2f);
        FloatVector minus2 = FloatVector.broadcast(S, -2f);
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
            FloatVector a = d2.fma(minus4, d4);
            FloatVector b = d1.fma(minus4, d3);
            FloatVector c = d4.sub(d2);
            FloatVector e = d3.sub(d1);
            d0.fma(four, d2.fma(minus5, d4)).intoMemorySegment(ALL, to, ORDER);
            a.add(b).intoMemorySegment(ALL, to + out1, ORDER);
            a.sub(b).intoMemorySegment(ALL, to + out2, ORDER);
            e.fma(two, c).intoMemorySegment(ALL, to3, ORDER);
            e.fma(minus2, c).intoMemorySegment(ALL, to3 + out1, ORDER);
            d1.fma(four, d3.fma(minus5, d5)).intoMemorySegment(ALL, to3 + out2, ORDER);
            from = (from + inStep) & MASK;
            to = (to + outStep) & MASK;
        }
    }

    @Override
    void inputEdge(long in, long inAxis, int first, int last, long zeros, long out, long outAxis, int vectors) {
        long out1 = outAxis & STEP;
        long out2 = 2 * outAxis & STEP;
        long out3 = 3 * outAxis & STEP;
        FloatVector minus4 = FloatVector.broadcast(S, -4f);
        FloatVector four = FloatVector.broadcast(S, 4f);
        FloatVector minus5 = FloatVector.broadcast(S, -5f);
        FloatVector two = FloatVector.broadcast(S, 2f);
        FloatVector minus2 = FloatVector.broadcast(S, -2f);
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
            FloatVector a = d2.fma(minus4, d4);
            FloatVector b = d1.fma(minus4, d3);
            FloatVector c = d4.sub(d2);
            FloatVector e = d3.sub(d1);
            d0.fma(four, d2.fma(minus5, d4)).intoMemorySegment(ALL, to, ORDER);
            a.add(b).intoMemorySegment(ALL, to + out1, ORDER);
            a.sub(b).intoMemorySegment(ALL, to + out2, ORDER);
            e.fma(two, c).intoMemorySegment(ALL, to3, ORDER);
            e.fma(minus2, c).intoMemorySegment(ALL, to3 + out1, ORDER);
            d1.fma(four, d3.fma(minus5, d5)).intoMemorySegment(ALL, to3 + out2, ORDER);
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
        FloatVector two = FloatVector.broadcast(S, 2f);
        FloatVector four = FloatVector.broadcast(S, 4f);
        FloatVector eight = FloatVector.broadcast(S, 8f);
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
            FloatVector a = d1.add(d2);
            FloatVector b = d1.sub(d2);
            FloatVector c = d3.add(d4);
            FloatVector e = d3.sub(d4);
            d0.add(a).add(c).intoMemorySegment(ALL, to, ORDER);
            e.fma(two, b).intoMemorySegment(ALL, to + out1, ORDER);
            c.fma(four, a).intoMemorySegment(ALL, to + out2, ORDER);
            e.fma(eight, b).add(d5).intoMemorySegment(ALL, to3, ORDER);
        }
    }

    @Override
    void outputGradient(
            long in, long inAxis, int last, long zeros, long inStep, long out, long outAxis, long outStep, int count) {
        long out1 = outAxis & STEP;
        long out2 = 2 * outAxis & STEP;
        long out3 = 3 * outAxis & STEP;
        FloatVector four = FloatVector.broadcast(S, 4f);
        FloatVector eight = FloatVector.broadcast(S, 8f);
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
            FloatVector a = d0.add(d2);
            FloatVector b = d1.add(d3);
            FloatVector c = d2.fma(four, d0);
            FloatVector e = d3.fma(eight, d1.add(d1));
            d0.intoMemorySegment(ALL, to, ORDER);
            a.add(b).intoMemorySegment(ALL, to + out1, ORDER);
            a.sub(b).intoMemorySegment(ALL, to + out2, ORDER);
            c.add(e).intoMemorySegment(ALL, to3, ORDER);
            c.sub(e).intoMemorySegment(ALL, to3 + out1, ORDER);
            d3.intoMemorySegment(ALL, to3 + out2, ORDER);
            to = (to + outStep) & MASK;
        }
    }

    @Override
    void weight(long in, long inAxis, long inStep, long out, long outAxis, long outStep, int count) {
        long in1 = inAxis & STEP;
        long in2 = 2 * inAxis & STEP;
        long out1 = outAxis & STEP;
        long out2 = 2 * outAxis & STEP;
        long out3 = 3 * outAxis & STEP;
        FloatVector minus6th = FloatVector.broadcast(S, -1 / 6f);
        FloatVector by24 = FloatVector.broadcast(S, 1 / 24f);
        FloatVector by6 = FloatVector.broadcast(S, 1 / 6f);
        FloatVector by12 = FloatVector.broadcast(S, 1 / 12f);
        FloatVector quarter = FloatVector.broadcast(S, 0.25f);
        for (int k = 0; k < count; k++) {
            long from = (in + k * inStep) & MASK;
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, from, ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, from + in1, ORDER);
            FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, from + in2, ORDER);
            long to = (out + k * outStep) & MASK;
            long to3 = to + out3;
            FloatVector a = d0.add(d2).mul(minus6th);
            FloatVector b = d1.mul(minus6th);
            FloatVector c = d0.mul(by24).add(d2.mul(by6));
            FloatVector e = d1.mul(by12);
            d0.mul(quarter).intoMemorySegment(ALL, to, ORDER);
            a.add(b).intoMemorySegment(ALL, to + out1, ORDER);
            a.sub(b).intoMemorySegment(ALL, to + out2, ORDER);
            c.add(e).intoMemorySegment(ALL, to3, ORDER);
            c.sub(e).intoMemorySegment(ALL, to3 + out1, ORDER);
            d2.intoMemorySegment(ALL, to3 + out2, ORDER);
        }
    }

    @Override
    void weightGradient(long in, long inAxis, long inStep, long out, long outAxis, long outStep, int count) {
        long in1 = inAxis & STEP;
        long in2 = 2 * inAxis & STEP;
        long in3 = 3 * inAxis & STEP;
        long out1 = outAxis & STEP;
        long out2 = 2 * outAxis & STEP;
        FloatVector by24 = FloatVector.broadcast(S, 1 / 24f);
        FloatVector by6 = FloatVector.broadcast(S, 1 / 6f);
        FloatVector by12 = FloatVector.broadcast(S, 1 / 12f);
        FloatVector quarter = FloatVector.broadcast(S, 0.25f);
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
            FloatVector a = d1.add(d2).mul(by6);
            FloatVector b = d2.sub(d1).mul(by6);
            FloatVector c = d3.add(d4);
            FloatVector e = d3.sub(d4);
            d0.mul(quarter).sub(a).add(c.mul(by24)).intoMemorySegment(ALL, to, ORDER);
            e.mul(by12).add(b).intoMemorySegment(ALL, to + out1, ORDER);
            c.mul(by6).sub(a).add(d5).intoMemorySegment(ALL, to + out2, ORDER);
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
        FloatVector two = FloatVector.broadcast(S, 2f);
        FloatVector four = FloatVector.broadcast(S, 4f);
        FloatVector eight = FloatVector.broadcast(S, 8f);
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
                FloatVector a = d1.add(d2);
                FloatVector b = d1.sub(d2);
                FloatVector c = d3.add(d4);
                FloatVector e = d3.sub(d4);
                d0.add(a).add(c).add(shift).intoMemorySegment(ALL, to, ORDER);
                if (rows > 1) {
                    e.fma(two, b).add(shift).intoMemorySegment(ALL, to + out1, ORDER);
                }
                if (rows > 2) {
                    c.fma(four, a).add(shift).intoMemorySegment(ALL, to + out2, ORDER);
                }
                if (rows > 3) {
                    e.fma(eight, b).add(d5).add(shift).intoMemorySegment(ALL, to3, ORDER);
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
        FloatVector two = FloatVector.broadcast(S, 2f);
        FloatVector four = FloatVector.broadcast(S, 4f);
        FloatVector eight = FloatVector.broadcast(S, 8f);
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
                FloatVector a = d1.add(d2);
                FloatVector b = d1.sub(d2);
                FloatVector c = d3.add(d4);
                FloatVector e = d3.sub(d4);
                d0.add(a)
                        .add(c)
                        .add(shift)
                        .add(FloatVector.fromMemorySegment(S, ALL, plus, ORDER))
                        .intoMemorySegment(ALL, to, ORDER);
                if (rows > 1) {
                    e.fma(two, b)
                            .add(shift)
                            .add(FloatVector.fromMemorySegment(S, ALL, plus + out1, ORDER))
                            .intoMemorySegment(ALL, to + out1, ORDER);
                }
                if (rows > 2) {
                    c.fma(four, a)
                            .add(shift)
                            .add(FloatVector.fromMemorySegment(S, ALL, plus + out2, ORDER))
                            .intoMemorySegment(ALL, to + out2, ORDER);
                }
                if (rows > 3) {
                    e.fma(eight, b)
                            .add(d5)
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
