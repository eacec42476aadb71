package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import dev.hourglass.memory.DType;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * A set of images of one size as raw bytes, {@code [N, H, W, C]}, each 0 (black) to 255, off the heap. Who gets one
 * closes it.
 */
public final class ImageBytes implements AutoCloseable {

    /** The longest side of an image that is read, in pixels. */
    public static final int LONGEST_SIDE = 16_384;

    private final Slab slab;
    private final Shape shape;

    private ImageBytes(Slab slab, Shape shape) {
        this.slab = slab;
        this.shape = shape;
    }

    /**
     * Makes room for images, all black.
     *
     * @throws HourglassException when a length is below 1 or there is too little memory
     */
    public static ImageBytes open(int count, int height, int width, int channels) {
        Shape shape = Shape.of(count, height, width, channels);
        return new ImageBytes(Slab.open("images " + shape, shape.elements()), shape);
    }

    /** How many images there are. */
    public int count() {
        return shape.dim(0);
    }

    /** Rows of an image. */
    public int height() {
        return shape.dim(1);
    }

    /** Columns of an image. */
    public int width() {
        return shape.dim(2);
    }

    /** 1 for gray, 3 for red, green and blue. */
    public int channels() {
        return shape.dim(3);
    }

    /** The bytes of one image. */
    public int imageBytes() {
        return Math.multiplyExact(Math.multiplyExact(height(), width()), channels());
    }

    /** All pixels, {@code count * height * width * channels} bytes in that order. */
    public MemorySegment pixels() {
        return slab.slice(0, shape.elements());
    }

    /** The pixels of one image, {@code [H, W, C]}. */
    public MemorySegment image(int index) {
        return slab.slice((long) index * imageBytes(), imageBytes());
    }

    /** All pixels as a tensor {@code [N, H, W, C]} of bytes. */
    public Tensor tensor() {
        return new Tensor(pixels(), shape, DType.U8);
    }

    /** Gives the memory back. Closing twice is harmless. */
    @Override
    public void close() {
        slab.close();
    }
}
