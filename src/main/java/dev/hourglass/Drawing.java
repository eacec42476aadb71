package dev.hourglass;

import dev.hourglass.diffusion.DenoisingLoop;
import dev.hourglass.error.HourglassException;
import dev.hourglass.memory.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntConsumer;

/** Leads one batch after the other through a loop. */
final class Drawing {

    /** What the virtual machine lets an array hold. */
    private static final int MOST_FLOATS = Integer.MAX_VALUE - 8;

    private Drawing() {}

    /**
     * Draws images 0 to {@code count}, exclusive.
     *
     * @param tell called with the number of a batch's first image before the batch starts
     * @return {@code [count, H, W, C]}
     * @throws HourglassException when they are none or too many for an array
     */
    static float[] images(DenoisingLoop loop, int count, IntConsumer tell, Sampler.Watcher watcher) {
        Shape shape = loop.images().shape();
        int batch = shape.dim(0);
        int each = Math.toIntExact(shape.elements() / batch);
        float[] images = new float[requireFit(count, each)];
        for (int first = 0; first < count; first += batch) {
            int present = Math.min(batch, count - first);
            tell.accept(first);
            loop.start(first);
            watcher.at(first, present, loop.steps(), loop);
            for (int left = loop.steps() - 1; left >= 0; left--) {
                loop.step(first, left);
                watcher.at(first, present, left, loop);
            }
            MemorySegment.copy(
                    loop.images().segment(), ValueLayout.JAVA_FLOAT, 0, images, first * each, present * each);
        }
        return images;
    }

    private static int requireFit(int count, int each) {
        if (count < 1 || (long) count * each > MOST_FLOATS) {
            throw HourglassException.what("not a number of images to draw")
                    .where("count")
                    .expected("at least 1, and at most " + MOST_FLOATS + " numbers in all")
                    .found(count + " of " + each)
                    .mend("draw them in several runs, with different seeds")
                    .build();
        }
        return count * each;
    }
}
