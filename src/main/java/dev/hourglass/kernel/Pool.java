package dev.hourglass.kernel;

import java.lang.foreign.MemorySegment;

/** Average pooling without padding; {@code from} and {@code to} count images. An incomplete window at the edge is dropped (floor). */
public interface Pool {

    /** {@code floor((length - kernel) / stride) + 1}: the rule of the output's height and width. */
    static int outputLength(int length, int kernel, int stride) {
        return (length - kernel) / stride + 1;
    }

    /** The first window that an input row or column lies in; the last is {@code index / stride}, or the last window there is. */
    static int firstWindow(int index, int kernel, int stride) {
        return index < kernel ? 0 : (index - kernel) / stride + 1;
    }

    /** {@code y[n, oy, ox, c]} is the mean of the {@code kernel x kernel} window of {@code x [N, h, w, channels]}. */
    void average(
            MemorySegment x, MemorySegment y, int h, int w, int channels, int kernel, int stride, int from, int to);

    /** Spreads each output gradient evenly over its window; pixels in no window get 0. */
    void averageGradient(
            MemorySegment dy,
            MemorySegment dx,
            boolean accumulate,
            int h,
            int w,
            int channels,
            int kernel,
            int stride,
            int from,
            int to);
}
