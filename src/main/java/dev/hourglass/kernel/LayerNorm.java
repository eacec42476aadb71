package dev.hourglass.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Layer normalisation (arXiv 1607.06450) of rows {@code [rows, channels]}: each row is brought to mean 0 and variance 1, then scaled and
 * shifted per channel. {@code from} and {@code to} count rows.
 */
public interface LayerNorm {

    /** Numbers in a row's statistics. */
    int STATISTICS = 3;

    /**
     * {@code y = (x - mean) / sqrt(variance + eps) * gamma + beta}, with the biased variance.
     *
     * @param y may be {@code x}
     * @param stats receives {@code [rows, 3]}: the mean, what its rounding to a float left over, and {@code 1 / sqrt(variance + eps)};
     *     with both parts of the mean a mean far from zero costs no digits
     */
    void forward(
            MemorySegment x,
            MemorySegment gamma,
            MemorySegment beta,
            MemorySegment y,
            MemorySegment stats,
            int channels,
            float eps,
            int from,
            int to);

    /**
     * The gradient of the input, and these rows' share of the parameters' gradients.
     *
     * @param dx may be {@code null} when the input needs no gradient; must not be {@code dy}
     * @param partials {@code [shares, 2, channels]}, of which {@code share} receives the rows' sums of {@code dy * xhat} and of
     *     {@code dy}; shares are added up as images' are, by {@link GroupNorm#reduceGradient}
     */
    void backward(
            MemorySegment x,
            MemorySegment gamma,
            MemorySegment stats,
            MemorySegment dy,
            MemorySegment dx,
            boolean accumulate,
            MemorySegment partials,
            int share,
            int channels,
            int from,
            int to);
}
