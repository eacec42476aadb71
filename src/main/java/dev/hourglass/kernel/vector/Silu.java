package dev.hourglass.kernel.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * SiLU and its slope, as vectors and with the same bits as single numbers. Arguments are cut where the result stops changing. Vectors
 * compute {@code e^-x} from {@code x} with all signs the other way round, which has the same bits and needs no negation.
 */
final class Silu {

    /** Below it the result is -0, as the exponential is infinite. */
    static final float LOW = -89.5f;

    /** Above it the result is the argument. */
    private static final float HIGH = -Exp.LOWEST;

    /** Floats are cut by it as whole numbers, which is faster; negative ones and some NaN stay as they are, others become a number. */
    static final int HIGH_BITS = Float.floatToRawIntBits(HIGH);

    static final float SLOPE_LOW = -88;
    static final float SLOPE_HIGH = HIGH;

    private Silu() {}

    /** {@code y = x / (1 + e^-x)} for the whole vectors among {@code count} floats; returns how many floats that is. */
    static int values(long x, long y, int count) {
        int i = 0;
        for (; i <= count - Memory.LANES; i += Memory.LANES) {
            FloatVector floor = FloatVector.broadcast(Memory.S, LOW);
            FloatVector v =
                    FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (x + i * 4L) & Memory.MASK, Memory.ORDER);
            FloatVector cut = v.blend(floor, v.compare(VectorOperators.LT, floor)); // keeps minus infinity from NaN
            FloatVector t = cut.reinterpretAsInts().min(HIGH_BITS).reinterpretAsFloats();
            FloatVector rounded =
                    t.fma(FloatVector.broadcast(Memory.S, -Exp.OCTAVES), FloatVector.broadcast(Memory.S, Exp.ROUNDER));
            FloatVector n = rounded.sub(Exp.ROUNDER);
            FloatVector r = n.fma(FloatVector.broadcast(Memory.S, Exp.OCTAVE_HIGH), t);
            r = n.fma(FloatVector.broadcast(Memory.S, Exp.OCTAVE_LOW), r);
            FloatVector r2 = r.mul(r);
            FloatVector p = FloatVector.broadcast(Memory.S, Exp.P5)
                    .fma(r, FloatVector.broadcast(Memory.S, -Exp.P4))
                    .fma(r2, FloatVector.broadcast(Memory.S, Exp.P3).fma(r, FloatVector.broadcast(Memory.S, -Exp.P2)))
                    .fma(r2, FloatVector.broadcast(Memory.S, Exp.P1).fma(r, FloatVector.broadcast(Memory.S, -Exp.P0)));
            p = FloatVector.broadcast(Memory.S, 1).sub(p.fma(r2, r));
            FloatVector halfPower = rounded.reinterpretAsInts()
                    .lanewise(VectorOperators.LSHL, Exp.EXPONENT_SHIFT)
                    .add(Exp.HALF)
                    .reinterpretAsFloats();
            cut.mul(0.5f)
                    .div(p.fma(halfPower, FloatVector.broadcast(Memory.S, 0.5f)))
                    .intoMemorySegment(Memory.ALL, (y + i * 4L) & Memory.MASK, Memory.ORDER);
        }
        return i;
    }

    /** {@code x / (1 + e^-x)} of one number, with the same bits. */
    static float value(float x) {
        float cut = x < LOW ? LOW : x;
        float t = -(cut > HIGH ? HIGH : cut);
        float rounded = Math.fma(t, Exp.OCTAVES, Exp.ROUNDER);
        return cut * 0.5f / Math.fma(Exp.rest(t, rounded), Exp.halfPower(rounded), 0.5f);
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
            FloatVector rounded = cut.fma(
                    FloatVector.broadcast(Memory.S, -Exp.OCTAVES), FloatVector.broadcast(Memory.S, Exp.ROUNDER));
            FloatVector n = rounded.sub(Exp.ROUNDER);
            FloatVector r = n.fma(FloatVector.broadcast(Memory.S, Exp.OCTAVE_HIGH), cut);
            r = n.fma(FloatVector.broadcast(Memory.S, Exp.OCTAVE_LOW), r);
            FloatVector r2 = r.mul(r);
            FloatVector p = FloatVector.broadcast(Memory.S, Exp.P5)
                    .fma(r, FloatVector.broadcast(Memory.S, -Exp.P4))
                    .fma(r2, FloatVector.broadcast(Memory.S, Exp.P3).fma(r, FloatVector.broadcast(Memory.S, -Exp.P2)))
                    .fma(r2, FloatVector.broadcast(Memory.S, Exp.P1).fma(r, FloatVector.broadcast(Memory.S, -Exp.P0)));
            p = FloatVector.broadcast(Memory.S, 1).sub(p.fma(r2, r));
            // Between these bounds the power of two is neither infinite nor subnormal: it is added to the exponent.
            FloatVector e = rounded.reinterpretAsInts()
                    .lanewise(VectorOperators.LSHL, Exp.EXPONENT_SHIFT)
                    .add(p.reinterpretAsInts())
                    .reinterpretAsFloats();
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
