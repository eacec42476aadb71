package dev.hourglass.kernel.scalar;

import dev.hourglass.kernel.GroupNorm;
import java.lang.foreign.MemorySegment;

/** The plain twin of {@link GroupNorm}: mean and variance in two passes, one group at a time. */
public final class ScalarGroupNorm implements GroupNorm {

    @Override
    public long workspaceBytes() {
        return 0;
    }

    @Override
    public void forward(
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
            int from,
            int to) {
        int width = channels / groups;
        for (int n = from; n < to; n++) {
            for (int g = 0; g < groups; g++) {
                long first = (long) n * pixels * channels + (long) g * width;
                double mean = mean(x, first, pixels, channels, width);
                double scale = 1 / Math.sqrt(variance(x, first, pixels, channels, width, mean) + eps);
                Memory.set(stats, ((long) n * groups + g) * 2, mean);
                Memory.set(stats, ((long) n * groups + g) * 2 + 1, scale);
                for (int p = 0; p < pixels; p++) { // y [pixels, width of the group]
                    for (int c = 0; c < width; c++) {
                        long i = first + (long) p * channels + c;
                        double xhat = (Memory.get(x, i) - mean) * scale;
                        int channel = g * width + c;
                        Memory.set(y, i, xhat * Memory.get(gamma, channel) + Memory.get(beta, channel));
                    }
                }
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
            MemorySegment stats,
            MemorySegment dy,
            MemorySegment dx,
            boolean accumulate,
            MemorySegment partials,
            MemorySegment workspace,
            int pixels,
            int channels,
            int groups,
            int from,
            int to) {
        int width = channels / groups;
        for (int n = from; n < to; n++) {
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
                        products += Memory.get(dy, i) * (Memory.get(x, i) - mean) * scale;
                        gradients += Memory.get(dy, i);
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
                        double centred = Memory.get(dy, i) * (double) Memory.get(gamma, channel) - meanOfGradients;
                        Memory.put(dx, i, scale * (centred - xhat * meanOfProducts), accumulate);
                    }
                }
            }
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
