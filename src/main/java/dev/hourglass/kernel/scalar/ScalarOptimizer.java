package dev.hourglass.kernel.scalar;

import dev.hourglass.kernel.Optimizer;
import java.lang.foreign.MemorySegment;

/** The plain twin of {@link Optimizer}. */
public final class ScalarOptimizer implements Optimizer {

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
        for (long i = from; i < to; i++) {
            double gradient = Memory.get(g, i) * gradientScale;
            double mean = beta1 * Memory.get(m, i) + (1.0 - beta1) * gradient;
            double square = beta2 * Memory.get(v, i) + (1.0 - beta2) * gradient * gradient;
            double step = lr / correction1 * mean / (Math.sqrt(square / correction2) + eps);
            Memory.set(m, i, mean);
            Memory.set(v, i, square);
            Memory.set(w, i, Memory.get(w, i) * (1 - lr * weightDecay) - step);
        }
    }

    @Override
    public void ema(MemorySegment average, MemorySegment w, double decay, long from, long to) {
        for (long i = from; i < to; i++) {
            double value = Memory.get(average, i);
            Memory.set(average, i, value + (1.0 - decay) * (Memory.get(w, i) - value));
        }
    }

    @Override
    public double squaredNorm(MemorySegment g, long from, long to) {
        double sum = 0;
        for (long i = from; i < to; i++) {
            double value = Memory.get(g, i);
            sum += value * value;
        }
        return sum;
    }
}
