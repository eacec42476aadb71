package dev.hourglass.kernel.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** SiLU and its slope, as vectors and with the same bits as single numbers. Arguments are cut where the result stops changing. */
final class Silu {

    private static final float SLOPE_LOW = -88;
    private static final float SLOPE_HIGH = -Exp.LOWEST;

    private Silu() {}

    /** {@code x / (1 + e^-x)}. */
    static FloatVector value(FloatVector x) {
        FloatVector floor = FloatVector.broadcast(Memory.S, -Exp.HIGHEST);
        FloatVector cut = x.blend(floor, x.compare(VectorOperators.LT, floor)); // keeps minus infinity from NaN
        FloatVector lowest = FloatVector.broadcast(Memory.S, Exp.LOWEST);
        FloatVector t = cut.neg();
        t = t.blend(lowest, t.compare(VectorOperators.LT, lowest));
        return cut.div(Exp.exp(t).add(1));
    }

    /** {@link #value(FloatVector)} of one number, with the same bits. */
    static float value(float x) {
        float cut = x < -Exp.HIGHEST ? -Exp.HIGHEST : x;
        float t = -cut < Exp.LOWEST ? Exp.LOWEST : -cut;
        return cut / (Exp.exp(t) + 1);
    }

    /** {@code s + x s (1 - s)} for the sigmoid {@code s}; {@code 1 - s} is taken as {@code e^-x s}, which cancels nothing. */
    static FloatVector slope(FloatVector x) {
        FloatVector low = FloatVector.broadcast(Memory.S, SLOPE_LOW);
        FloatVector high = FloatVector.broadcast(Memory.S, SLOPE_HIGH);
        FloatVector cut = x.blend(low, x.compare(VectorOperators.LT, low));
        cut = cut.blend(high, cut.compare(VectorOperators.GT, high));
        FloatVector e = Exp.exp(cut.neg());
        FloatVector sigmoid = FloatVector.broadcast(Memory.S, 1).div(e.add(1));
        return cut.mul(e.mul(sigmoid)).fma(sigmoid, sigmoid);
    }

    /** {@link #slope(FloatVector)} of one number, with the same bits. */
    static float slope(float x) {
        float cut = x < SLOPE_LOW ? SLOPE_LOW : x;
        cut = cut > SLOPE_HIGH ? SLOPE_HIGH : cut;
        float e = Exp.exp(-cut);
        float sigmoid = 1 / (e + 1);
        return Math.fma(cut * (e * sigmoid), sigmoid, sigmoid);
    }
}
