package dev.hourglass.kernel.scalar;

import static dev.hourglass.kernel.scalar.Memory.get;
import static dev.hourglass.kernel.scalar.Memory.put;
import static dev.hourglass.kernel.scalar.Memory.set;

import dev.hourglass.kernel.LayerNorm;
import java.lang.foreign.MemorySegment;

/** The plain twin of {@link LayerNorm}: mean and variance in two passes, one row at a time. */
public final class ScalarLayerNorm implements LayerNorm {

    @Override
    public void forward(
            MemorySegment x,
            MemorySegment gamma,
            MemorySegment beta,
            MemorySegment y,
            MemorySegment stats,
            int channels,
            float eps,
            int from,
            int to) {
        for (int row = from; row < to; row++) {
            long first = (long) row * channels;
            double sum = 0;
            for (int c = 0; c < channels; c++) {
                sum += get(x, first + c);
            }
            double mean = sum / channels;
            double squares = 0;
            for (int c = 0; c < channels; c++) {
                double deviation = get(x, first + c) - mean;
                squares += deviation * deviation;
            }
            double scale = 1 / Math.sqrt(squares / channels + eps);
            for (int c = 0; c < channels; c++) {
                set(y, first + c, (get(x, first + c) - mean) * scale * get(gamma, c) + get(beta, c));
            }
            set(stats, (long) row * STATISTICS, mean);
            set(stats, (long) row * STATISTICS + 1, mean - (float) mean);
            set(stats, (long) row * STATISTICS + 2, scale);
        }
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
            int share,
            int channels,
            int from,
            int to) {
        long sums = 2L * share * channels;
        for (int c = 0; c < channels; c++) {
            double products = 0;
            double gradients = 0;
            for (int row = from; row < to; row++) {
                long i = (long) row * channels + c;
                products += get(dy, i) * xhat(x, stats, channels, row, c);
                gradients += get(dy, i);
            }
            set(partials, sums + c, products);
            set(partials, sums + channels + c, gradients);
        }
        for (int row = from; row < to && dx != null; row++) {
            long first = (long) row * channels;
            double meanOfGradients = 0; // of gamma * dy
            double meanOfProducts = 0; // of gamma * dy * xhat
            for (int c = 0; c < channels; c++) {
                double gradient = (double) get(gamma, c) * get(dy, first + c);
                meanOfGradients += gradient / channels;
                meanOfProducts += gradient * xhat(x, stats, channels, row, c) / channels;
            }
            double scale = get(stats, (long) row * STATISTICS + 2);
            for (int c = 0; c < channels; c++) {
                double centred = (double) get(gamma, c) * get(dy, first + c) - meanOfGradients;
                double value = scale * (centred - xhat(x, stats, channels, row, c) * meanOfProducts);
                put(dx, first + c, value, accumulate);
            }
        }
    }

    private static double xhat(MemorySegment x, MemorySegment stats, int channels, int row, int channel) {
        long at = (long) row * STATISTICS;
        double mean = (double) get(stats, at) + get(stats, at + 1);
        return (get(x, (long) row * channels + channel) - mean) * get(stats, at + 2);
    }
}
