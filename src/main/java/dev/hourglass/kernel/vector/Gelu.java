package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@code x Phi(x)} and its slope {@code Phi(x) + x phi(x)}, as vectors and with the same bits as single numbers. {@code Phi}, and with it
 * erf, is good to an ulp or two: within 1 of zero {@code Phi = 1/2 + x C(x^2)}; further out {@code e^(-x^2 / 2) t T(t)} with
 * {@code t = 1 / (1 + PACE |x|)} lies on one side, the square's rounding being made good for. Both polynomials are minimax fits of
 * relative error, to {@code 8e-10} and {@code 2e-8}. The far tail of negative numbers is good to three ulps.
 */
final class Gelu {

    /** Beyond this {@code Phi} is 0 or 1 in float32, and {@code e^(-x^2 / 2)} near the subnormals. */
    private static final float LIMIT = 13;

    private static final float CENTRE = 1;

    private static final float C5 = -7.622162e-6f;
    private static final float C4 = 1.13413036e-4f;
    private static final float C3 = -1.1862718e-3f;
    private static final float C2 = 9.973305e-3f;
    private static final float C1 = -6.649036e-2f;
    private static final float C0 = 0.3989423f;

    private static final float PACE = 0.3125f;
    private static final float T7 = 0.0376914f;
    private static final float T6 = -0.14557627f;
    private static final float T5 = 0.15664323f;
    private static final float T4 = -0.018732613f;
    private static final float T3 = 0.11241486f;
    private static final float T2 = 0.107716426f;
    private static final float T1 = 0.12518854f;
    private static final float T0 = 0.124645576f;

    /** {@code phi(0) = 1 / sqrt(2 pi)}. */
    private static final float PEAK = 0.39894228f;

    private Gelu() {}

    /** {@code y = gelu(x)}. */
    static void values(long x, long y, int count) {
        int i = sweep(x, 0, y, false, count);
        for (; i < count; i++) {
            float value = Memory.get(x + i * 4L);
            float cut = value < -LIMIT ? -LIMIT : value;
            float e = bell(cut);
            Memory.set(y + i * 4L, cut * probability(cut, e));
        }
    }

    /** {@code dx (+)= dy gelu'(x)}. */
    static void gradients(long x, long dy, long dx, boolean accumulate, int count) {
        int i = sweep(x, dy, dx, accumulate, count);
        for (; i < count; i++) {
            float value = Memory.get(x + i * 4L);
            float cut = value < -LIMIT ? -LIMIT : value;
            float e = bell(cut);
            float within = cut > LIMIT ? LIMIT : cut;
            float gradient = Memory.get(dy + i * 4L) * Math.fma(within, e * PEAK, probability(cut, e));
            Memory.set(dx + i * 4L, accumulate ? Memory.get(dx + i * 4L) + gradient : gradient);
        }
    }

    /** The whole vectors among {@code count} floats: values where {@code dy} is 0, otherwise gradients; returns how many floats. */
    private static int sweep(long x, long dy, long y, boolean accumulate, int count) {
        FloatVector low = FloatVector.broadcast(S, -LIMIT);
        FloatVector high = FloatVector.broadcast(S, LIMIT);
        FloatVector one = FloatVector.broadcast(S, 1);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            long at = i * 4L;
            FloatVector v = FloatVector.fromMemorySegment(S, ALL, (x + at) & MASK, ORDER);
            FloatVector cut = v.blend(low, v.compare(VectorOperators.LT, low));
            FloatVector a = cut.abs();
            a = a.blend(high, a.compare(VectorOperators.GT, high));
            FloatVector square = a.mul(a);
            FloatVector lost = a.fma(a, square.neg());
            FloatVector t = square.mul(-0.5f);
            FloatVector rounded = t.fma(FloatVector.broadcast(S, Exp.OCTAVES), FloatVector.broadcast(S, Exp.ROUNDER));
            FloatVector n = rounded.sub(Exp.ROUNDER);
            FloatVector r = n.fma(FloatVector.broadcast(S, -Exp.OCTAVE_HIGH), t);
            r = n.fma(FloatVector.broadcast(S, -Exp.OCTAVE_LOW), r);
            FloatVector r2 = r.mul(r);
            FloatVector p = FloatVector.broadcast(S, Exp.P5)
                    .fma(r, FloatVector.broadcast(S, Exp.P4))
                    .fma(r2, FloatVector.broadcast(S, Exp.P3).fma(r, FloatVector.broadcast(S, Exp.P2)))
                    .fma(r2, FloatVector.broadcast(S, Exp.P1).fma(r, FloatVector.broadcast(S, Exp.P0)));
            p = p.fma(r2, r).add(1);
            FloatVector halfPower = rounded.reinterpretAsInts()
                    .lanewise(VectorOperators.LSHL, Exp.EXPONENT_SHIFT)
                    .add(Exp.HALF)
                    .reinterpretAsFloats();
            FloatVector e = p.mul(halfPower).mul(2);
            e = e.fma(lost.mul(-0.5f), e);
            FloatVector centre = FloatVector.broadcast(S, C5);
            centre = centre.fma(square, FloatVector.broadcast(S, C4));
            centre = centre.fma(square, FloatVector.broadcast(S, C3));
            centre = centre.fma(square, FloatVector.broadcast(S, C2));
            centre = centre.fma(square, FloatVector.broadcast(S, C1));
            centre = centre.fma(square, FloatVector.broadcast(S, C0));
            centre = centre.fma(cut, FloatVector.broadcast(S, 0.5f));
            FloatVector u = one.div(a.fma(FloatVector.broadcast(S, PACE), one));
            FloatVector tail = FloatVector.broadcast(S, T7);
            tail = tail.fma(u, FloatVector.broadcast(S, T6));
            tail = tail.fma(u, FloatVector.broadcast(S, T5));
            tail = tail.fma(u, FloatVector.broadcast(S, T4));
            tail = tail.fma(u, FloatVector.broadcast(S, T3));
            tail = tail.fma(u, FloatVector.broadcast(S, T2));
            tail = tail.fma(u, FloatVector.broadcast(S, T1));
            tail = tail.fma(u, FloatVector.broadcast(S, T0));
            tail = tail.mul(u).mul(e);
            FloatVector probability = one.sub(tail).blend(tail, cut.compare(VectorOperators.LT, 0));
            probability = probability.blend(centre, a.compare(VectorOperators.LT, CENTRE));
            if (dy == 0) {
                cut.mul(probability).intoMemorySegment(ALL, (y + at) & MASK, ORDER);
            } else {
                FloatVector within = cut.blend(high, cut.compare(VectorOperators.GT, high));
                FloatVector gradient = FloatVector.fromMemorySegment(S, ALL, (dy + at) & MASK, ORDER)
                        .mul(within.fma(e.mul(PEAK), probability));
                if (accumulate) {
                    FloatVector.fromMemorySegment(S, ALL, (y + at) & MASK, ORDER)
                            .add(gradient)
                            .intoMemorySegment(ALL, (y + at) & MASK, ORDER);
                } else {
                    gradient.intoMemorySegment(ALL, (y + at) & MASK, ORDER);
                }
            }
        }
        return i;
    }

    /** {@code e^(-x^2 / 2)} of one number. */
    private static float bell(float cut) {
        float a = Math.abs(cut) > LIMIT ? LIMIT : Math.abs(cut);
        float square = a * a;
        float e = Exp.exp(square * -0.5f);
        return Math.fma(e, Math.fma(a, a, -square) * -0.5f, e);
    }

    /** {@code Phi} of one number whose {@link #bell} is {@code e}. */
    private static float probability(float cut, float e) {
        float a = Math.abs(cut) > LIMIT ? LIMIT : Math.abs(cut);
        if (a < CENTRE) {
            float square = a * a;
            float centre = Math.fma(C5, square, C4);
            centre = Math.fma(centre, square, C3);
            centre = Math.fma(centre, square, C2);
            centre = Math.fma(centre, square, C1);
            centre = Math.fma(centre, square, C0);
            return Math.fma(centre, cut, 0.5f);
        }
        float u = 1 / Math.fma(a, PACE, 1f);
        float tail = Math.fma(T7, u, T6);
        tail = Math.fma(tail, u, T5);
        tail = Math.fma(tail, u, T4);
        tail = Math.fma(tail, u, T3);
        tail = Math.fma(tail, u, T2);
        tail = Math.fma(tail, u, T1);
        tail = Math.fma(tail, u, T0);
        tail = tail * u * e;
        return cut < 0 ? tail : 1 - tail;
    }
}
