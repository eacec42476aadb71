package dev.hourglass.kernel.scalar;

import dev.hourglass.kernel.Pool;
import java.lang.foreign.MemorySegment;

/** The plain twin of {@link Pool}. */
public final class ScalarPool implements Pool {

    @Override
    public void average(
            MemorySegment x, MemorySegment y, int h, int w, int channels, int kernel, int stride, int from, int to) {
        int oh = Pool.outputLength(h, kernel, stride);
        int ow = Pool.outputLength(w, kernel, stride);
        for (int n = from; n < to; n++) { // y [n, oh, ow, channels]
            for (int oy = 0; oy < oh; oy++) {
                for (int ox = 0; ox < ow; ox++) {
                    for (int c = 0; c < channels; c++) {
                        double sum = 0;
                        for (int iy = oy * stride; iy < oy * stride + kernel; iy++) {
                            for (int ix = ox * stride; ix < ox * stride + kernel; ix++) {
                                sum += Memory.get(x, (((long) n * h + iy) * w + ix) * channels + c);
                            }
                        }
                        Memory.set(
                                y, (((long) n * oh + oy) * ow + ox) * channels + c, sum / ((double) kernel * kernel));
                    }
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
        for (int n = from; n < to; n++) { // dx [n, h, w, channels]
            for (int iy = 0; iy < h; iy++) {
                for (int ix = 0; ix < w; ix++) {
                    for (int c = 0; c < channels; c++) {
                        double sum = 0;
                        for (int oy = Pool.firstWindow(iy, kernel, stride); oy <= Math.min(iy / stride, oh - 1); oy++) {
                            for (int ox = Pool.firstWindow(ix, kernel, stride);
                                    ox <= Math.min(ix / stride, ow - 1);
                                    ox++) {
                                sum += Memory.get(dy, (((long) n * oh + oy) * ow + ox) * channels + c);
                            }
                        }
                        double mean = sum / ((double) kernel * kernel);
                        Memory.put(dx, (((long) n * h + iy) * w + ix) * channels + c, mean, accumulate);
                    }
                }
            }
        }
    }
}
