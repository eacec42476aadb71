package dev.hourglass.kernel;

import java.lang.foreign.MemorySegment;

/**
 * 2-D convolution (cross-correlation, as in PyTorch) as im2col and a matrix product, for any kernel, stride, padding and dilation;
 * a linear layer is its 1x1 case. Weights are {@code [kh, kw, cin, cout]}: a matrix of {@code depth} rows by {@code cout}.
 *
 * <p>Work comes in items whose number depends on the shape alone; the result of an item does not depend on the others.
 */
public interface Conv2d {

    /**
     * The same, as it suits one program best. Weights that it packs are for itself and one geometry alone.
     *
     * @param threads how many threads forward passes are cut into items for; the results do not depend on it
     * @param training whether the algorithm may depend on the number of images, too: in inference an image's output must not depend on
     *     the batch around it
     */
    default Conv2d suited(int threads, boolean training) {
        return this;
    }

    /** What weights are rounded to when they are packed; biases stay as they are. */
    WeightFormat weights();

    /** Bytes of weights and bias in the form that {@link #forward} reads. */
    long packedBytes(Conv2dGeometry g);

    /** The number of items {@link #pack} is split into. */
    int packItems(Conv2dGeometry g);

    /**
     * One item of bringing weights {@code [depth, cout]} and bias {@code [cout]} into the form that {@link #forward} reads.
     *
     * @param bias {@code null} for none
     */
    void pack(
            Conv2dGeometry g,
            MemorySegment weight,
            MemorySegment bias,
            MemorySegment packed,
            MemorySegment workspace,
            int item);

    /**
     * One item, of {@code packItems(adjoint)}, of bringing the weights of a convolution into the form that {@link #forward} reads for its
     * adjoint: taps flipped, channels swapped, no bias.
     *
     * @param adjoint {@link Conv2dGeometry#adjoint} of the convolution
     * @param weight the convolution's, {@code [kh, kw, adjoint.cout, adjoint.cin]}
     * @param packed {@code packedBytes(adjoint)} bytes
     */
    void packAdjoint(Conv2dGeometry g, MemorySegment weight, MemorySegment packed, MemorySegment workspace, int item);

    /** Bytes of scratch memory that each worker needs for any method of this geometry. */
    long workspaceBytes(Conv2dGeometry g);

    /** The number of items {@link #forward} is split into. */
    int forwardItems(Conv2dGeometry g);

    /**
     * One item of {@code y = conv(x, weight) + bias (+ shift) (+ addend)}; also computes input gradients, on the adjoint geometry.
     *
     * @param x {@code [n, h, w, cin]} with {@code xStride} floats a pixel
     * @param packed weights and bias from {@link #pack} or {@link #packAdjoint}
     * @param shift {@code [n, cout]}, added to every pixel of an image; {@code null} for none
     * @param addend {@code [n, oh, ow, cout]} with {@code yStride} floats a pixel, {@code null} for none; may be {@code y}
     * @param y {@code [n, oh, ow, cout]} with {@code yStride} floats a pixel
     */
    void forward(
            Conv2dGeometry g,
            MemorySegment x,
            MemorySegment packed,
            MemorySegment shift,
            MemorySegment addend,
            MemorySegment y,
            MemorySegment workspace,
            int item);

    /** The number of items {@link #weightGradient} is split into. */
    int gradientItems(Conv2dGeometry g);

    /** Bytes of the partial sums that the items of {@link #weightGradient} leave behind. */
    long gradientPartialBytes(Conv2dGeometry g);

    /** One item of the gradients of weight and bias, into its own part of {@code partials}. */
    void weightGradient(
            Conv2dGeometry g,
            MemorySegment x,
            MemorySegment dy,
            MemorySegment partials,
            MemorySegment workspace,
            int item);

    /** The number of items {@link #reduceGradient} is split into. */
    int reduceItems(Conv2dGeometry g);

    /**
     * One item of adding the partial sums up, in an order that is fixed by the shape, to the weight gradient {@code [depth, cout]} and,
     * unless {@code dbias} is {@code null}, the bias gradient {@code [cout]}.
     */
    void reduceGradient(
            Conv2dGeometry g,
            MemorySegment partials,
            MemorySegment dweight,
            MemorySegment dbias,
            boolean accumulate,
            MemorySegment workspace,
            int item);
}
