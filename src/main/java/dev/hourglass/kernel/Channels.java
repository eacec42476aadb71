package dev.hourglass.kernel;

import java.lang.foreign.MemorySegment;

/** Operations along the channel axis of {@code [.., channels]} tensors. */
public interface Channels {

    /**
     * Copies {@code channels} channels of pixels {@code from} to {@code to} between tensors of different widths: both directions of a
     * concatenation. Strides are floats from pixel to pixel, offsets the first channel.
     */
    void copy(
            MemorySegment x,
            int xStride,
            int xOffset,
            MemorySegment y,
            int yStride,
            int yOffset,
            int channels,
            boolean accumulate,
            long from,
            long to);

    /** {@code y[n, p, c] = x[n, p, c] + shift[n, c]}; {@code from} and {@code to} count images of {@code pixels} pixels. */
    void shift(MemorySegment x, MemorySegment shift, MemorySegment y, int pixels, int channels, int from, int to);

    /** {@code dshift[n, c] (+)= sum over p of dy[n, p, c]}; {@code from} and {@code to} count images. */
    void shiftGradient(
            MemorySegment dy, MemorySegment dshift, boolean accumulate, int pixels, int channels, int from, int to);
}
