package dev.hourglass.kernel;

import java.lang.foreign.MemorySegment;

/** Resizing to a given size; {@code from} and {@code to} count images. */
public interface Resample {

    /**
     * The input index that PyTorch's {@code interpolate(mode="nearest", size=...)} reads for output index {@code index}: the product
     * with the scale is rounded to float32 as it is there, so that odd ratios agree to the last pixel.
     */
    static int nearestSource(int index, int inLength, int outLength) {
        float scale = (float) inLength / outLength;
        return Math.min((int) Math.floor(index * scale), inLength - 1);
    }

    /**
     * The first output index that reads input index {@code index} or one after it, {@code outLength} when there is none: input
     * {@code i} is read by the outputs from {@code firstReader(i)} to {@code firstReader(i + 1)}, of which there may be none.
     */
    static int firstReader(int index, int inLength, int outLength) {
        int reader = Math.clamp((long) index * outLength / inLength, 0, outLength);
        while (reader > 0 && nearestSource(reader - 1, inLength, outLength) >= index) {
            reader--;
        }
        while (reader < outLength && nearestSource(reader, inLength, outLength) < index) {
            reader++;
        }
        return reader;
    }

    /** {@code y[n, oy, ox] = x[n, source(oy), source(ox)]}, from {@code [N, h, w, channels]} to {@code [N, oh, ow, channels]}. */
    void nearest(MemorySegment x, MemorySegment y, int h, int w, int oh, int ow, int channels, int from, int to);

    /** Sums the output gradients over the outputs that read each input. */
    void nearestGradient(
            MemorySegment dy,
            MemorySegment dx,
            boolean accumulate,
            int h,
            int w,
            int oh,
            int ow,
            int channels,
            int from,
            int to);
}
