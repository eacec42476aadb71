package dev.hourglass.kernel;

import dev.hourglass.error.HourglassException;

/**
 * All the numbers of a 2-D convolution, in a form that is closed under taking the adjoint. Output pixel {@code (oy, ox)} and tap
 * {@code (i, j)} read input row {@code (oy * strideH + i * dilationH - padTop) / upH}, and nothing where that does not divide evenly
 * or leaves the image; columns likewise. A forward convolution has {@code up = 1}; the gradient of its input is the convolution with
 * {@code up = stride} and {@code stride = 1} ({@link #adjoint}).
 *
 * <p>As a matrix product: {@code rows = n * oh * ow} output pixels by {@code depth = kh * kw * cin} by {@code cout}.
 *
 * @param n images
 * @param h input height
 * @param w input width
 * @param cin input channels
 * @param xStride floats from one input pixel to the next, at least {@code cin}
 * @param oh output height
 * @param ow output width
 * @param cout output channels
 * @param yStride floats from one output pixel to the next, at least {@code cout}
 * @param kh kernel height
 * @param kw kernel width
 * @param strideH rows between output pixels
 * @param strideW columns between output pixels
 * @param padTop zero rows above; negative crops
 * @param padLeft zero columns on the left; negative crops
 * @param dilationH rows between taps
 * @param dilationW columns between taps
 * @param upH zero rows inserted between input rows, plus one
 * @param upW zero columns inserted between input columns, plus one
 */
public record Conv2dGeometry(
        int n,
        int h,
        int w,
        int cin,
        int xStride,
        int oh,
        int ow,
        int cout,
        int yStride,
        int kh,
        int kw,
        int strideH,
        int strideW,
        int padTop,
        int padLeft,
        int dilationH,
        int dilationW,
        int upH,
        int upW) {

    /** A forward convolution over dense pixels. The output size follows PyTorch's rule and must come out at least 1x1. */
    public static Conv2dGeometry of(
            int n, int h, int w, int cin, int cout, int kh, int kw, Window height, Window width) {
        return new Conv2dGeometry(
                n,
                h,
                w,
                cin,
                cin,
                outputLength(h, kh, height),
                outputLength(w, kw, width),
                cout,
                cout,
                kh,
                kw,
                height.stride(),
                width.stride(),
                height.before(),
                width.before(),
                height.dilation(),
                width.dilation(),
                1,
                1);
    }

    /** A linear layer: a 1x1 convolution of {@code rows} images of one pixel. */
    public static Conv2dGeometry linear(int rows, int in, int out) {
        return of(rows, 1, 1, in, out, 1, 1, Window.NONE, Window.NONE);
    }

    /**
     * How a kernel slides along one axis.
     *
     * @param stride step between outputs, at least 1
     * @param before zeros before the first element
     * @param after zeros after the last element
     * @param dilation step between taps, at least 1
     */
    public record Window(int stride, int before, int after, int dilation) {

        /** One step at a time, no padding, dense taps. */
        public static final Window NONE = new Window(1, 0, 0, 1);

        /** Stride 1 with the same padding on both sides. */
        public static Window padded(int padding) {
            return new Window(1, padding, padding, 1);
        }
    }

    /** {@code floor((length + padding - dilation * (kernel - 1) - 1) / stride) + 1}, as in PyTorch's Conv2d. */
    public static int outputLength(int length, int kernel, Window window) {
        int reach = window.dilation() * (kernel - 1) + 1;
        int padded = length + window.before() + window.after();
        if (padded < reach) {
            throw HourglassException.what("the convolution's kernel is larger than the padded image")
                    .expected("at least " + reach + " rows and columns")
                    .found(padded)
                    .mend("use a larger image or more padding")
                    .build();
        }
        return (padded - reach) / window.stride() + 1;
    }

    /** The convolution that computes the gradient of this one's input from the gradient of its output, with flipped kernels. */
    public Conv2dGeometry adjoint() {
        return new Conv2dGeometry(
                n,
                oh,
                ow,
                cout,
                yStride,
                h,
                w,
                cin,
                xStride,
                kh,
                kw,
                upH,
                upW,
                dilationH * (kh - 1) - padTop,
                dilationW * (kw - 1) - padLeft,
                dilationH,
                dilationW,
                strideH,
                strideW);
    }

    /** The same convolution on channels that lie in wider pixels: a group of channels, or part of a concatenation. */
    public Conv2dGeometry withStrides(int xStride, int yStride) {
        return new Conv2dGeometry(
                n, h, w, cin, xStride, oh, ow, cout, yStride, kh, kw, strideH, strideW, padTop, padLeft, dilationH,
                dilationW, upH, upW);
    }

    /** The same convolution of another number of images. */
    public Conv2dGeometry withImages(int n) {
        return new Conv2dGeometry(
                n, h, w, cin, xStride, oh, ow, cout, yStride, kh, kw, strideH, strideW, padTop, padLeft, dilationH,
                dilationW, upH, upW);
    }

    /** Output pixels over the whole batch: rows of the matrix product. */
    public int rows() {
        return Math.multiplyExact(n, Math.multiplyExact(oh, ow));
    }

    /** Values that one output is a sum of: depth of the matrix product. */
    public int depth() {
        return kh * kw * cin;
    }

    /** Multiply-adds of the whole batch. */
    public long multiplyAdds() {
        return (long) rows() * depth() * cout;
    }

    /** The input row that output row {@code oy} reads through tap {@code i}, or -1 for none. */
    public int inputRow(int oy, int i) {
        return source(oy * strideH + i * dilationH - padTop, upH, h);
    }

    /** The input column that output column {@code ox} reads through tap {@code j}, or -1 for none. */
    public int inputColumn(int ox, int j) {
        return source(ox * strideW + j * dilationW - padLeft, upW, w);
    }

    private static int source(int position, int up, int length) {
        if (up == 1) {
            // the common case, without the divisions, which would cost more than copying what is found there
            return position >= 0 && position < length ? position : -1;
        }
        if (position < 0 || position % up != 0) {
            return -1;
        }
        int index = position / up;
        return index < length ? index : -1;
    }
}
