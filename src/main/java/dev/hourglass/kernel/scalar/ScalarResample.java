package dev.hourglass.kernel.scalar;

import dev.hourglass.kernel.Resample;
import java.lang.foreign.MemorySegment;

/** The plain twin of {@link Resample}. */
public final class ScalarResample implements Resample {

    @Override
    public void nearest(
            MemorySegment x,
            MemorySegment y,
            int yStride,
            int h,
            int w,
            int oh,
            int ow,
            int channels,
            int from,
            int to) {
        for (int row = from; row < to; row++) { // y [n, oh, ow, channels]
            int n = row / oh;
            int iy = Resample.nearestSource(row % oh, h, oh);
            for (int ox = 0; ox < ow; ox++) {
                int ix = Resample.nearestSource(ox, w, ow);
                for (int c = 0; c < channels; c++) {
                    float value = Memory.get(x, (((long) n * h + iy) * w + ix) * channels + c);
                    Memory.set(y, ((long) row * ow + ox) * yStride + c, value);
                }
            }
        }
    }

    @Override
    public void nearestGradient(
            MemorySegment dy,
            int dyStride,
            MemorySegment dx,
            boolean accumulate,
            int h,
            int w,
            int oh,
            int ow,
            int channels,
            int from,
            int to) {
        for (int row = from; row < to; row++) { // dx [n, h, w, channels]
            int n = row / h;
            int top = Resample.firstReader(row % h, h, oh);
            int bottom = Resample.firstReader(row % h + 1, h, oh);
            for (int ix = 0; ix < w; ix++) {
                int left = Resample.firstReader(ix, w, ow);
                int right = Resample.firstReader(ix + 1, w, ow);
                for (int c = 0; c < channels; c++) {
                    double sum = 0;
                    for (int oy = top; oy < bottom; oy++) {
                        for (int ox = left; ox < right; ox++) {
                            sum += Memory.get(dy, (((long) n * oh + oy) * ow + ox) * dyStride + c);
                        }
                    }
                    Memory.put(dx, ((long) row * w + ix) * channels + c, sum, accumulate);
                }
            }
        }
    }

    @Override
    public void fir(
            boolean halve,
            Border border,
            MemorySegment x,
            MemorySegment y,
            float scale,
            int h,
            int w,
            int oh,
            int ow,
            int channels,
            int from,
            int to) {
        for (int n = from; n < to; n++) { // y [n, oh, ow, channels]
            for (int oy = 0; oy < oh; oy++) {
                for (int ox = 0; ox < ow; ox++) {
                    for (int c = 0; c < channels; c++) {
                        double sum = 0;
                        for (int i = 0; i < FIR.length; i++) {
                            for (int j = 0; j < FIR.length; j++) {
                                int iy = Resample.firSource(halve, border, oy, i, h);
                                int ix = Resample.firSource(halve, border, ox, j, w);
                                if (iy >= 0 && ix >= 0) {
                                    long at = (((long) n * h + iy) * w + ix) * channels + c;
                                    sum += FIR[i] * FIR[j] * (double) Memory.get(x, at);
                                }
                            }
                        }
                        Memory.set(y, (((long) n * oh + oy) * ow + ox) * channels + c, scale * sum);
                    }
                }
            }
        }
    }

    @Override
    public void firGradient(
            boolean halve,
            Border border,
            MemorySegment dy,
            MemorySegment dx,
            boolean accumulate,
            float scale,
            int h,
            int w,
            int oh,
            int ow,
            int channels,
            int from,
            int to) {
        for (int n = from; n < to; n++) { // dx [n, h, w, channels]
            for (int iy = 0; iy < h; iy++) {
                for (int ix = 0; ix < w; ix++) {
                    for (int c = 0; c < channels; c++) {
                        double sum = 0;
                        for (int oy = firstReader(halve, iy); oy < Math.min(oh, readersEnd(halve, iy)); oy++) {
                            double factor = firFactor(halve, border, oy, iy, h);
                            for (int ox = firstReader(halve, ix); ox < Math.min(ow, readersEnd(halve, ix)); ox++) {
                                sum += factor
                                        * firFactor(halve, border, ox, ix, w)
                                        * Memory.get(dy, (((long) n * oh + oy) * ow + ox) * channels + c);
                            }
                        }
                        Memory.put(dx, (((long) n * h + iy) * w + ix) * channels + c, scale * sum, accumulate);
                    }
                }
            }
        }
    }

    /** No output before this one reads the input, mirrored or not. */
    private static int firstReader(boolean halve, int source) {
        return Math.max(0, halve ? source / 2 - 2 : 2 * source - 2);
    }

    /** Neither does this one, nor any after it. */
    private static int readersEnd(boolean halve, int source) {
        return halve ? source / 2 + 3 : 2 * source + 6;
    }

    /** How much of input {@code source} is in output {@code index}, along one axis. */
    private static double firFactor(boolean halve, Border border, int index, int source, int inLength) {
        double factor = 0;
        for (int i = 0; i < FIR.length; i++) {
            factor += Resample.firSource(halve, border, index, i, inLength) == source ? FIR[i] : 0;
        }
        return factor;
    }
}
