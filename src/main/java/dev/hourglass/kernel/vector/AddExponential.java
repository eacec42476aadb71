package dev.hourglass.kernel.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** {@code y += exp(a t + b) z}, as vectors and with the same bits as single numbers. */
final class AddExponential {

    private static final float HIGHEST = 88;

    private AddExponential() {}

    /** For the whole vectors among {@code count} floats; returns how many floats that is. */
    static int values(float a, long t, float b, long z, long y, int count) {
        int i = 0;
        for (; i <= count - Memory.LANES; i += Memory.LANES) {
            long at = i * 4L;
            FloatVector lowest = FloatVector.broadcast(Memory.S, Exp.LOWEST);
            FloatVector highest = FloatVector.broadcast(Memory.S, HIGHEST);
            FloatVector v = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (t + at) & Memory.MASK, Memory.ORDER)
                    .fma(FloatVector.broadcast(Memory.S, a), FloatVector.broadcast(Memory.S, b));
            v = v.blend(lowest, v.compare(VectorOperators.LT, lowest));
            v = v.blend(highest, v.compare(VectorOperators.GT, highest));
            FloatVector rounded =
                    v.fma(FloatVector.broadcast(Memory.S, Exp.OCTAVES), FloatVector.broadcast(Memory.S, Exp.ROUNDER));
            FloatVector n = rounded.sub(Exp.ROUNDER);
            FloatVector r = n.fma(FloatVector.broadcast(Memory.S, -Exp.OCTAVE_HIGH), v);
            r = n.fma(FloatVector.broadcast(Memory.S, -Exp.OCTAVE_LOW), r);
            FloatVector r2 = r.mul(r);
            FloatVector p = FloatVector.broadcast(Memory.S, Exp.P5)
                    .fma(r, FloatVector.broadcast(Memory.S, Exp.P4))
                    .fma(r2, FloatVector.broadcast(Memory.S, Exp.P3).fma(r, FloatVector.broadcast(Memory.S, Exp.P2)))
                    .fma(r2, FloatVector.broadcast(Memory.S, Exp.P1).fma(r, FloatVector.broadcast(Memory.S, Exp.P0)));
            p = p.fma(r2, r).add(1);
            FloatVector halfPower = rounded.reinterpretAsInts()
                    .lanewise(VectorOperators.LSHL, Exp.EXPONENT_SHIFT)
                    .add(Exp.HALF)
                    .reinterpretAsFloats();
            FloatVector e = p.mul(halfPower).mul(2); // in two steps, since 2^128 is no float
            e.fma(
                            FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (z + at) & Memory.MASK, Memory.ORDER),
                            FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (y + at) & Memory.MASK, Memory.ORDER))
                    .intoMemorySegment(Memory.ALL, (y + at) & Memory.MASK, Memory.ORDER);
        }
        return i;
    }

    /** {@code exp(a t + b)} of one number, with the same bits. */
    static float factor(float a, float t, float b) {
        float v = Math.fma(t, a, b);
        v = v < Exp.LOWEST ? Exp.LOWEST : v;
        return Exp.exp(v > HIGHEST ? HIGHEST : v);
    }
}
