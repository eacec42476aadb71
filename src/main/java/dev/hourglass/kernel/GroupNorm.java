package dev.hourglass.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Group normalisation (arXiv 1803.08494): the channels of each image are cut into groups, each brought to mean 0 and variance 1 over
 * its channels and pixels, then scaled and shifted per channel. {@code from} and {@code to} count images; {@code x}, {@code y} and
 * their gradients are {@code [N, pixels, channels]}.
 */
public interface GroupNorm {

    /** Bytes of scratch memory that each worker needs for images of this size. */
    long workspaceBytes(int pixels, int channels);

    /**
     * {@code y = (x - mean) / sqrt(variance + eps) * gamma + beta}, with the biased variance; with {@code silu}, SiLU of that: image by
     * image {@link #statistics} and then {@link #normalise}, while the image is in cache.
     *
     * @param y may be {@code x}
     * @param stats receives {@code [N, groups, 2]}: mean and {@code 1 / sqrt(variance + eps)}
     */
    default void forward(
            MemorySegment x,
            MemorySegment gamma,
            MemorySegment beta,
            MemorySegment y,
            MemorySegment stats,
            MemorySegment workspace,
            int pixels,
            int channels,
            int groups,
            float eps,
            boolean silu,
            int from,
            int to) {
        for (int n = from; n < to; n++) {
            statistics(x, stats, workspace, pixels, channels, groups, eps, n);
            normalise(x, gamma, beta, y, stats, workspace, pixels, channels, groups, silu, n, 0, pixels);
        }
    }

    /** Fills image {@code n} of {@code stats [N, groups, 2]} with mean and {@code 1 / sqrt(variance + eps)}. */
    void statistics(
            MemorySegment x,
            MemorySegment stats,
            MemorySegment workspace,
            int pixels,
            int channels,
            int groups,
            float eps,
            int n);

    /** Normalises pixels {@code from} to {@code to} of image {@code n}; their values do not depend on the cut. */
    void normalise(
            MemorySegment x,
            MemorySegment gamma,
            MemorySegment beta,
            MemorySegment y,
            MemorySegment stats,
            MemorySegment workspace,
            int pixels,
            int channels,
            int groups,
            boolean silu,
            int n,
            int from,
            int to);

    /**
     * The gradient of the input, and each image's share of the parameters' gradients.
     *
     * @param partials receives {@code [N, 2, channels]}: the image's sums of {@code dy * xhat} and of {@code dy},
     *     where {@code dy} is the gradient before SiLU
     * @param dx may be {@code null} when the input needs no gradient
     */
    void backward(
            MemorySegment x,
            MemorySegment gamma,
            MemorySegment beta,
            MemorySegment stats,
            MemorySegment dy,
            MemorySegment dx,
            boolean accumulate,
            MemorySegment partials,
            MemorySegment workspace,
            int pixels,
            int channels,
            int groups,
            boolean silu,
            int from,
            int to);

    /** Adds the images' shares up in order: gradients of gamma and beta, {@code [channels]} each. */
    void reduceGradient(
            MemorySegment partials,
            int images,
            int channels,
            MemorySegment dgamma,
            MemorySegment dbeta,
            boolean accumulate);
}
