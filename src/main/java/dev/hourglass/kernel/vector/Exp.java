package dev.hourglass.kernel.vector;

/**
 * The exponential function, to about one unit in the last place: Cephes' {@code expf}. The argument is cut into a whole number of
 * octaves and a rest within half an octave, whose exponential is a polynomial. The vector form
 * is written out where it is used, see {@link Silu}: a vector that goes through a method of ours is boxed wherever C2 does not inline it.
 */
final class Exp {

    /** The least argument: the result stays far from the subnormals. */
    static final float LOWEST = -86;

    static final float OCTAVES = 1.44269504f;
    static final float OCTAVE_HIGH = 0.693359375f; // few bits: its product with a whole number is exact
    static final float OCTAVE_LOW = -2.12194440e-4f;

    /** Adding this rounds to a whole number, which then stands in the lowest bits. */
    static final float ROUNDER = 0x1.8p23f;

    static final int EXPONENT_SHIFT = 23;
    static final int HALF = 126 << EXPONENT_SHIFT; // the bits of 0.5

    static final float P5 = 1.9875691500e-4f;
    static final float P4 = 1.3981999507e-3f;
    static final float P3 = 8.3334519073e-3f;
    static final float P2 = 4.1665795894e-2f;
    static final float P1 = 1.6666665459e-1f;
    static final float P0 = 5.0000001201e-1f;

    private Exp() {}

    /** {@code e^t} for numbers from {@link #LOWEST} to 89, which is infinity from 88.73 on; NaN stays NaN. */
    static float exp(float t) {
        float rounded = Math.fma(t, OCTAVES, ROUNDER);
        return rest(t, rounded) * halfPower(rounded) * 2; // in two steps, since 2^128 is no float
    }

    /**
     * The exponential of what {@code t} exceeds the octaves by. The polynomial is computed by Estrin's scheme, whose steps wait for each
     * other half as long as Horner's.
     *
     * @param rounded {@code t} in octaves, plus {@link #ROUNDER}
     */
    static float rest(float t, float rounded) {
        float n = rounded - ROUNDER;
        float r = Math.fma(n, -OCTAVE_HIGH, t);
        r = Math.fma(n, -OCTAVE_LOW, r);
        float r2 = r * r;
        float p = Math.fma(P5, r, P4);
        p = Math.fma(p, r2, Math.fma(P3, r, P2));
        p = Math.fma(p, r2, Math.fma(P1, r, P0));
        return Math.fma(p, r2, r) + 1;
    }

    /** Half of two to the power of the octaves, which go from -125 to 128; infinity for 129. */
    static float halfPower(float rounded) {
        return Float.intBitsToFloat((Float.floatToRawIntBits(rounded) << EXPONENT_SHIFT) + HALF);
    }
}
