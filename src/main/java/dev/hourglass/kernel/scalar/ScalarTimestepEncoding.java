package dev.hourglass.kernel.scalar;

import dev.hourglass.kernel.TimestepEncoding;
import java.lang.foreign.MemorySegment;

/**
 * {@link TimestepEncoding} in double throughout, since {@code t f[k]} reaches a thousand radians. It has no vector twin: a batch needs a
 * few thousand sines, thousands of times less work than the network that follows.
 */
public final class ScalarTimestepEncoding implements TimestepEncoding {

    @Override
    public void encode(
            MemorySegment t, MemorySegment y, int dim, Order order, double freqShift, double period, int from, int to) {
        int half = dim / 2;
        for (int n = from; n < to; n++) { // y [n, dim]
            long row = (long) n * dim;
            for (int k = 0; k < half; k++) {
                double angle = Memory.get(t, n) * frequency(k, half, freqShift, period);
                Memory.set(y, row + sinIndex(k, half, order), Math.sin(angle));
                Memory.set(y, row + cosIndex(k, half, order), Math.cos(angle));
            }
            if (dim % 2 != 0) {
                Memory.set(y, row + dim - 1, 0);
            }
        }
    }

    @Override
    public void fourier(
            MemorySegment t, MemorySegment w, MemorySegment y, int dim, boolean log, Order order, int from, int to) {
        for (int n = from; n < to; n++) { // y [n, 2 dim]
            double turn = 2 * Math.PI * (log ? Math.log(Memory.get(t, n)) : Memory.get(t, n));
            for (int k = 0; k < dim; k++) {
                double angle = turn * Memory.get(w, k);
                Memory.set(y, 2L * n * dim + sinIndex(k, dim, order), Math.sin(angle));
                Memory.set(y, 2L * n * dim + cosIndex(k, dim, order), Math.cos(angle));
            }
        }
    }

    @Override
    public void encodeGradient(
            MemorySegment t,
            MemorySegment dy,
            MemorySegment dt,
            boolean accumulate,
            int dim,
            Order order,
            double freqShift,
            double period,
            int from,
            int to) {
        int half = dim / 2;
        for (int n = from; n < to; n++) { // dy [n, dim]
            long row = (long) n * dim;
            double sum = 0;
            for (int k = 0; k < half; k++) {
                double frequency = frequency(k, half, freqShift, period);
                double angle = Memory.get(t, n) * frequency;
                double slope = Memory.get(dy, row + sinIndex(k, half, order)) * Math.cos(angle)
                        - Memory.get(dy, row + cosIndex(k, half, order)) * Math.sin(angle);
                sum += slope * frequency;
            }
            Memory.put(dt, n, sum, accumulate);
        }
    }

    /** The first frequency is 1 even where the exponent would be 0 / 0: two channels with a shift of 1. */
    private static double frequency(int k, int half, double freqShift, double period) {
        return k == 0 ? 1 : Math.pow(period, -k / (half - freqShift));
    }

    private static int sinIndex(int k, int half, Order order) {
        return switch (order) {
            case SIN_COS -> k;
            case COS_SIN -> half + k;
            case INTERLEAVED -> 2 * k;
        };
    }

    private static int cosIndex(int k, int half, Order order) {
        return switch (order) {
            case SIN_COS -> half + k;
            case COS_SIN -> k;
            case INTERLEAVED -> 2 * k + 1;
        };
    }
}
