package dev.hourglass;

import dev.hourglass.diffusion.DenoisingLoop;
import dev.hourglass.memory.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Keeps the first few sampled images as they were at several noise levels: a row for each image, a column for each level. */
public final class DenoisingPath implements Sampler.Watcher {

    private final List<Integer> levels;
    private final int rows;
    private final Shape shape;
    private final float[] pictures;
    private final int imageFloats;

    /**
     * Makes room.
     *
     * @param sampled the shape of all images, {@code [N, H, W, C]}
     * @param rows how many images to keep; no more than there are are kept
     * @param levels the levels to keep them at, 1000 for pure noise and 0 for finished
     */
    public DenoisingPath(Shape sampled, int rows, List<Integer> levels) {
        this.levels = List.copyOf(levels);
        this.rows = Math.min(rows, sampled.dim(0));
        shape = Shape.of(this.rows * levels.size(), sampled.dim(1), sampled.dim(2), sampled.dim(3));
        pictures = new float[Math.toIntExact(shape.elements())];
        imageFloats = pictures.length / shape.dim(0);
    }

    @Override
    public void at(int first, int present, int level, DenoisingLoop loop) {
        int column = levels.indexOf(level);
        for (int slot = 0; column >= 0 && slot < present && first + slot < rows; slot++) {
            int cell = (first + slot) * levels.size() + column;
            MemorySegment.copy(
                    loop.images().segment(),
                    ValueLayout.JAVA_FLOAT,
                    (long) slot * imageFloats * Float.BYTES,
                    pictures,
                    cell * imageFloats,
                    imageFloats);
        }
    }

    /** The levels, column by column. */
    public List<Integer> levels() {
        return levels;
    }

    /** The shape of {@link #pictures}, {@code [rows * levels, H, W, C]}. */
    public Shape shape() {
        return shape;
    }

    /** What was kept, row by row. */
    public float[] pictures() {
        return pictures.clone();
    }
}
