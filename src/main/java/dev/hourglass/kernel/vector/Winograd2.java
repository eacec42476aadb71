package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import jdk.incubator.vector.FloatVector;

/** Winograd F(2x2, 3x3): points 0, 1, -1 and infinity; 4 ninths of the multiplications, errors no larger than the plain sum's. */
final class Winograd2 extends WinogradTransform {

    Winograd2() {
        super(2);
    }

    @Override
    void input(long d, long rowStep, long columnStep, int channels, long out, long offsets, long scratch) {
        for (int c = 0; c < channels; c += LANES) {
            inputColumns(d + c * 4L, rowStep, columnStep, scratch);
            inputRows(scratch, out + c * 4L, offsets);
        }
    }

    private static void inputColumns(long d, long rowStep, long columnStep, long scratch) {
        for (int j = 0; j < 4; j++) {
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, d + j * columnStep, ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, d + j * columnStep + rowStep, ORDER);
            FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, d + j * columnStep + 2 * rowStep, ORDER);
            FloatVector d3 = FloatVector.fromMemorySegment(S, ALL, d + j * columnStep + 3 * rowStep, ORDER);
            d0.sub(d2).intoMemorySegment(ALL, scratch + j * (long) BYTES, ORDER);
            d1.add(d2).intoMemorySegment(ALL, scratch + (4 + j) * (long) BYTES, ORDER);
            d2.sub(d1).intoMemorySegment(ALL, scratch + (8 + j) * (long) BYTES, ORDER);
            d1.sub(d3).intoMemorySegment(ALL, scratch + (12 + j) * (long) BYTES, ORDER);
        }
    }

    private static void inputRows(long scratch, long out, long offsets) {
        for (int i = 0; i < 4; i++) {
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 4 + 0) * (long) BYTES, ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 4 + 1) * (long) BYTES, ORDER);
            FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 4 + 2) * (long) BYTES, ORDER);
            FloatVector d3 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 4 + 3) * (long) BYTES, ORDER);
            d0.sub(d2).intoMemorySegment(ALL, out + Memory.getLong(offsets + (i * 4 + 0) * 8L), ORDER);
            d1.add(d2).intoMemorySegment(ALL, out + Memory.getLong(offsets + (i * 4 + 1) * 8L), ORDER);
            d2.sub(d1).intoMemorySegment(ALL, out + Memory.getLong(offsets + (i * 4 + 2) * 8L), ORDER);
            d1.sub(d3).intoMemorySegment(ALL, out + Memory.getLong(offsets + (i * 4 + 3) * 8L), ORDER);
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
        for (int j = 0; j < 4; j++) {
            long at = m + j * tapStep;
            FloatVector m0 = FloatVector.fromMemorySegment(S, ALL, at, ORDER);
            FloatVector m1 = FloatVector.fromMemorySegment(S, ALL, at + 4 * tapStep, ORDER);
            FloatVector m2 = FloatVector.fromMemorySegment(S, ALL, at + 8 * tapStep, ORDER);
            FloatVector m3 = FloatVector.fromMemorySegment(S, ALL, at + 12 * tapStep, ORDER);
            m0.add(m1).add(m2).intoMemorySegment(ALL, scratch + j * (long) BYTES, ORDER);
            m1.sub(m2).sub(m3).intoMemorySegment(ALL, scratch + (4 + j) * (long) BYTES, ORDER);
        }
    }

    private static void outputRows(
            long scratch, long bias, long y, long rowStep, long columnStep, int rows, int columns) {
        FloatVector shift = FloatVector.fromMemorySegment(S, ALL, bias, ORDER);
        for (int i = 0; i < rows; i++) {
            long row = scratch + i * 4 * (long) BYTES;
            long to = y + i * rowStep;
            FloatVector m0 = FloatVector.fromMemorySegment(S, ALL, row + 0 * (long) BYTES, ORDER);
            FloatVector m1 = FloatVector.fromMemorySegment(S, ALL, row + (long) BYTES, ORDER);
            FloatVector m2 = FloatVector.fromMemorySegment(S, ALL, row + 2 * (long) BYTES, ORDER);
            FloatVector m3 = FloatVector.fromMemorySegment(S, ALL, row + 3 * (long) BYTES, ORDER);
            m0.add(m1).add(m2).add(shift).intoMemorySegment(ALL, to, ORDER);
            if (columns > 1) {
                m1.sub(m2).sub(m3).add(shift).intoMemorySegment(ALL, to + columnStep, ORDER);
            }
        }
    }

    private static void outputRowsAdded(
            long scratch, long bias, long y, long addend, long rowStep, long columnStep, int rows, int columns) {
        FloatVector shift = FloatVector.fromMemorySegment(S, ALL, bias, ORDER);
        for (int i = 0; i < rows; i++) {
            long row = scratch + i * 4 * (long) BYTES;
            long to = y + i * rowStep;
            long from = addend + i * rowStep;
            FloatVector m0 = FloatVector.fromMemorySegment(S, ALL, row + 0 * (long) BYTES, ORDER);
            FloatVector m1 = FloatVector.fromMemorySegment(S, ALL, row + (long) BYTES, ORDER);
            FloatVector m2 = FloatVector.fromMemorySegment(S, ALL, row + 2 * (long) BYTES, ORDER);
            FloatVector m3 = FloatVector.fromMemorySegment(S, ALL, row + 3 * (long) BYTES, ORDER);
            m0.add(m1)
                    .add(m2)
                    .add(shift)
                    .add(FloatVector.fromMemorySegment(S, ALL, from, ORDER))
                    .intoMemorySegment(ALL, to, ORDER);
            if (columns > 1) {
                m1.sub(m2)
                        .sub(m3)
                        .add(shift)
                        .add(FloatVector.fromMemorySegment(S, ALL, from + columnStep, ORDER))
                        .intoMemorySegment(ALL, to + columnStep, ORDER);
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
        for (int j = 0; j < 2; j++) {
            FloatVector y0 = FloatVector.fromMemorySegment(S, ALL, dy + j * columnStep, ORDER);
            FloatVector y1 = FloatVector.fromMemorySegment(S, ALL, dy + j * columnStep + rowStep, ORDER);
            y0.intoMemorySegment(ALL, scratch + j * (long) BYTES, ORDER);
            y0.add(y1).intoMemorySegment(ALL, scratch + (2 + j) * (long) BYTES, ORDER);
            y0.sub(y1).intoMemorySegment(ALL, scratch + (4 + j) * (long) BYTES, ORDER);
            y1.neg().intoMemorySegment(ALL, scratch + (6 + j) * (long) BYTES, ORDER);
        }
    }

    private static void gradientRows(long scratch, long out, long tapStep) {
        for (int i = 0; i < 4; i++) {
            FloatVector y0 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 2 + 0) * (long) BYTES, ORDER);
            FloatVector y1 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 2 + 1) * (long) BYTES, ORDER);
            y0.intoMemorySegment(ALL, out + (i * 4 + 0) * tapStep, ORDER);
            y0.add(y1).intoMemorySegment(ALL, out + (i * 4 + 1) * tapStep, ORDER);
            y0.sub(y1).intoMemorySegment(ALL, out + (i * 4 + 2) * tapStep, ORDER);
            y1.neg().intoMemorySegment(ALL, out + (i * 4 + 3) * tapStep, ORDER);
        }
    }

    @Override
    void weight(long g, long step, long out, long tapStep, long scratch) {
        weightColumns(g, step, scratch);
        weightRows(scratch, out, tapStep);
    }

    private static void weightColumns(long g, long step, long scratch) {
        FloatVector half = FloatVector.broadcast(S, 0.5f);
        for (int j = 0; j < 3; j++) {
            FloatVector g0 = FloatVector.fromMemorySegment(S, ALL, g + (0 + j) * step, ORDER);
            FloatVector g1 = FloatVector.fromMemorySegment(S, ALL, g + (3 + j) * step, ORDER);
            FloatVector g2 = FloatVector.fromMemorySegment(S, ALL, g + (6 + j) * step, ORDER);
            FloatVector a = g0.add(g2).mul(half);
            FloatVector b = g1.mul(half);
            g0.intoMemorySegment(ALL, scratch + j * (long) BYTES, ORDER);
            a.add(b).intoMemorySegment(ALL, scratch + (3 + j) * (long) BYTES, ORDER);
            a.sub(b).intoMemorySegment(ALL, scratch + (6 + j) * (long) BYTES, ORDER);
            g2.intoMemorySegment(ALL, scratch + (9 + j) * (long) BYTES, ORDER);
        }
    }

    private static void weightRows(long scratch, long out, long tapStep) {
        FloatVector half = FloatVector.broadcast(S, 0.5f);
        for (int i = 0; i < 4; i++) {
            FloatVector g0 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 3 + 0) * (long) BYTES, ORDER);
            FloatVector g1 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 3 + 1) * (long) BYTES, ORDER);
            FloatVector g2 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 3 + 2) * (long) BYTES, ORDER);
            FloatVector a = g0.add(g2).mul(half);
            FloatVector b = g1.mul(half);
            g0.intoMemorySegment(ALL, out + (i * 4 + 0) * tapStep, ORDER);
            a.add(b).intoMemorySegment(ALL, out + (i * 4 + 1) * tapStep, ORDER);
            a.sub(b).intoMemorySegment(ALL, out + (i * 4 + 2) * tapStep, ORDER);
            g2.intoMemorySegment(ALL, out + (i * 4 + 3) * tapStep, ORDER);
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
        FloatVector half = FloatVector.broadcast(S, 0.5f);
        for (int j = 0; j < 4; j++) {
            FloatVector u0 = FloatVector.fromMemorySegment(S, ALL, u + (0 + j) * tapStep, ORDER);
            FloatVector u1 = FloatVector.fromMemorySegment(S, ALL, u + (4 + j) * tapStep, ORDER);
            FloatVector u2 = FloatVector.fromMemorySegment(S, ALL, u + (8 + j) * tapStep, ORDER);
            FloatVector u3 = FloatVector.fromMemorySegment(S, ALL, u + (12 + j) * tapStep, ORDER);
            FloatVector a = u1.add(u2).mul(half);
            FloatVector b = u1.sub(u2).mul(half);
            u0.add(a).intoMemorySegment(ALL, scratch + j * (long) BYTES, ORDER);
            b.intoMemorySegment(ALL, scratch + (4 + j) * (long) BYTES, ORDER);
            a.add(u3).intoMemorySegment(ALL, scratch + (8 + j) * (long) BYTES, ORDER);
        }
    }

    private static void kernelRows(long scratch, long dg, long step) {
        FloatVector half = FloatVector.broadcast(S, 0.5f);
        for (int i = 0; i < 3; i++) {
            long to = dg + i * 3 * step;
            FloatVector u0 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 4 + 0) * (long) BYTES, ORDER);
            FloatVector u1 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 4 + 1) * (long) BYTES, ORDER);
            FloatVector u2 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 4 + 2) * (long) BYTES, ORDER);
            FloatVector u3 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 4 + 3) * (long) BYTES, ORDER);
            FloatVector a = u1.add(u2).mul(half);
            FloatVector b = u1.sub(u2).mul(half);
            u0.add(a).intoMemorySegment(ALL, to, ORDER);
            b.intoMemorySegment(ALL, to + step, ORDER);
            a.add(u3).intoMemorySegment(ALL, to + 2 * step, ORDER);
        }
    }

    private static void kernelRowsAdded(long scratch, long dg, long step) {
        FloatVector half = FloatVector.broadcast(S, 0.5f);
        for (int i = 0; i < 3; i++) {
            long to = dg + i * 3 * step;
            FloatVector u0 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 4 + 0) * (long) BYTES, ORDER);
            FloatVector u1 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 4 + 1) * (long) BYTES, ORDER);
            FloatVector u2 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 4 + 2) * (long) BYTES, ORDER);
            FloatVector u3 = FloatVector.fromMemorySegment(S, ALL, scratch + (i * 4 + 3) * (long) BYTES, ORDER);
            FloatVector a = u1.add(u2).mul(half);
            FloatVector b = u1.sub(u2).mul(half);
            u0.add(a).add(FloatVector.fromMemorySegment(S, ALL, to, ORDER)).intoMemorySegment(ALL, to, ORDER);
            b.add(FloatVector.fromMemorySegment(S, ALL, to + step, ORDER)).intoMemorySegment(ALL, to + step, ORDER);
            a.add(u3)
                    .add(FloatVector.fromMemorySegment(S, ALL, to + 2 * step, ORDER))
                    .intoMemorySegment(ALL, to + 2 * step, ORDER);
        }
    }
}
