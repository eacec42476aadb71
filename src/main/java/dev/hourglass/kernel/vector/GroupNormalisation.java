package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.GroupTable.RECORD;
import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@code n = (x - mean) * (gamma * scale) + beta} over pixels of one image (see {@link VectorGroupNorm}), with or without SiLU, each
 * in one pass.
 */
final class GroupNormalisation {

    private GroupNormalisation() {}

    /** {@code y = n} or {@code silu(n)} for consecutive pixels of one image. */
    static void pixels(
            long x,
            long gamma,
            long beta,
            long y,
            long stats,
            long table,
            int pixels,
            int channels,
            int width,
            boolean silu) {
        coefficients(gamma, beta, stats, table, channels, width);
        int columns = channels * VectorGroupNorm.pixelsPerRow(channels);
        int floats = pixels * channels;
        int whole = floats / columns * columns;
        if (silu) {
            silu(x, y, table, whole / LANES, columns / LANES);
        } else {
            plain(x, y, table, whole / LANES, columns / LANES);
        }
        for (int i = whole; i < floats; i++) {
            long at = (long) i * Float.BYTES;
            float n = value(x + at, GroupTable.at(table, i % channels));
            Memory.set(y + at, silu ? Silu.value(n) : n);
        }
    }

    /** {@code n} of one {@code x}, with the numbers of its column. */
    static float value(long x, long column) {
        float centred = Memory.get(x) - Memory.get(column + GroupTable.MEAN);
        return Math.fma(centred, Memory.get(column + GroupTable.SCALE), Memory.get(column + GroupTable.SHIFT));
    }

    /** Writes mean, scale and shift of all columns. */
    static void coefficients(long gamma, long beta, long stats, long table, int channels, int width) {
        int perRow = VectorGroupNorm.pixelsPerRow(channels);
        for (int c = 0; c < channels; c++) {
            long moments = stats + 2L * (c / width) * Float.BYTES;
            float mean = Memory.get(moments);
            float scale = Memory.get(moments + Float.BYTES) * Memory.get(gamma + (long) c * Float.BYTES);
            float shift = Memory.get(beta + (long) c * Float.BYTES);
            for (int p = 0; p < perRow; p++) {
                long at = GroupTable.at(table, p * channels + c);
                Memory.set(at + GroupTable.MEAN, mean);
                Memory.set(at + GroupTable.SCALE, scale);
                Memory.set(at + GroupTable.SHIFT, shift);
            }
        }
    }

    private static void plain(long x, long y, long table, int vectors, int perRow) {
        int column = 0;
        for (int i = 0; i < vectors; i++) {
            long record = (table + column * RECORD) & MASK;
            FloatVector.fromMemorySegment(S, ALL, (x + (long) i * BYTES) & MASK, ORDER)
                    .sub(FloatVector.fromMemorySegment(S, ALL, record + GroupTable.MEAN, ORDER))
                    .fma(
                            FloatVector.fromMemorySegment(S, ALL, record + GroupTable.SCALE, ORDER),
                            FloatVector.fromMemorySegment(S, ALL, record + GroupTable.SHIFT, ORDER))
                    .intoMemorySegment(ALL, (y + (long) i * BYTES) & MASK, ORDER);
            column = column + 1 == perRow ? 0 : column + 1;
        }
    }

    /** {@link Silu#values} of the same, with the same bits. */
    private static void silu(long x, long y, long table, int vectors, int perRow) {
        int column = 0;
        for (int i = 0; i < vectors; i++) {
            long record = (table + column * RECORD) & MASK;
            FloatVector floor = FloatVector.broadcast(S, Silu.LOW);
            FloatVector v = FloatVector.fromMemorySegment(S, ALL, (x + (long) i * BYTES) & MASK, ORDER)
                    .sub(FloatVector.fromMemorySegment(S, ALL, record + GroupTable.MEAN, ORDER))
                    .fma(
                            FloatVector.fromMemorySegment(S, ALL, record + GroupTable.SCALE, ORDER),
                            FloatVector.fromMemorySegment(S, ALL, record + GroupTable.SHIFT, ORDER));
            FloatVector cut = v.blend(floor, v.compare(VectorOperators.LT, floor)); // keeps minus infinity from NaN
            FloatVector t = cut.reinterpretAsInts().min(Silu.HIGH_BITS).reinterpretAsFloats();
            FloatVector rounded = t.fma(FloatVector.broadcast(S, -Exp.OCTAVES), FloatVector.broadcast(S, Exp.ROUNDER));
            FloatVector n = rounded.sub(Exp.ROUNDER);
            FloatVector r = n.fma(FloatVector.broadcast(S, Exp.OCTAVE_HIGH), t);
            r = n.fma(FloatVector.broadcast(S, Exp.OCTAVE_LOW), r);
            FloatVector r2 = r.mul(r);
            FloatVector p = FloatVector.broadcast(S, Exp.P5)
                    .fma(r, FloatVector.broadcast(S, -Exp.P4))
                    .fma(r2, FloatVector.broadcast(S, Exp.P3).fma(r, FloatVector.broadcast(S, -Exp.P2)))
                    .fma(r2, FloatVector.broadcast(S, Exp.P1).fma(r, FloatVector.broadcast(S, -Exp.P0)));
            p = FloatVector.broadcast(S, 1).sub(p.fma(r2, r));
            FloatVector halfPower = rounded.reinterpretAsInts()
                    .lanewise(VectorOperators.LSHL, Exp.EXPONENT_SHIFT)
                    .add(Exp.HALF)
                    .reinterpretAsFloats();
            cut.mul(0.5f)
                    .div(p.fma(halfPower, FloatVector.broadcast(S, 0.5f)))
                    .intoMemorySegment(ALL, (y + (long) i * BYTES) & MASK, ORDER);
            column = column + 1 == perRow ? 0 : column + 1;
        }
    }
}
