package dev.hourglass.kernel.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** SiLU and its slope, as vectors and with the same bits as single numbers. Arguments are cut where the result stops changing. */
final class Silu {

    static final float SLOPE_LOW = -88;
    static final float SLOPE_HIGH = -Exp.LOWEST;

    private Silu() {}

    /** {@code y = x / (1 + e^-x)} for the whole vectors among {@code count} floats; returns how many floats that is. */
    static int values(long x, long y, int count) {
        int i = 0;
        for (; i <= count - Memory.LANES; i += Memory.LANES) {
            FloatVector floor = FloatVector.broadcast(Memory.S, -Exp.HIGHEST);
            FloatVector lowest = FloatVector.broadcast(Memory.S, Exp.LOWEST);
            FloatVector v =
                    FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (x + i * 4L) & Memory.MASK, Memory.ORDER);
            FloatVector cut = v.blend(floor, v.compare(VectorOperators.LT, floor)); // keeps minus infinity from NaN
            FloatVector t = cut.neg();
            t = t.blend(lowest, t.compare(VectorOperators.LT, lowest));
            FloatVector rounded =
                    t.fma(FloatVector.broadcast(Memory.S, Exp.OCTAVES), FloatVector.broadcast(Memory.S, Exp.ROUNDER));
            FloatVector n = rounded.sub(Exp.ROUNDER);
            FloatVector r = n.fma(FloatVector.broadcast(Memory.S, -Exp.OCTAVE_HIGH), t);
            r = n.fma(FloatVector.broadcast(Memory.S, -Exp.OCTAVE_LOW), r);
            FloatVector p = FloatVector.broadcast(Memory.S, Exp.P5);
            p = p.fma(r, FloatVector.broadcast(Memory.S, Exp.P4));
            p = p.fma(r, FloatVector.broadcast(Memory.S, Exp.P3));
            p = p.fma(r, FloatVector.broadcast(Memory.S, Exp.P2));
            p = p.fma(r, FloatVector.broadcast(Memory.S, Exp.P1));
            p = p.fma(r, FloatVector.broadcast(Memory.S, Exp.P0));
            p = p.fma(r.mul(r), r).add(1);
            FloatVector halfPower = rounded.reinterpretAsInts()
                    .lanewise(VectorOperators.LSHL, Exp.EXPONENT_SHIFT)
                    .add(Exp.HALF)
                    .reinterpretAsFloats();
            FloatVector e = p.mul(halfPower).mul(2); // in two steps, since 2^128 is no float
            cut.div(e.add(1)).intoMemorySegment(Memory.ALL, (y + i * 4L) & Memory.MASK, Memory.ORDER);
        }
        return i;
    }

    /** {@code x / (1 + e^-x)} of one number, with the same bits. */
    static float value(float x) {
        float cut = x < -Exp.HIGHEST ? -Exp.HIGHEST : x;
        float t = -cut < Exp.LOWEST ? Exp.LOWEST : -cut;
        return cut / (Exp.exp(t) + 1);
    }

    /**
     * {@code dx (+)= dy (s + x s (1 - s))} for the sigmoid {@code s} and the whole vectors among {@code count} floats; returns how
     * many floats that is. {@code 1 - s} is taken as {@code e^-x s}, which cancels nothing.
     */
    static int gradients(long x, long dy, long dx, boolean accumulate, int count) {
        int i = 0;
        for (; i <= count - Memory.LANES; i += Memory.LANES) {
            long at = i * 4L;
            FloatVector low = FloatVector.broadcast(Memory.S, SLOPE_LOW);
            FloatVector high = FloatVector.broadcast(Memory.S, SLOPE_HIGH);
            FloatVector v = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (x + at) & Memory.MASK, Memory.ORDER);
            FloatVector cut = v.blend(low, v.compare(VectorOperators.LT, low));
            cut = cut.blend(high, cut.compare(VectorOperators.GT, high));
            FloatVector t = cut.neg();
            FloatVector rounded =
                    t.fma(FloatVector.broadcast(Memory.S, Exp.OCTAVES), FloatVector.broadcast(Memory.S, Exp.ROUNDER));
            FloatVector n = rounded.sub(Exp.ROUNDER);
            FloatVector r = n.fma(FloatVector.broadcast(Memory.S, -Exp.OCTAVE_HIGH), t);
            r = n.fma(FloatVector.broadcast(Memory.S, -Exp.OCTAVE_LOW), r);
            FloatVector p = FloatVector.broadcast(Memory.S, Exp.P5);
            p = p.fma(r, FloatVector.broadcast(Memory.S, Exp.P4));
            p = p.fma(r, FloatVector.broadcast(Memory.S, Exp.P3));
            p = p.fma(r, FloatVector.broadcast(Memory.S, Exp.P2));
            p = p.fma(r, FloatVector.broadcast(Memory.S, Exp.P1));
            p = p.fma(r, FloatVector.broadcast(Memory.S, Exp.P0));
            p = p.fma(r.mul(r), r).add(1);
            FloatVector halfPower = rounded.reinterpretAsInts()
                    .lanewise(VectorOperators.LSHL, Exp.EXPONENT_SHIFT)
                    .add(Exp.HALF)
                    .reinterpretAsFloats();
            FloatVector e = p.mul(halfPower).mul(2); // in two steps, since 2^128 is no float
            FloatVector sigmoid = FloatVector.broadcast(Memory.S, 1).div(e.add(1));
            FloatVector slope = cut.mul(e.mul(sigmoid)).fma(sigmoid, sigmoid);
            FloatVector gradient = FloatVector.fromMemorySegment(
                            Memory.S, Memory.ALL, (dy + at) & Memory.MASK, Memory.ORDER)
                    .mul(slope);
            if (accumulate) {
                FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (dx + at) & Memory.MASK, Memory.ORDER)
                        .add(gradient)
                        .intoMemorySegment(Memory.ALL, (dx + at) & Memory.MASK, Memory.ORDER);
            } else {
                gradient.intoMemorySegment(Memory.ALL, (dx + at) & Memory.MASK, Memory.ORDER);
            }
        }
        return i;
    }

    /** The slope {@code s + x s (1 - s)} at one number, with the same bits. */
    static float slope(float x) {
        float cut = x < SLOPE_LOW ? SLOPE_LOW : x;
        cut = cut > SLOPE_HIGH ? SLOPE_HIGH : cut;
        float e = Exp.exp(-cut);
        float sigmoid = 1 / (e + 1);
        return Math.fma(cut * (e * sigmoid), sigmoid, sigmoid);
    }
}
