package dev.hourglass.kernel.scalar;

import dev.hourglass.kernel.Resample;
import java.lang.foreign.MemorySegment;

/** The plain twin of {@link Resample}. */
public final class ScalarResample implements Resample {

    @Override
    public void nearest(
            MemorySegment x, MemorySegment y, int h, int w, int oh, int ow, int channels, int from, int to) {
        for (int n = from; n < to; n++) { // y [n, oh, ow, channels]
            for (int oy = 0; oy < oh; oy++) {
                for (int ox = 0; ox < ow; ox++) {
                    int iy = Resample.nearestSource(oy, h, oh);
                    int ix = Resample.nearestSource(ox, w, ow);
                    for (int c = 0; c < channels; c++) {
                        float value = Memory.get(x, (((long) n * h + iy) * w + ix) * channels + c);
                        Memory.set(y, (((long) n * oh + oy) * ow + ox) * channels + c, value);
                    }
                }
            }
        }
    }

    @Override
    public void nearestGradient(
            MemorySegment dy,
            MemorySegment dx,
            boolean accumulate,
            int h,
            int w,
            int oh,
            int ow,
            int channels,
            int from,
            int to) {
        for (int n = from; n < to; n++) { // dx [n, h, w, channels]
            for (int iy = 0; iy < h; iy++) {
                int top = Resample.firstReader(iy, h, oh);
                int bottom = Resample.firstReader(iy + 1, h, oh);
                for (int ix = 0; ix < w; ix++) {
                    int left = Resample.firstReader(ix, w, ow);
                    int right = Resample.firstReader(ix + 1, w, ow);
                    for (int c = 0; c < channels; c++) {
                        double sum = 0;
                        for (int oy = top; oy < bottom; oy++) {
                            for (int ox = left; ox < right; ox++) {
                                sum += Memory.get(dy, (((long) n * oh + oy) * ow + ox) * channels + c);
                            }
                        }
                        Memory.put(dx, (((long) n * h + iy) * w + ix) * channels + c, sum, accumulate);
                    }
                }
            }
        }
    }

    @Override
    public void fir(
            boolean halve,
            MemorySegment x,
            MemorySegment y,
            boolean accumulate,
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
                                int iy = Resample.firSource(halve, oy, i, h);
                                int ix = Resample.firSource(halve, ox, j, w);
                                if (iy >= 0 && ix >= 0) {
                                    long at = (((long) n * h + iy) * w + ix) * channels + c;
                                    sum += FIR[i] * FIR[j] * (double) Memory.get(x, at);
                                }
                            }
                        }
                        Memory.put(y, (((long) n * oh + oy) * ow + ox) * channels + c, scale * sum, accumulate);
                    }
                }
            }
        }
    }
}
