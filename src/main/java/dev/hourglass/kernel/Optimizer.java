package dev.hourglass.kernel;

import java.lang.foreign.MemorySegment;

/** Updates of flat parameter vectors; {@code from} and {@code to} count elements. */
public interface Optimizer {

    /**
     * One AdamW step (arXiv 1711.05101, as in {@code torch.optim.AdamW}): {@code w *= 1 - lr * weightDecay}, then
     * {@code m = beta1 m + (1 - beta1) g}, {@code v = beta2 v + (1 - beta2) g^2},
     * {@code w -= lr / correction1 * m / (sqrt(v / correction2) + eps)}.
     *
     * @param correction1 {@code 1 - beta1^step}
     * @param correction2 {@code 1 - beta2^step}
     * @param gradientScale what gradients are multiplied with first: 1, or less where their norm is clipped
     */
    void adamW(
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
            long to);

    /** {@code average = decay * average + (1 - decay) * w}. */
    void ema(MemorySegment average, MemorySegment w, double decay, long from, long to);

    /** The sum of squares over the range, added up in double. */
    double squaredNorm(MemorySegment g, long from, long to);
}
