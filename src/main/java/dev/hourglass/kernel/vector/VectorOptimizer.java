package dev.hourglass.kernel.vector;

import dev.hourglass.kernel.Optimizer;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** The vector twin of {@link Optimizer}: float arithmetic per element, the same bits at every width and for every split. */
public final class VectorOptimizer implements Optimizer {

    @Override
    public void adamW(
            MemorySegment w,
            MemorySegment g,
            MemorySegment m,
            MemorySegment v,
            double lr,
            double beta1,
            double beta2,
            double eps,
            double weightDecay,
            double correction1,
            double correction2,
            double gradientScale,
            long from,
            long to) {
        adamW(
                Memory.address(w, from, to - from),
                Memory.address(g, from, to - from),
                Memory.address(m, from, to - from),
                Memory.address(v, from, to - from),
                to - from,
                (float) beta1,
                (float) (1 - beta1),
                (float) beta2,
                (float) (1 - beta2),
                (float) gradientScale,
                (float) (lr / correction1),
                (float) (1 / Math.sqrt(correction2)),
                (float) eps,
                (float) (lr * weightDecay));
    }

    /** {@code w -= decay * w + rate * m / (root * sqrt(v) + eps)}: the decay is not rounded away in a factor close to 1. */
    private static void adamW(
            long w,
            long g,
            long m,
            long v,
            long count,
            float beta1,
            float rest1,
            float beta2,
            float rest2,
            float gradientScale,
            float rate,
            float root,
            float eps,
            float decay) {
        FloatVector decays = FloatVector.broadcast(Memory.S, decay);
        FloatVector roots = FloatVector.broadcast(Memory.S, root);
        FloatVector epsilons = FloatVector.broadcast(Memory.S, eps);
        long i = 0;
        for (; i <= count - Memory.LANES; i += Memory.LANES) {
            long at = i * Float.BYTES;
            FloatVector gradient = FloatVector.fromMemorySegment(
                            Memory.S, Memory.ALL, (g + at) & Memory.MASK, Memory.ORDER)
                    .mul(gradientScale);
            FloatVector mean = gradient.fma(
                    FloatVector.broadcast(Memory.S, rest1),
                    FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (m + at) & Memory.MASK, Memory.ORDER)
                            .mul(beta1));
            FloatVector square = gradient.mul(rest2)
                    .fma(
                            gradient,
                            FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (v + at) & Memory.MASK, Memory.ORDER)
                                    .mul(beta2));
            FloatVector step = mean.mul(rate).div(square.sqrt().fma(roots, epsilons));
            FloatVector weight =
                    FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (w + at) & Memory.MASK, Memory.ORDER);
            mean.intoMemorySegment(Memory.ALL, (m + at) & Memory.MASK, Memory.ORDER);
            square.intoMemorySegment(Memory.ALL, (v + at) & Memory.MASK, Memory.ORDER);
            weight.sub(weight.fma(decays, step)).intoMemorySegment(Memory.ALL, (w + at) & Memory.MASK, Memory.ORDER);
        }
        for (; i < count; i++) {
            long at = i * Float.BYTES;
            float gradient = Memory.get(g + at) * gradientScale;
            float mean = Math.fma(gradient, rest1, Memory.get(m + at) * beta1);
            float square = Math.fma(gradient * rest2, gradient, Memory.get(v + at) * beta2);
            float step = mean * rate / Math.fma((float) Math.sqrt(square), root, eps);
            float weight = Memory.get(w + at);
            Memory.set(m + at, mean);
            Memory.set(v + at, square);
            Memory.set(w + at, weight - Math.fma(weight, decay, step));
        }
    }

    @Override
    public void ema(MemorySegment average, MemorySegment w, double decay, long from, long to) {
        long count = to - from;
        long averages = Memory.address(average, from, count);
        long ws = Memory.address(w, from, count);
        float rest = (float) (1 - decay);
        FloatVector rests = FloatVector.broadcast(Memory.S, rest);
        long i = 0;
        for (; i <= count - Memory.LANES; i += Memory.LANES) {
            long at = i * Float.BYTES;
            FloatVector value =
                    FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (averages + at) & Memory.MASK, Memory.ORDER);
            FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (ws + at) & Memory.MASK, Memory.ORDER)
                    .sub(value)
                    .fma(rests, value)
                    .intoMemorySegment(Memory.ALL, (averages + at) & Memory.MASK, Memory.ORDER);
        }
        for (; i < count; i++) {
            long at = i * Float.BYTES;
            float value = Memory.get(averages + at);
            Memory.set(averages + at, Math.fma(Memory.get(ws + at) - value, rest, value));
        }
    }

    @Override
    public double squaredNorm(MemorySegment g, long from, long to) {
        return SquareSums.of(Memory.address(g, from, to - from), to - from);
    }
}
