package dev.hourglass.cli;

import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ImageLayout;
import dev.hourglass.io.Images;
import dev.hourglass.memory.Shape;
import java.awt.image.BufferedImage;

/** Pictures of many images side by side, enlarged where they are as small as MNIST's. */
final class Pictures {

    private static final int SIDE = 84;

    private Pictures() {}

    /** A picture of a row for every {@code columns} images {@code [N, H, W, C]}. */
    static BufferedImage grid(float[] images, Shape shape, int columns) {
        int scale = scale(shape);
        return Images.grid(images, shape, ImageLayout.NHWC, columns, scale, scale);
    }

    /** A picture of about as many rows as columns. */
    static BufferedImage square(float[] images, Shape shape) {
        return grid(images, shape, columns(shape));
    }

    /** Throws when images of this shape are no pictures, or a square of them would be too large: before they are drawn. */
    static void requireDrawable(Shape shape) {
        if (shape.dim(3) != 1 && shape.dim(3) != 3) {
            throw HourglassException.what("what the model draws is no picture")
                    .where("MODEL_DIR")
                    .expected("1 channel (gray) or 3 (red, green, blue), or a pipeline with a vae")
                    .found(shape.dim(3) + " channels")
                    .mend("name the folder of the whole pipeline, with model_index.json")
                    .build();
        }
        long pixels = (shape.dim(1) + 1L) * (shape.dim(2) + 1L) * scale(shape) * scale(shape);
        long cells = (long) columns(shape) * columns(shape);
        if (cells > Images.MOST_PIXELS / pixels) {
            throw HourglassException.what("the images would not fit into one picture")
                    .where("--count")
                    .expected("at most about " + Images.MOST_PIXELS / pixels + " images of " + shape.dim(1) + "x"
                            + shape.dim(2))
                    .found(shape.dim(0))
                    .mend("draw them in several runs, with different seeds")
                    .build();
        }
    }

    private static int columns(Shape shape) {
        return (int) Math.ceil(Math.sqrt(shape.dim(0)));
    }

    private static int scale(Shape shape) {
        return Math.max(1, SIDE / Math.max(shape.dim(1), shape.dim(2)));
    }
}
