package dev.hourglass.kernel.scalar;

import dev.hourglass.kernel.GroupNorm;
import java.lang.foreign.MemorySegment;

/** The plain twin of {@link GroupNorm}: mean and variance in two passes, one group at a time. */
public final class ScalarGroupNorm implements GroupNorm {

    @Override
    public long workspaceBytes(int pixels, int channels) {
        return (long) pixels * channels * Float.BYTES;
    }

    @Override
    public void statistics(
            MemorySegment x,
            MemorySegment stats,
            MemorySegment workspace,
            int pixels,
            int channels,
            int groups,
            float eps,
            int n) {
        int width = channels / groups;
        for (int g = 0; g < groups; g++) {
            long first = (long) n * pixels * channels + (long) g * width;
            double mean = mean(x, first, pixels, channels, width);
            double scale = 1 / Math.sqrt(variance(x, first, pixels, channels, width, mean) + eps);
            Memory.set(stats, ((long) n * groups + g) * 2, mean);
            Memory.set(stats, ((long) n * groups + g) * 2 + 1, scale);
        }
    }

    @Override
    public void normalise(
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
            int to) {
        int width = channels / groups;
        for (int p = from; p < to; p++) {
            for (int c = 0; c < channels; c++) {
                long i = ((long) n * pixels + p) * channels + c;
                long moments = ((long) n * groups + c / width) * 2;
                double xhat = ((double) Memory.get(x, i) - Memory.get(stats, moments)) * Memory.get(stats, moments + 1);
                double value = xhat * Memory.get(gamma, c) + Memory.get(beta, c);
                Memory.set(y, i, silu ? ScalarElementwise.silu(value) : value);
            }
        }
    }

    private static double mean(MemorySegment x, long first, int pixels, int channels, int width) {
        double sum = 0;
        for (int p = 0; p < pixels; p++) {
            for (int c = 0; c < width; c++) {
                sum += Memory.get(x, first + (long) p * channels + c);
            }
        }
        return sum / ((double) pixels * width);
    }

    private static double variance(MemorySegment x, long first, int pixels, int channels, int width, double mean) {
        double sum = 0;
        for (int p = 0; p < pixels; p++) {
            for (int c = 0; c < width; c++) {
                double deviation = Memory.get(x, first + (long) p * channels + c) - mean;
                sum += deviation * deviation;
            }
        }
        return sum / ((double) pixels * width);
    }

    @Override
    public void backward(
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
            int to) {
        int width = channels / groups;
        for (int n = from; n < to; n++) {
            if (silu) {
                siluGradient(x, gamma, beta, stats, dy, workspace, pixels, channels, groups, n);
            }
            MemorySegment dn = silu ? workspace : dy; // the gradient of the normalised values
            long before = silu ? 0 : (long) n * pixels * channels; // where this image's begins
            for (int g = 0; g < groups; g++) {
                double mean = Memory.get(stats, ((long) n * groups + g) * 2);
                double scale = Memory.get(stats, ((long) n * groups + g) * 2 + 1);
                double meanOfProducts = 0; // of gamma * dy * xhat over the group
                double meanOfGradients = 0; // of gamma * dy
                for (int channel = g * width; channel < (g + 1) * width; channel++) {
                    double products = 0;
                    double gradients = 0;
                    for (int p = 0; p < pixels; p++) {
                        long i = ((long) n * pixels + p) * channels + channel;
                        double gradient = Memory.get(dn, before + (long) p * channels + channel);
                        products += gradient * (Memory.get(x, i) - mean) * scale;
                        gradients += gradient;
                    }
                    Memory.set(partials, (long) n * 2 * channels + channel, products);
                    Memory.set(partials, (n * 2L + 1) * channels + channel, gradients);
                    meanOfProducts += products * Memory.get(gamma, channel) / ((double) pixels * width);
                    meanOfGradients += gradients * Memory.get(gamma, channel) / ((double) pixels * width);
                }
                if (dx == null) {
                    continue;
                }
                for (int p = 0; p < pixels; p++) { // dx [pixels, width of the group]
                    for (int channel = g * width; channel < (g + 1) * width; channel++) {
                        long i = ((long) n * pixels + p) * channels + channel;
                        double xhat = (Memory.get(x, i) - mean) * scale;
                        double gradient = Memory.get(dn, before + (long) p * channels + channel);
                        double centred = gradient * Memory.get(gamma, channel) - meanOfGradients;
                        Memory.put(dx, i, scale * (centred - xhat * meanOfProducts), accumulate);
                    }
                }
            }
        }
    }

    /** Takes the gradient of one image back through SiLU, into {@code dn}. */
    private static void siluGradient(
            MemorySegment x,
            MemorySegment gamma,
            MemorySegment beta,
            MemorySegment stats,
            MemorySegment dy,
            MemorySegment dn,
            int pixels,
            int channels,
            int groups,
            int n) {
        for (int k = 0; k < pixels * channels; k++) {
            int c = k % channels;
            long moments = ((long) n * groups + c / (channels / groups)) * 2;
            long i = (long) n * pixels * channels + k;
            double xhat = (Memory.get(x, i) - (double) Memory.get(stats, moments)) * Memory.get(stats, moments + 1);
            double slope = ScalarElementwise.siluSlope(xhat * Memory.get(gamma, c) + Memory.get(beta, c));
            Memory.set(dn, k, Memory.get(dy, i) * slope);
        }
    }

    @Override
    public void reduceGradient(
            MemorySegment partials,
            int images,
            int channels,
            MemorySegment dgamma,
            MemorySegment dbeta,
            boolean accumulate) {
        for (int c = 0; c < channels; c++) {
            double gamma = 0;
            double beta = 0;
            for (int n = 0; n < images; n++) {
                gamma += Memory.get(partials, (long) n * 2 * channels + c);
                beta += Memory.get(partials, (n * 2L + 1) * channels + c);
            }
            Memory.put(dgamma, c, gamma, accumulate);
            Memory.put(dbeta, c, beta, accumulate);
        }
    }
}
