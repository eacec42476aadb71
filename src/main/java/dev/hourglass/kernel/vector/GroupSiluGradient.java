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
 * The gradient before SiLU, {@code dn = dy * silu'(n)} for the normalised {@code n}, and its {@link GroupSums} in the same pass over one
 * image: {@code n} never goes through memory. Bit by bit what {@link GroupNormalisation}, {@link Silu} and {@link GroupSums} compute one
 * after the other.
 */
final class GroupSiluGradient {

    private GroupSiluGradient() {}

    /**
     * Fills {@code dn} and {@code sums [2, channels]}.
     *
     * @param dn may be {@code dy}
     */
    static void image(
            long x,
            long gamma,
            long beta,
            long stats,
            long dy,
            long dn,
            long sums,
            long table,
            int pixels,
            int channels,
            int width) {
        int columns = channels * VectorGroupNorm.pixelsPerRow(channels);
        int rows = pixels * channels / columns;
        GroupNormalisation.coefficients(gamma, beta, stats, table, channels, width);
        GroupSums.start(table, columns);
        for (int row = 0; row < rows; row += GroupSums.RUN) {
            long first = (long) row * columns * Float.BYTES;
            int vectors = Math.min(GroupSums.RUN, rows - row) * columns / LANES;
            run(x + first, dy + first, dn + first, table, vectors, columns / LANES);
            GroupSums.add(table, columns / LANES);
        }
        for (int i = rows * columns; i < pixels * channels; i++) {
            long at = (long) i * Float.BYTES;
            float n = GroupNormalisation.value(x + at, GroupTable.at(table, i % channels));
            Memory.set(dn + at, Memory.get(dy + at) * Silu.slope(n));
        }
        GroupSums.finish(x, dn, stats, sums, table, pixels, channels, width);
    }

    private static void run(long x, long dy, long dn, long table, int vectors, int perRow) {
        int column = 0;
        for (int i = 0; i < vectors; i++) {
            long at = (long) i * BYTES;
            long to = (table + column * RECORD) & MASK;
            FloatVector low = FloatVector.broadcast(S, Silu.SLOPE_LOW);
            FloatVector high = FloatVector.broadcast(S, Silu.SLOPE_HIGH);
            FloatVector centred = FloatVector.fromMemorySegment(S, ALL, (x + at) & MASK, ORDER)
                    .sub(FloatVector.fromMemorySegment(S, ALL, to + GroupTable.MEAN, ORDER));
            FloatVector v = centred.fma(
                    FloatVector.fromMemorySegment(S, ALL, to + GroupTable.SCALE, ORDER),
                    FloatVector.fromMemorySegment(S, ALL, to + GroupTable.SHIFT, ORDER));
            FloatVector cut = v.blend(low, v.compare(VectorOperators.LT, low));
            cut = cut.blend(high, cut.compare(VectorOperators.GT, high));
            FloatVector rounded =
                    cut.fma(FloatVector.broadcast(S, -Exp.OCTAVES), FloatVector.broadcast(S, Exp.ROUNDER));
            FloatVector n = rounded.sub(Exp.ROUNDER);
            FloatVector r = n.fma(FloatVector.broadcast(S, Exp.OCTAVE_HIGH), cut);
            r = n.fma(FloatVector.broadcast(S, Exp.OCTAVE_LOW), r);
            FloatVector r2 = r.mul(r);
            FloatVector p = FloatVector.broadcast(S, Exp.P5)
                    .fma(r, FloatVector.broadcast(S, -Exp.P4))
                    .fma(r2, FloatVector.broadcast(S, Exp.P3).fma(r, FloatVector.broadcast(S, -Exp.P2)))
                    .fma(r2, FloatVector.broadcast(S, Exp.P1).fma(r, FloatVector.broadcast(S, -Exp.P0)));
            p = FloatVector.broadcast(S, 1).sub(p.fma(r2, r));
            // Between these bounds the power of two is neither infinite nor subnormal: it is added to the exponent.
            FloatVector e = rounded.reinterpretAsInts()
                    .lanewise(VectorOperators.LSHL, Exp.EXPONENT_SHIFT)
                    .add(p.reinterpretAsInts())
                    .reinterpretAsFloats();
            FloatVector sigmoid = FloatVector.broadcast(S, 1).div(e.add(1));
            FloatVector slope = cut.mul(e.mul(sigmoid)).fma(sigmoid, sigmoid);
            FloatVector gradient = FloatVector.fromMemorySegment(S, ALL, (dy + at) & MASK, ORDER)
                    .mul(slope);
            gradient.intoMemorySegment(ALL, (dn + at) & MASK, ORDER);
            centred.fma(gradient, FloatVector.fromMemorySegment(S, ALL, to + GroupTable.RUN_PRODUCTS, ORDER))
                    .intoMemorySegment(ALL, to + GroupTable.RUN_PRODUCTS, ORDER);
            FloatVector.fromMemorySegment(S, ALL, to + GroupTable.RUN_GRADIENTS, ORDER)
                    .add(gradient)
                    .intoMemorySegment(ALL, to + GroupTable.RUN_GRADIENTS, ORDER);
            column = column + 1 == perRow ? 0 : column + 1;
        }
    }
}
