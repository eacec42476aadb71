package dev.hourglass.kernel.vector;

import dev.hourglass.kernel.Resample;
import java.lang.foreign.MemorySegment;

/** The vector twin of {@link Resample}: vectors along the channels of one pixel. */
public final class VectorResample implements Resample {

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
        long xPixel = (long) channels * Float.BYTES;
        long yPixel = (long) yStride * Float.BYTES;
        for (int row = from; row < to; row++) { // y [n, oh, ow, channels]
            long source = (long) (row / oh) * h + Resample.nearestSource(row % oh, h, oh);
            long xRow = Memory.address(x, source * w * channels, (long) w * channels);
            long yRow = Memory.address(y, (long) row * ow * yStride, (ow - 1L) * yStride + channels);
            for (int ox = 0; ox < ow; ox++) {
                Rows.copy(xRow + Resample.nearestSource(ox, w, ow) * xPixel, yRow + ox * yPixel, channels);
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
        long pixel = (long) dyStride * Float.BYTES;
        for (int row = from; row < to; row++) { // dx [n, h, w, channels]
            int top = Resample.firstReader(row % h, h, oh);
            int rows = Resample.firstReader(row % h + 1, h, oh) - top;
            long dyImage = Memory.address(
                    dy, (long) (row / h) * oh * ow * dyStride, ((long) oh * ow - 1) * dyStride + channels);
            long dyRows = dyImage + (long) top * ow * pixel;
            long dxRow = Memory.address(dx, (long) row * w * channels, (long) w * channels);
            int left = 0;
            for (int ix = 0; ix < w; ix++) {
                int right = Resample.firstReader(ix + 1, w, ow);
                long out = dxRow + (long) ix * channels * Float.BYTES;
                WindowSum.sum(
                        dyRows + left * pixel, rows, ow * pixel, right - left, pixel, 1, out, channels, accumulate);
                left = right;
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
