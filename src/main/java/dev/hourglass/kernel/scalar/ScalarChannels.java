package dev.hourglass.kernel.scalar;

import dev.hourglass.kernel.Channels;
import java.lang.foreign.MemorySegment;

/** The plain twin of {@link Channels}. */
public final class ScalarChannels implements Channels {

    @Override
    public void copy(
            MemorySegment x,
            int xStride,
            int xOffset,
            MemorySegment y,
            int yStride,
            int yOffset,
            int channels,
            boolean accumulate,
            long from,
            long to) {
        for (long p = from; p < to; p++) {
            for (int c = 0; c < channels; c++) {
                Memory.put(y, p * yStride + yOffset + c, Memory.get(x, p * xStride + xOffset + c), accumulate);
            }
        }
    }

    @Override
    public void shift(
            MemorySegment x, MemorySegment shift, MemorySegment y, int pixels, int channels, int from, int to) {
        for (int n = from; n < to; n++) {
            for (int p = 0; p < pixels; p++) {
                for (int c = 0; c < channels; c++) {
                    long i = ((long) n * pixels + p) * channels + c;
                    Memory.set(y, i, (double) Memory.get(x, i) + Memory.get(shift, (long) n * channels + c));
                }
            }
        }
    }

    @Override
    public void shiftGradient(
            MemorySegment dy, MemorySegment dshift, boolean accumulate, int pixels, int channels, int from, int to) {
        for (int n = from; n < to; n++) {
            for (int c = 0; c < channels; c++) {
                double sum = 0;
                for (int p = 0; p < pixels; p++) {
                    sum += Memory.get(dy, ((long) n * pixels + p) * channels + c);
                }
                Memory.put(dshift, (long) n * channels + c, sum, accumulate);
            }
        }
    }

    @Override
    public void scaleShift(
            MemorySegment x, MemorySegment scaleShift, MemorySegment y, int pixels, int channels, int from, int to) {
        for (int n = from; n < to; n++) {
            for (int p = 0; p < pixels; p++) {
                for (int c = 0; c < channels; c++) {
                    long i = ((long) n * pixels + p) * channels + c;
                    double factor = 1.0 + scale(scaleShift, n, c, channels);
                    double shift = Memory.get(scaleShift, (2L * n + 1) * channels + c);
                    Memory.set(y, i, Memory.get(x, i) * factor + shift);
                }
            }
        }
    }

    @Override
    public void scaleShiftInputGradient(
            MemorySegment dy,
            MemorySegment scaleShift,
            MemorySegment dx,
            boolean accumulate,
            int pixels,
            int channels,
            int from,
            int to) {
        for (int n = from; n < to; n++) {
            for (int p = 0; p < pixels; p++) {
                for (int c = 0; c < channels; c++) {
                    long i = ((long) n * pixels + p) * channels + c;
                    Memory.put(dx, i, Memory.get(dy, i) * (1.0 + scale(scaleShift, n, c, channels)), accumulate);
                }
            }
        }
    }

    @Override
    public void scaleShiftGradient(
            MemorySegment x,
            MemorySegment dy,
            MemorySegment dscaleShift,
            boolean accumulate,
            int pixels,
            int channels,
            int from,
            int to) {
        for (int n = from; n < to; n++) {
            for (int c = 0; c < channels; c++) {
                double products = 0;
                double sum = 0;
                for (int p = 0; p < pixels; p++) {
                    long i = ((long) n * pixels + p) * channels + c;
                    products += (double) Memory.get(dy, i) * Memory.get(x, i);
                    sum += Memory.get(dy, i);
                }
                Memory.put(dscaleShift, 2L * n * channels + c, products, accumulate);
                Memory.put(dscaleShift, (2L * n + 1) * channels + c, sum, accumulate);
            }
        }
    }

    private static double scale(MemorySegment scaleShift, int n, int c, int channels) {
        return Memory.get(scaleShift, 2L * n * channels + c);
    }
}
