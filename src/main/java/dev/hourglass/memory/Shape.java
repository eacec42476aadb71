package dev.hourglass.memory;

import dev.hourglass.error.HourglassException;
import java.util.Arrays;

/**
 * The lengths of a tensor's axes, outermost first; the last axis is contiguous in memory. Inside the engine images are
 * {@code [N, H, W, C]}; at the public face and in files they are {@code [N, C, H, W]}.
 */
public final class Shape {

    private final int[] dims;
    private final long elements;

    private Shape(int[] dims) {
        long product = 1;
        for (int dim : dims) {
            if (dim < 1) {
                throw HourglassException.what("a tensor axis is shorter than 1")
                        .expected("every length at least 1")
                        .found(Arrays.toString(dims))
                        .mend("check batch, height, width and channels")
                        .build();
            }
            try {
                product = Math.multiplyExact(product, dim);
            } catch (ArithmeticException e) {
                throw HourglassException.what("a tensor has more elements than can be counted")
                        .found(Arrays.toString(dims))
                        .mend("use a smaller batch or image")
                        .build();
            }
        }
        this.dims = dims;
        this.elements = product;
    }

    /** A shape with these axis lengths, each at least 1. */
    public static Shape of(int... dims) {
        return new Shape(dims.clone());
    }

    /** The number of axes. */
    public int rank() {
        return dims.length;
    }

    /** The length of axis {@code axis}; negative axes count from the end. */
    public int dim(int axis) {
        return dims[axis < 0 ? dims.length + axis : axis];
    }

    /** The number of elements. */
    public long elements() {
        return elements;
    }

    /** The bytes of a float32 tensor of this shape. */
    public long floatBytes() {
        return elements * Float.BYTES;
    }

    /** The axis lengths, as a fresh array. */
    public int[] toArray() {
        return dims.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /** As PyTorch prints it: {@code [2, 28, 28, 1]}. */
    @Override
    public String toString() {
        return Arrays.toString(dims);
    }
}
