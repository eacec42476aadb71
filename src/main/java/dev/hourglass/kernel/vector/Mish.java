package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@code x tanh(ln(1 + e))} for {@code e = e^x}, which is {@code x m / (m + 2)} with {@code m = e (e + 2)} and cancels nothing; its slope is
 * {@code m / (m + 2) + 4 x e (e + 1) / (m + 2)^2}. As vectors and with the same bits as single numbers.
 */
final class Mish {

    /** From here on the tangent is 1 in float32. */
    private static final float HIGH = 20;

    private Mish() {}

    /** {@code y = mish(x)}. */
    static void values(long x, long y, int count) {
        int i = sweep(x, 0, y, false, count);
        for (; i < count; i++) {
            float value = Memory.get(x + i * 4L);
            float cut = value < Exp.LOWEST ? Exp.LOWEST : value;
            float e = Exp.exp(cut > HIGH ? HIGH : cut);
            float m = e * (e + 2);
            Memory.set(y + i * 4L, cut * (m * (1 / (m + 2))));
        }
    }

    /** {@code dx (+)= dy mish'(x)}. */
    static void gradients(long x, long dy, long dx, boolean accumulate, int count) {
        int i = sweep(x, dy, dx, accumulate, count);
        for (; i < count; i++) {
            float value = Memory.get(x + i * 4L);
            float cut = value < Exp.LOWEST ? Exp.LOWEST : value;
            float within = cut > HIGH ? HIGH : cut;
            float e = Exp.exp(within);
            float m = e * (e + 2);
            float r = 1 / (m + 2);
            float slope = Math.fma(within * r, e * 4 * (e + 1) * r, m * r);
            float gradient = Memory.get(dy + i * 4L) * slope;
            Memory.set(dx + i * 4L, accumulate ? Memory.get(dx + i * 4L) + gradient : gradient);
        }
    }

    /** The whole vectors among {@code count} floats: values where {@code dy} is 0, otherwise gradients; returns how many floats. */
    private static int sweep(long x, long dy, long y, boolean accumulate, int count) {
        FloatVector low = FloatVector.broadcast(S, Exp.LOWEST);
        FloatVector high = FloatVector.broadcast(S, HIGH);
        FloatVector one = FloatVector.broadcast(S, 1);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            long at = i * 4L;
            FloatVector v = FloatVector.fromMemorySegment(S, ALL, (x + at) & MASK, ORDER);
            FloatVector cut = v.blend(low, v.compare(VectorOperators.LT, low));
            FloatVector within = cut.blend(high, cut.compare(VectorOperators.GT, high));
            FloatVector rounded =
                    within.fma(FloatVector.broadcast(S, Exp.OCTAVES), FloatVector.broadcast(S, Exp.ROUNDER));
            FloatVector n = rounded.sub(Exp.ROUNDER);
            FloatVector r = n.fma(FloatVector.broadcast(S, -Exp.OCTAVE_HIGH), within);
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
            FloatVector m = e.mul(e.add(2));
            FloatVector share = one.div(m.add(2));
            if (dy == 0) {
                cut.mul(m.mul(share)).intoMemorySegment(ALL, (y + at) & MASK, ORDER);
            } else {
                FloatVector slope = within.mul(share).fma(e.mul(4).mul(e.add(1)).mul(share), m.mul(share));
                FloatVector gradient = FloatVector.fromMemorySegment(S, ALL, (dy + at) & MASK, ORDER)
                        .mul(slope);
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
}
