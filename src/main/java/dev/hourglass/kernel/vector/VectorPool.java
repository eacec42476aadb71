package dev.hourglass.kernel.vector;

import dev.hourglass.kernel.Pool;
import java.lang.foreign.MemorySegment;

/** The vector twin of {@link Pool}: vectors along the channels of one pixel. */
public final class VectorPool implements Pool {

    @Override
    public void average(
            MemorySegment x, MemorySegment y, int h, int w, int channels, int kernel, int stride, int from, int to) {
        int oh = Pool.outputLength(h, kernel, stride);
        int ow = Pool.outputLength(w, kernel, stride);
        long pixel = (long) channels * Float.BYTES;
        float share = 1f / (kernel * kernel);
        for (int n = from; n < to; n++) { // y [oh, ow, channels]
            long xs = Memory.address(x, (long) n * h * w * channels, (long) h * w * channels);
            long ys = Memory.address(y, (long) n * oh * ow * channels, (long) oh * ow * channels);
            for (int oy = 0; oy < oh; oy++) {
                for (int ox = 0; ox < ow; ox++) {
                    long corner = xs + ((long) oy * stride * w + (long) ox * stride) * pixel;
                    long out = ys + ((long) oy * ow + ox) * pixel;
                    WindowSum.sum(corner, kernel, w * pixel, kernel, pixel, share, out, channels, false);
                }
            }
        }
    }

    @Override
    public void averageGradient(
            MemorySegment dy,
            MemorySegment dx,
            boolean accumulate,
            int h,
            int w,
            int channels,
            int kernel,
            int stride,
            int from,
            int to) {
        int oh = Pool.outputLength(h, kernel, stride);
        int ow = Pool.outputLength(w, kernel, stride);
        long pixel = (long) channels * Float.BYTES;
        float share = 1f / (kernel * kernel);
        for (int n = from; n < to; n++) { // dx [h, w, channels]
            long dys = Memory.address(dy, (long) n * oh * ow * channels, (long) oh * ow * channels);
            long dxs = Memory.address(dx, (long) n * h * w * channels, (long) h * w * channels);
            for (int iy = 0; iy < h; iy++) {
                int top = Pool.firstWindow(iy, kernel, stride);
                int rows = Math.min(iy / stride, oh - 1) - top + 1;
                for (int ix = 0; ix < w; ix++) {
                    int left = Pool.firstWindow(ix, kernel, stride);
                    int columns = Math.min(ix / stride, ow - 1) - left + 1;
                    long corner = dys + ((long) top * ow + left) * pixel;
                    long out = dxs + ((long) iy * w + ix) * pixel;
                    WindowSum.sum(corner, rows, ow * pixel, columns, pixel, share, out, channels, accumulate);
                }
            }
        }
    }
}
