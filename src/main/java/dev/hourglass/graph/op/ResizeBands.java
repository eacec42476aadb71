package dev.hourglass.graph.op;

import dev.hourglass.kernel.Resample;
import dev.hourglass.memory.Shape;

/**
 * Cuts nearest-neighbour resizing into items: some rows of the input and those rows of the output that read them, so that one cut serves
 * both passes. Rows are counted over all images.
 *
 * @param x the input, {@code [N, h, w, C]}
 * @param height the output's height
 * @param width the output's width
 */
record ResizeBands(Shape x, int height, int width) {

    /** Pixels of an item, of the larger side: its rows stay in the first caches while it is worked on. */
    private static final int PIXELS = 512;

    int items() {
        return Split.items((long) x.dim(0) * x.dim(1), rows());
    }

    /** The first row of the input in an item. */
    int from(int item) {
        return item * rows();
    }

    /** The row of the input after an item's last. */
    int to(int item) {
        return Math.min(from(item) + rows(), x.dim(0) * x.dim(1));
    }

    /** The first row of the output that reads a row of the input or one after it. */
    int reader(int row) {
        int h = x.dim(1);
        return row / h * height + Resample.firstReader(row % h, h, height);
    }

    private int rows() {
        int pixelsOfRow = Math.max(x.dim(2), height * width / x.dim(1));
        return Math.max(1, PIXELS / pixelsOfRow);
    }
}
