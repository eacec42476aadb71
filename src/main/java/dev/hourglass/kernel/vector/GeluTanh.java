package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * {@code x s} and its slope {@code s + x s (1 - s) w'} for the sigmoid {@code s} of {@code w = 2 sqrt(2 / pi) (x + 0.044715 x^3)}, which is
 * {@code x (1 + tanh(w / 2)) / 2}; as vectors and with the same bits as single numbers. {@code 1 - s} is taken as {@code e^-w s}, which
 * cancels nothing.
 */
final class GeluTanh {

    /** Beyond this on either side the sigmoid is 0 or 1 in float32. */
    private static final float LIMIT = 10;

    private static final float LINEAR = 1.5957691f; // 2 sqrt(2 / pi)
    private static final float CUBIC = 0.07135481f; // that times 0.044715

    private GeluTanh() {}

    /** {@code y = f(x)}. */
    static void values(long x, long y, int count) {
        int i = sweep(x, 0, y, false, count);
        for (; i < count; i++) {
            float value = Memory.get(x + i * 4L);
            float cut = value < -LIMIT ? -LIMIT : value;
            Memory.set(y + i * 4L, cut * (1 / (exponential(cut) + 1)));
        }
    }

    /** {@code dx (+)= dy f'(x)}. */
    static void gradients(long x, long dy, long dx, boolean accumulate, int count) {
        int i = sweep(x, dy, dx, accumulate, count);
        for (; i < count; i++) {
            float value = Memory.get(x + i * 4L);
            float cut = value < -LIMIT ? -LIMIT : value;
            float within = cut > LIMIT ? LIMIT : cut;
            float e = exponential(cut);
            float s = 1 / (e + 1);
            float inner = Math.fma(within * within, 3 * CUBIC, LINEAR);
            float gradient = Memory.get(dy + i * 4L) * Math.fma(within * inner * (e * s), s, s);
            Memory.set(dx + i * 4L, accumulate ? Memory.get(dx + i * 4L) + gradient : gradient);
        }
    }

    /** The whole vectors among {@code count} floats: values where {@code dy} is 0, otherwise gradients; returns how many floats. */
    private static int sweep(long x, long dy, long y, boolean accumulate, int count) {
        FloatVector low = FloatVector.broadcast(S, -LIMIT);
        FloatVector high = FloatVector.broadcast(S, LIMIT);
        FloatVector lowest = FloatVector.broadcast(S, Exp.LOWEST);
        FloatVector one = FloatVector.broadcast(S, 1);
        FloatVector linear = FloatVector.broadcast(S, LINEAR);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            long at = i * 4L;
            FloatVector v = FloatVector.fromMemorySegment(S, ALL, (x + at) & MASK, ORDER);
            FloatVector cut = v.blend(low, v.compare(VectorOperators.LT, low));
            FloatVector within = cut.blend(high, cut.compare(VectorOperators.GT, high));
            FloatVector square = within.mul(within);
            FloatVector t = square.fma(FloatVector.broadcast(S, CUBIC), linear)
                    .mul(within)
                    .neg();
            t = t.blend(lowest, t.compare(VectorOperators.LT, lowest));
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
            FloatVector s = one.div(e.add(1));
            if (dy == 0) {
                cut.mul(s).intoMemorySegment(ALL, (y + at) & MASK, ORDER);
            } else {
                FloatVector inner = square.fma(FloatVector.broadcast(S, 3 * CUBIC), linear);
                FloatVector gradient = FloatVector.fromMemorySegment(S, ALL, (dy + at) & MASK, ORDER)
                        .mul(within.mul(inner).mul(e.mul(s)).fma(s, s));
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

    /** {@code e^-w} of one number. */
    private static float exponential(float cut) {
        float within = cut > LIMIT ? LIMIT : cut;
        float t = -(Math.fma(within * within, CUBIC, LINEAR) * within);
        return Exp.exp(t < Exp.LOWEST ? Exp.LOWEST : t);
    }
}
