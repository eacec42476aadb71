package dev.hourglass.kernel;

import java.lang.foreign.MemorySegment;

/** Resizing to a given size. */
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

    /** The filter of {@link #fir} along one axis, before it is scaled. */
    int[] FIR = {1, 3, 3, 1};

    /** What {@link #fir} finds outside of an image. */
    enum Border {
        /** Zeros, as StyleGAN2 has it. */
        ZEROS,
        /** The image once more, mirrored at its outermost pixels: PyTorch's {@code reflect}. Sides are at least 2. */
        MIRROR
    }

    /**
     * Half or twice the size through the filter {@link #FIR} (StyleGAN2's {@code upfirdn2d}, arXiv 1912.04958):
     * {@code y[n, oy, ox] = scale * sum over i, j of FIR[i] FIR[j] x[n, source(oy, i), source(ox, j)]} with {@link #firSource}. An even
     * image keeps its brightness with {@code scale = 1 / 64} when it is halved and {@code 1 / 16} when it is doubled.
     *
     * @param halve whether the size is halved
     * @param from the first image
     * @param to the image after the last
     */
    void fir(
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
            int to);

    /** The adjoint of {@link #fir}: each output's gradient goes back to the inputs that it read; {@code from} and {@code to} count images. */
    void firGradient(
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
            int to);

    /** The input that output {@code index} of {@link #fir} reads through element {@code i} of the filter, -1 for none. */
    static int firSource(boolean halve, Border border, int index, int i, int inLength) {
        int source = halve ? 2 * index + i - 1 : index + 1 - i;
        if (!halve) {
            if (source % 2 != 0) {
                return -1;
            }
            source /= 2;
        }
        if (source >= 0 && source < inLength) {
            return source;
        }
        return border == Border.ZEROS ? -1 : source < 0 ? -source : 2 * (inLength - 1) - source;
    }

    /**
     * {@code y[n, oy, ox] = x[n, source(oy), source(ox)]}, from {@code [N, h, w, channels]} to {@code [N, oh, ow, channels]}.
     *
     * @param yStride floats from one output pixel to the next, at least {@code channels}
     * @param from the first row of the output, of all images' rows
     * @param to the row after the last
     */
    void nearest(
            MemorySegment x,
            MemorySegment y,
            int yStride,
            int h,
            int w,
            int oh,
            int ow,
            int channels,
            int from,
            int to);

    /**
     * Sums the output gradients over the outputs that read each input.
     *
     * @param dyStride floats from one output pixel to the next, at least {@code channels}
     * @param from the first row of the input, of all images' rows
     * @param to the row after the last
     */
    void nearestGradient(
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
            int to);
}
