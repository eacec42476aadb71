package dev.hourglass.kernel.vector;

import dev.hourglass.kernel.Resample;
import java.lang.foreign.MemorySegment;

/** The vector twin of {@link Resample}: vectors along the channels of one pixel. */
public final class VectorResample implements Resample {

    @Override
    public void nearest(
            MemorySegment x, MemorySegment y, int h, int w, int oh, int ow, int channels, int from, int to) {
        long pixel = (long) channels * Float.BYTES;
        for (int n = from; n < to; n++) { // y [oh, ow, channels]
            long xs = Memory.address(x, (long) n * h * w * channels, (long) h * w * channels);
            long ys = Memory.address(y, (long) n * oh * ow * channels, (long) oh * ow * channels);
            for (int oy = 0; oy < oh; oy++) {
                long xRow = xs + (long) Resample.nearestSource(oy, h, oh) * w * pixel;
                long yRow = ys + (long) oy * ow * pixel;
                for (int ox = 0; ox < ow; ox++) {
                    Rows.copy(xRow + Resample.nearestSource(ox, w, ow) * pixel, yRow + ox * pixel, channels);
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
        long pixel = (long) channels * Float.BYTES;
        for (int n = from; n < to; n++) { // dx [h, w, channels]
            long dys = Memory.address(dy, (long) n * oh * ow * channels, (long) oh * ow * channels);
            long dxs = Memory.address(dx, (long) n * h * w * channels, (long) h * w * channels);
            int top = 0;
            for (int iy = 0; iy < h; iy++) {
                int bottom = Resample.firstReader(iy + 1, h, oh);
                int left = 0;
                for (int ix = 0; ix < w; ix++) {
                    int right = Resample.firstReader(ix + 1, w, ow);
                    long corner = dys + ((long) top * ow + left) * pixel;
                    long out = dxs + ((long) iy * w + ix) * pixel;
                    WindowSum.sum(corner, bottom - top, ow * pixel, right - left, pixel, 1, out, channels, accumulate);
                    left = right;
                }
                top = bottom;
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
        for (int n = from; n < to; n++) { // y [oh, ow, channels]
            long xs = Memory.address(x, (long) n * h * w * channels, (long) h * w * channels);
            long ys = Memory.address(y, (long) n * oh * ow * channels, (long) oh * ow * channels);
            zero(ys, oh * ow, channels);
            filter(halve, border, false, xs, ys, scale, h, w, oh, ow, channels);
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
        for (int n = from; n < to; n++) { // dy [oh, ow, channels]
            long dys = Memory.address(dy, (long) n * oh * ow * channels, (long) oh * ow * channels);
            long dxs = Memory.address(dx, (long) n * h * w * channels, (long) h * w * channels);
            if (!accumulate) {
                zero(dxs, h * w, channels);
            }
            filter(halve, border, true, dxs, dys, scale, h, w, oh, ow, channels);
        }
    }

    private static void zero(long image, int pixels, int channels) {
        for (int p = 0; p < pixels; p++) {
            Rows.zero(image + (long) p * channels * Float.BYTES, channels);
        }
    }

    /**
     * Adds each input of one image, times its factor, to the outputs that read it, or with {@code back} each output to the inputs that it
     * reads.
     */
    private static void filter(
            boolean halve,
            Border border,
            boolean back,
            long inputs,
            long outputs,
            float scale,
            int h,
            int w,
            int oh,
            int ow,
            int channels) {
        long pixel = (long) channels * Float.BYTES;
        for (int oy = 0; oy < oh; oy++) {
            for (int ox = 0; ox < ow; ox++) {
                long out = outputs + ((long) oy * ow + ox) * pixel;
                for (int i = 0; i < FIR.length; i++) {
                    int iy = Resample.firSource(halve, border, oy, i, h);
                    for (int j = 0; j < FIR.length && iy >= 0; j++) {
                        int ix = Resample.firSource(halve, border, ox, j, w);
                        if (ix >= 0) {
                            long in = inputs + ((long) iy * w + ix) * pixel;
                            Rows.addScaled(back ? out : in, scale * FIR[i] * FIR[j], back ? in : out, channels);
                        }
                    }
                }
            }
        }
    }
}
