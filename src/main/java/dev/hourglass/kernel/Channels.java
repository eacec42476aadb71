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

    /**
     * {@code y[n, p, c] = x[n, p, c] * (1 + scaleShift[n, c]) + scaleShift[n, channels + c]}; {@code from} and {@code to} count images of
     * {@code pixels} pixels.
     */
    void scaleShift(
            MemorySegment x, MemorySegment scaleShift, MemorySegment y, int pixels, int channels, int from, int to);

    /** {@code dx (+)= dy * (1 + scale)}; {@code from} and {@code to} count images. */
    void scaleShiftInputGradient(
            MemorySegment dy,
            MemorySegment scaleShift,
            MemorySegment dx,
            boolean accumulate,
            int pixels,
            int channels,
            int from,
            int to);

    /**
     * The gradient of {@code scaleShift [N, 2, channels]}: sums over pixels of {@code dy * x} and of {@code dy}; {@code from} and
     * {@code to} count images.
     */
    void scaleShiftGradient(
            MemorySegment x,
            MemorySegment dy,
            MemorySegment dscaleShift,
            boolean accumulate,
            int pixels,
            int channels,
            int from,
            int to);

    /** {@code dshift[n, c] (+)= sum over p of dy[n, p, c]}; {@code from} and {@code to} count images. */
    void shiftGradient(
            MemorySegment dy, MemorySegment dshift, boolean accumulate, int pixels, int channels, int from, int to);
}
