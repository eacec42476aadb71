package dev.hourglass.kernel.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The exponential function, to about one unit in the last place: Cephes' {@code expf}. The argument is cut into a whole number of
 * octaves and a rest within half an octave, whose exponential is a polynomial. The plain form does the same operations in the same
 * order, so that the elements after the last whole vector get the same bits.
 */
final class Exp {

    /** The least argument: the result stays far from the subnormals. */
    static final float LOWEST = -86;

    /** The greatest argument; from 88.73 on the result is infinity. */
    static final float HIGHEST = 89;

    private static final float OCTAVES = 1.44269504f;
    private static final float OCTAVE_HIGH = 0.693359375f; // few bits: its product with a whole number is exact
    private static final float OCTAVE_LOW = -2.12194440e-4f;

    /** Adding this rounds to a whole number, which then stands in the lowest bits. */
    private static final float ROUNDER = 0x1.8p23f;

    private static final int EXPONENT_SHIFT = 23;
    private static final int HALF = 126 << EXPONENT_SHIFT; // the bits of 0.5

    private static final float P5 = 1.9875691500e-4f;
    private static final float P4 = 1.3981999507e-3f;
    private static final float P3 = 8.3334519073e-3f;
    private static final float P2 = 4.1665795894e-2f;
    private static final float P1 = 1.6666665459e-1f;
    private static final float P0 = 5.0000001201e-1f;

    private Exp() {}

    /** {@code e^t} for lanes from {@link #LOWEST} to {@link #HIGHEST}; NaN stays NaN. */
    static FloatVector exp(FloatVector t) {
        FloatVector rounded = t.fma(FloatVector.broadcast(Memory.S, OCTAVES), FloatVector.broadcast(Memory.S, ROUNDER));
        FloatVector n = rounded.sub(ROUNDER);
        FloatVector r = n.fma(FloatVector.broadcast(Memory.S, -OCTAVE_HIGH), t);
        r = n.fma(FloatVector.broadcast(Memory.S, -OCTAVE_LOW), r);
        FloatVector p = FloatVector.broadcast(Memory.S, P5);
        p = p.fma(r, FloatVector.broadcast(Memory.S, P4));
        p = p.fma(r, FloatVector.broadcast(Memory.S, P3));
        p = p.fma(r, FloatVector.broadcast(Memory.S, P2));
        p = p.fma(r, FloatVector.broadcast(Memory.S, P1));
        p = p.fma(r, FloatVector.broadcast(Memory.S, P0));
        p = p.fma(r.mul(r), r).add(1);
        FloatVector halfPower = rounded.reinterpretAsInts()
                .lanewise(VectorOperators.LSHL, EXPONENT_SHIFT)
                .add(HALF)
                .reinterpretAsFloats();
        return p.mul(halfPower).mul(2); // in two steps, since 2^128 is no float
    }

    /** {@link #exp(FloatVector)} of one number, with the same bits. */
    static float exp(float t) {
        float rounded = Math.fma(t, OCTAVES, ROUNDER);
        float n = rounded - ROUNDER;
        float r = Math.fma(n, -OCTAVE_HIGH, t);
        r = Math.fma(n, -OCTAVE_LOW, r);
        float p = Math.fma(P5, r, P4);
        p = Math.fma(p, r, P3);
        p = Math.fma(p, r, P2);
        p = Math.fma(p, r, P1);
        p = Math.fma(p, r, P0);
        p = Math.fma(p, r * r, r) + 1;
        float halfPower = Float.intBitsToFloat((Float.floatToRawIntBits(rounded) << EXPONENT_SHIFT) + HALF);
        return p * halfPower * 2;
    }
}
