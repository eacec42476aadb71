package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import jdk.incubator.vector.FloatVector;

/** Winograd F(4x4, 3x3): points 0, 1, -1, 2, -2 and infinity; a quarter of the multiplications. */
final class Winograd4 extends WinogradTransform {

    Winograd4() {
        super(4);
    }

    @Override
    void input(long d, long rowStep, long columnStep, int channels, long out, long offsets, long scratch) {
        for (int c = 0; c < channels; c += LANES) {
            inputColumns(d + c * 4L, rowStep, columnStep, scratch);
            inputRows(scratch, out + c * 4L, offsets);
        }
    }

    private static void inputColumns(long d, long rowStep, long columnStep, long scratch) {
        FloatVector minus4 = FloatVector.broadcast(S, -4f);
        FloatVector four = FloatVector.broadcast(S, 4f);
        FloatVector minus5 = FloatVector.broadcast(S, -5f);
        FloatVector two = FloatVector.broadcast(S, 2f);
        FloatVector minus2 = FloatVector.broadcast(S, -2f);
        for (int j = 0; j < 6; j++) {
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, d + j * columnStep, ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, d + j * columnStep + rowStep, ORDER);
            FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, d + j * columnStep + 2 * rowStep, ORDER);
            FloatVector d3 = FloatVector.fromMemorySegment(S, ALL, d + j * columnStep + 3 * rowStep, ORDER);
            FloatVector d4 = FloatVector.fromMemorySegment(S, ALL, d + j * columnStep + 4 * rowStep, ORDER);
            FloatVector d5 = FloatVector.fromMemorySegment(S, ALL, d + j * columnStep + 5 * rowStep, ORDER);
            FloatVector a = d2.fma(minus4, d4);
            FloatVector b = d1.fma(minus4, d3);
            FloatVector c = d4.sub(d2);
            FloatVector e = d3.sub(d1);
            d0.fma(four, d2.fma(minus5, d4)).intoMemorySegment(ALL, scratch + j * (long) BYTES, ORDER);
            a.add(b).intoMemorySegment(ALL, scratch + (6 + j) * (long) BYTES, ORDER);
            a.sub(b).intoMemorySegment(ALL, scratch + (12 + j) * (long) BYTES, ORDER);
            e.fma(two, c).intoMemorySegment(ALL, scratch + (18 + j) * (long) BYTES, ORDER);
            e.fma(minus2, c).intoMemorySegment(ALL, scratch + (24 + j) * (long) BYTES, ORDER);
            d1.fma(four, d3.fma(minus5, d5)).intoMemorySegment(ALL, scratch + (30 + j) * (long) BYTES, ORDER);
        }
    }

    private static void inputRows(long scratch, long out, long offsets) {
        FloatVector minus4 = FloatVector.broadcast(S, -4f);
        FloatVector four = FloatVector.broadcast(S, 4f);
        FloatVector minus5 = FloatVector.broadcast(S, -5f);
        FloatVector two = FloatVector.broadcast(S, 2f);
        FloatVector minus2 = FloatVector.broadcast(S, -2f);
        for (int i = 0; i < 6; i++) {
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 6 + 0) * (long) BYTES, ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 6 + 1) * (long) BYTES, ORDER);
            FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 6 + 2) * (long) BYTES, ORDER);
            FloatVector d3 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 6 + 3) * (long) BYTES, ORDER);
            FloatVector d4 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 6 + 4) * (long) BYTES, ORDER);
            FloatVector d5 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 6 + 5) * (long) BYTES, ORDER);
            FloatVector a = d2.fma(minus4, d4);
            FloatVector b = d1.fma(minus4, d3);
            FloatVector c = d4.sub(d2);
            FloatVector e = d3.sub(d1);
            d0.fma(four, d2.fma(minus5, d4))
                    .intoMemorySegment(ALL, out + Memory.getLong(offsets + (i * 6 + 0) * 8L), ORDER);
            a.add(b).intoMemorySegment(ALL, out + Memory.getLong(offsets + (i * 6 + 1) * 8L), ORDER);
            a.sub(b).intoMemorySegment(ALL, out + Memory.getLong(offsets + (i * 6 + 2) * 8L), ORDER);
            e.fma(two, c).intoMemorySegment(ALL, out + Memory.getLong(offsets + (i * 6 + 3) * 8L), ORDER);
            e.fma(minus2, c).intoMemorySegment(ALL, out + Memory.getLong(offsets + (i * 6 + 4) * 8L), ORDER);
            d1.fma(four, d3.fma(minus5, d5))
                    .intoMemorySegment(ALL, out + Memory.getLong(offsets + (i * 6 + 5) * 8L), ORDER);
        }
    }

    @Override
    void output(
            long m,
            long tapStep,
            long bias,
            long y,
            long addend,
            long rowStep,
            long columnStep,
            int rows,
            int columns,
            long scratch) {
        outputColumns(m, tapStep, scratch);
        if (addend == 0) {
            outputRows(scratch, bias, y, rowStep, columnStep, rows, columns);
        } else {
            outputRowsAdded(scratch, bias, y, addend, rowStep, columnStep, rows, columns);
        }
    }

    private static void outputColumns(long m, long tapStep, long scratch) {
        FloatVector two = FloatVector.broadcast(S, 2f);
        FloatVector four = FloatVector.broadcast(S, 4f);
        FloatVector eight = FloatVector.broadcast(S, 8f);
        for (int j = 0; j < 6; j++) {
            long at = m + j * tapStep;
            FloatVector m0 = FloatVector.fromMemorySegment(S, ALL, at, ORDER);
            FloatVector m1 = FloatVector.fromMemorySegment(S, ALL, at + 6 * tapStep, ORDER);
            FloatVector m2 = FloatVector.fromMemorySegment(S, ALL, at + 12 * tapStep, ORDER);
            FloatVector m3 = FloatVector.fromMemorySegment(S, ALL, at + 18 * tapStep, ORDER);
            FloatVector m4 = FloatVector.fromMemorySegment(S, ALL, at + 24 * tapStep, ORDER);
            FloatVector m5 = FloatVector.fromMemorySegment(S, ALL, at + 30 * tapStep, ORDER);
            FloatVector a = m1.add(m2);
            FloatVector b = m1.sub(m2);
            FloatVector c = m3.add(m4);
            FloatVector e = m3.sub(m4);
            m0.add(a).add(c).intoMemorySegment(ALL, scratch + j * (long) BYTES, ORDER);
            e.fma(two, b).intoMemorySegment(ALL, scratch + (6 + j) * (long) BYTES, ORDER);
            c.fma(four, a).intoMemorySegment(ALL, scratch + (12 + j) * (long) BYTES, ORDER);
            e.fma(eight, b).add(m5).intoMemorySegment(ALL, scratch + (18 + j) * (long) BYTES, ORDER);
        }
    }

    private static void outputRows(
            long scratch, long bias, long y, long rowStep, long columnStep, int rows, int columns) {
        FloatVector two = FloatVector.broadcast(S, 2f);
        FloatVector four = FloatVector.broadcast(S, 4f);
        FloatVector eight = FloatVector.broadcast(S, 8f);
        FloatVector shift = FloatVector.fromMemorySegment(S, ALL, bias, ORDER);
        for (int i = 0; i < rows; i++) {
            long row = scratch + i * 6 * (long) BYTES;
            long to = y + i * rowStep;
            FloatVector m0 = FloatVector.fromMemorySegment(S, ALL, row + 0 * (long) BYTES, ORDER);
            FloatVector m1 = FloatVector.fromMemorySegment(S, ALL, row + (long) BYTES, ORDER);
            FloatVector m2 = FloatVector.fromMemorySegment(S, ALL, row + 2 * (long) BYTES, ORDER);
            FloatVector m3 = FloatVector.fromMemorySegment(S, ALL, row + 3 * (long) BYTES, ORDER);
            FloatVector m4 = FloatVector.fromMemorySegment(S, ALL, row + 4 * (long) BYTES, ORDER);
            FloatVector m5 = FloatVector.fromMemorySegment(S, ALL, row + 5 * (long) BYTES, ORDER);
            FloatVector a = m1.add(m2);
            FloatVector b = m1.sub(m2);
            FloatVector c = m3.add(m4);
            FloatVector e = m3.sub(m4);
            m0.add(a).add(c).add(shift).intoMemorySegment(ALL, to, ORDER);
            if (columns > 1) {
                e.fma(two, b).add(shift).intoMemorySegment(ALL, to + columnStep, ORDER);
            }
            if (columns > 2) {
                c.fma(four, a).add(shift).intoMemorySegment(ALL, to + 2 * columnStep, ORDER);
            }
            if (columns > 3) {
                e.fma(eight, b).add(m5).add(shift).intoMemorySegment(ALL, to + 3 * columnStep, ORDER);
            }
        }
    }

    private static void outputRowsAdded(
            long scratch, long bias, long y, long addend, long rowStep, long columnStep, int rows, int columns) {
        FloatVector two = FloatVector.broadcast(S, 2f);
        FloatVector four = FloatVector.broadcast(S, 4f);
        FloatVector eight = FloatVector.broadcast(S, 8f);
        FloatVector shift = FloatVector.fromMemorySegment(S, ALL, bias, ORDER);
        for (int i = 0; i < rows; i++) {
            long row = scratch + i * 6 * (long) BYTES;
            long to = y + i * rowStep;
            long from = addend + i * rowStep;
            FloatVector m0 = FloatVector.fromMemorySegment(S, ALL, row + 0 * (long) BYTES, ORDER);
            FloatVector m1 = FloatVector.fromMemorySegment(S, ALL, row + (long) BYTES, ORDER);
            FloatVector m2 = FloatVector.fromMemorySegment(S, ALL, row + 2 * (long) BYTES, ORDER);
            FloatVector m3 = FloatVector.fromMemorySegment(S, ALL, row + 3 * (long) BYTES, ORDER);
            FloatVector m4 = FloatVector.fromMemorySegment(S, ALL, row + 4 * (long) BYTES, ORDER);
            FloatVector m5 = FloatVector.fromMemorySegment(S, ALL, row + 5 * (long) BYTES, ORDER);
            FloatVector a = m1.add(m2);
            FloatVector b = m1.sub(m2);
            FloatVector c = m3.add(m4);
            FloatVector e = m3.sub(m4);
            m0.add(a)
                    .add(c)
                    .add(shift)
                    .add(FloatVector.fromMemorySegment(S, ALL, from, ORDER))
                    .intoMemorySegment(ALL, to, ORDER);
            if (columns > 1) {
                e.fma(two, b)
                        .add(shift)
                        .add(FloatVector.fromMemorySegment(S, ALL, from + columnStep, ORDER))
                        .intoMemorySegment(ALL, to + columnStep, ORDER);
            }
            if (columns > 2) {
                c.fma(four, a)
                        .add(shift)
                        .add(FloatVector.fromMemorySegment(S, ALL, from + 2 * columnStep, ORDER))
                        .intoMemorySegment(ALL, to + 2 * columnStep, ORDER);
            }
            if (columns > 3) {
                e.fma(eight, b)
                        .add(m5)
                        .add(shift)
                        .add(FloatVector.fromMemorySegment(S, ALL, from + 3 * columnStep, ORDER))
                        .intoMemorySegment(ALL, to + 3 * columnStep, ORDER);
            }
        }
    }

    @Override
    void outputGradient(long dy, long rowStep, long columnStep, int channels, long out, long tapStep, long scratch) {
        for (int c = 0; c < channels; c += LANES) {
            gradientColumns(dy + c * 4L, rowStep, columnStep, scratch);
            gradientRows(scratch, out + c * 4L, tapStep);
        }
    }

    private static void gradientColumns(long dy, long rowStep, long columnStep, long scratch) {
        FloatVector four = FloatVector.broadcast(S, 4f);
        FloatVector eight = FloatVector.broadcast(S, 8f);
        for (int j = 0; j < 4; j++) {
            FloatVector y0 = FloatVector.fromMemorySegment(S, ALL, dy + j * columnStep, ORDER);
            FloatVector y1 = FloatVector.fromMemorySegment(S, ALL, dy + j * columnStep + rowStep, ORDER);
            FloatVector y2 = FloatVector.fromMemorySegment(S, ALL, dy + j * columnStep + 2 * rowStep, ORDER);
            FloatVector y3 = FloatVector.fromMemorySegment(S, ALL, dy + j * columnStep + 3 * rowStep, ORDER);
            FloatVector a = y0.add(y2);
            FloatVector b = y1.add(y3);
            FloatVector c = y2.fma(four, y0);
            FloatVector e = y3.fma(eight, y1.add(y1));
            y0.intoMemorySegment(ALL, scratch + j * (long) BYTES, ORDER);
            a.add(b).intoMemorySegment(ALL, scratch + (4 + j) * (long) BYTES, ORDER);
            a.sub(b).intoMemorySegment(ALL, scratch + (8 + j) * (long) BYTES, ORDER);
            c.add(e).intoMemorySegment(ALL, scratch + (12 + j) * (long) BYTES, ORDER);
            c.sub(e).intoMemorySegment(ALL, scratch + (16 + j) * (long) BYTES, ORDER);
            y3.intoMemorySegment(ALL, scratch + (20 + j) * (long) BYTES, ORDER);
        }
    }

    private static void gradientRows(long scratch, long out, long tapStep) {
        FloatVector four = FloatVector.broadcast(S, 4f);
        FloatVector eight = FloatVector.broadcast(S, 8f);
        for (int i = 0; i < 6; i++) {
            FloatVector y0 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 4 + 0) * (long) BYTES, ORDER);
            FloatVector y1 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 4 + 1) * (long) BYTES, ORDER);
            FloatVector y2 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 4 + 2) * (long) BYTES, ORDER);
            FloatVector y3 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 4 + 3) * (long) BYTES, ORDER);
            FloatVector a = y0.add(y2);
            FloatVector b = y1.add(y3);
            FloatVector c = y2.fma(four, y0);
            FloatVector e = y3.fma(eight, y1.add(y1));
            y0.intoMemorySegment(ALL, out + (i * 6 + 0) * tapStep, ORDER);
            a.add(b).intoMemorySegment(ALL, out + (i * 6 + 1) * tapStep, ORDER);
            a.sub(b).intoMemorySegment(ALL, out + (i * 6 + 2) * tapStep, ORDER);
            c.add(e).intoMemorySegment(ALL, out + (i * 6 + 3) * tapStep, ORDER);
            c.sub(e).intoMemorySegment(ALL, out + (i * 6 + 4) * tapStep, ORDER);
            y3.intoMemorySegment(ALL, out + (i * 6 + 5) * tapStep, ORDER);
        }
    }

    @Override
    void weight(long g, long step, long out, long tapStep, long scratch) {
        weightColumns(g, step, scratch);
        weightRows(scratch, out, tapStep);
    }

    private static void weightColumns(long g, long step, long scratch) {
        FloatVector minus6th = FloatVector.broadcast(S, -1 / 6f);
        FloatVector by24 = FloatVector.broadcast(S, 1 / 24f);
        FloatVector by6 = FloatVector.broadcast(S, 1 / 6f);
        FloatVector by12 = FloatVector.broadcast(S, 1 / 12f);
        FloatVector quarter = FloatVector.broadcast(S, 0.25f);
        for (int j = 0; j < 3; j++) {
            FloatVector g0 = FloatVector.fromMemorySegment(S, ALL, g + (0 + j) * step, ORDER);
            FloatVector g1 = FloatVector.fromMemorySegment(S, ALL, g + (3 + j) * step, ORDER);
            FloatVector g2 = FloatVector.fromMemorySegment(S, ALL, g + (6 + j) * step, ORDER);
            FloatVector a = g0.add(g2).mul(minus6th);
            FloatVector b = g1.mul(minus6th);
            FloatVector c = g0.mul(by24).add(g2.mul(by6));
            FloatVector e = g1.mul(by12);
            g0.mul(quarter).intoMemorySegment(ALL, scratch + j * (long) BYTES, ORDER);
            a.add(b).intoMemorySegment(ALL, scratch + (3 + j) * (long) BYTES, ORDER);
            a.sub(b).intoMemorySegment(ALL, scratch + (6 + j) * (long) BYTES, ORDER);
            c.add(e).intoMemorySegment(ALL, scratch + (9 + j) * (long) BYTES, ORDER);
            c.sub(e).intoMemorySegment(ALL, scratch + (12 + j) * (long) BYTES, ORDER);
            g2.intoMemorySegment(ALL, scratch + (15 + j) * (long) BYTES, ORDER);
        }
    }

    private static void weightRows(long scratch, long out, long tapStep) {
        FloatVector minus6th = FloatVector.broadcast(S, -1 / 6f);
        FloatVector by24 = FloatVector.broadcast(S, 1 / 24f);
        FloatVector by6 = FloatVector.broadcast(S, 1 / 6f);
        FloatVector by12 = FloatVector.broadcast(S, 1 / 12f);
        FloatVector quarter = FloatVector.broadcast(S, 0.25f);
        for (int i = 0; i < 6; i++) {
            FloatVector g0 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 3 + 0) * (long) BYTES, ORDER);
            FloatVector g1 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 3 + 1) * (long) BYTES, ORDER);
            FloatVector g2 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 3 + 2) * (long) BYTES, ORDER);
            FloatVector a = g0.add(g2).mul(minus6th);
            FloatVector b = g1.mul(minus6th);
            FloatVector c = g0.mul(by24).add(g2.mul(by6));
            FloatVector e = g1.mul(by12);
            g0.mul(quarter).intoMemorySegment(ALL, out + (i * 6 + 0) * tapStep, ORDER);
            a.add(b).intoMemorySegment(ALL, out + (i * 6 + 1) * tapStep, ORDER);
            a.sub(b).intoMemorySegment(ALL, out + (i * 6 + 2) * tapStep, ORDER);
            c.add(e).intoMemorySegment(ALL, out + (i * 6 + 3) * tapStep, ORDER);
            c.sub(e).intoMemorySegment(ALL, out + (i * 6 + 4) * tapStep, ORDER);
            g2.intoMemorySegment(ALL, out + (i * 6 + 5) * tapStep, ORDER);
        }
    }

    @Override
    void weightGradient(long u, long tapStep, long dg, long step, boolean accumulate, long scratch) {
        kernelColumns(u, tapStep, scratch);
        if (accumulate) {
            kernelRowsAdded(scratch, dg, step);
        } else {
            kernelRows(scratch, dg, step);
        }
    }

    private static void kernelColumns(long u, long tapStep, long scratch) {
        FloatVector by24 = FloatVector.broadcast(S, 1 / 24f);
        FloatVector by6 = FloatVector.broadcast(S, 1 / 6f);
        FloatVector by12 = FloatVector.broadcast(S, 1 / 12f);
        FloatVector quarter = FloatVector.broadcast(S, 0.25f);
        for (int j = 0; j < 6; j++) {
            FloatVector u0 = FloatVector.fromMemorySegment(S, ALL, u + (0 + j) * tapStep, ORDER);
            FloatVector u1 = FloatVector.fromMemorySegment(S, ALL, u + (6 + j) * tapStep, ORDER);
            FloatVector u2 = FloatVector.fromMemorySegment(S, ALL, u + (12 + j) * tapStep, ORDER);
            FloatVector u3 = FloatVector.fromMemorySegment(S, ALL, u + (18 + j) * tapStep, ORDER);
            FloatVector u4 = FloatVector.fromMemorySegment(S, ALL, u + (24 + j) * tapStep, ORDER);
            FloatVector u5 = FloatVector.fromMemorySegment(S, ALL, u + (30 + j) * tapStep, ORDER);
            FloatVector a = u1.add(u2).mul(by6);
            FloatVector b = u2.sub(u1).mul(by6);
            FloatVector c = u3.add(u4);
            FloatVector e = u3.sub(u4);
            u0.mul(quarter).sub(a).add(c.mul(by24)).intoMemorySegment(ALL, scratch + j * (long) BYTES, ORDER);
            e.mul(by12).add(b).intoMemorySegment(ALL, scratch + (6 + j) * (long) BYTES, ORDER);
            c.mul(by6).sub(a).add(u5).intoMemorySegment(ALL, scratch + (12 + j) * (long) BYTES, ORDER);
        }
    }

    private static void kernelRows(long scratch, long dg, long step) {
        FloatVector by24 = FloatVector.broadcast(S, 1 / 24f);
        FloatVector by6 = FloatVector.broadcast(S, 1 / 6f);
        FloatVector by12 = FloatVector.broadcast(S, 1 / 12f);
        FloatVector quarter = FloatVector.broadcast(S, 0.25f);
        for (int i = 0; i < 3; i++) {
            long to = dg + i * 3 * step;
            FloatVector u0 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 6 + 0) * (long) BYTES, ORDER);
            FloatVector u1 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 6 + 1) * (long) BYTES, ORDER);
            FloatVector u2 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 6 + 2) * (long) BYTES, ORDER);
            FloatVector u3 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 6 + 3) * (long) BYTES, ORDER);
            FloatVector u4 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 6 + 4) * (long) BYTES, ORDER);
            FloatVector u5 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 6 + 5) * (long) BYTES, ORDER);
            FloatVector a = u1.add(u2).mul(by6);
            FloatVector b = u2.sub(u1).mul(by6);
            FloatVector c = u3.add(u4);
            FloatVector e = u3.sub(u4);
            u0.mul(quarter).sub(a).add(c.mul(by24)).intoMemorySegment(ALL, to, ORDER);
            e.mul(by12).add(b).intoMemorySegment(ALL, to + step, ORDER);
            c.mul(by6).sub(a).add(u5).intoMemorySegment(ALL, to + 2 * step, ORDER);
        }
    }

    private static void kernelRowsAdded(long scratch, long dg, long step) {
        FloatVector by24 = FloatVector.broadcast(S, 1 / 24f);
        FloatVector by6 = FloatVector.broadcast(S, 1 / 6f);
        FloatVector by12 = FloatVector.broadcast(S, 1 / 12f);
        FloatVector quarter = FloatVector.broadcast(S, 0.25f);
        for (int i = 0; i < 3; i++) {
            long to = dg + i * 3 * step;
            FloatVector u0 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 6 + 0) * (long) BYTES, ORDER);
            FloatVector u1 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 6 + 1) * (long) BYTES, ORDER);
            FloatVector u2 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 6 + 2) * (long) BYTES, ORDER);
            FloatVector u3 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 6 + 3) * (long) BYTES, ORDER);
            FloatVector u4 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 6 + 4) * (long) BYTES, ORDER);
            FloatVector u5 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 6 + 5) * (long) BYTES, ORDER);
            FloatVector a = u1.add(u2).mul(by6);
            FloatVector b = u2.sub(u1).mul(by6);
            FloatVector c = u3.add(u4);
            FloatVector e = u3.sub(u4);
            u0.mul(quarter)
                    .sub(a)
                    .add(c.mul(by24))
                    .add(FloatVector.fromMemorySegment(S, ALL, to, ORDER))
                    .intoMemorySegment(ALL, to, ORDER);
            e.mul(by12)
                    .add(b)
                    .add(FloatVector.fromMemorySegment(S, ALL, to + step, ORDER))
                    .intoMemorySegment(ALL, to + step, ORDER);
            c.mul(by6)
                    .sub(a)
                    .add(u5)
                    .add(FloatVector.fromMemorySegment(S, ALL, to + 2 * step, ORDER))
                    .intoMemorySegment(ALL, to + 2 * step, ORDER);
        }
    }
}
