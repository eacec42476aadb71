package dev.hourglass;

import dev.hourglass.diffusion.AncestralSampler;
import dev.hourglass.diffusion.NoiseSchedule;
import dev.hourglass.error.HourglassException;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Draws images from a diffusion model, batch by batch. Image number k depends on the model, the seed and k alone: not on the batch it
 * was drawn in, nor on how many images were asked for, nor on the number of threads.
 */
public final class Sampler implements AutoCloseable {

    private final NoiseSchedule schedule = NoiseSchedule.ddpm();
    private final Session session;

    /** Told about the images on their way from noise. */
    @FunctionalInterface
    public interface Watcher {

        /** Watches nothing. */
        Watcher NONE = (first, present, level, images) -> {};

        /**
         * Called with the pure noise at the start, and after each step.
         *
         * @param first the number of the batch's first image
         * @param present how many images of the batch are wanted; the rest fill it up
         * @param level how many steps are left: all (1000 here) for pure noise, 0 for finished images
         * @param images {@code [N, H, W, C]}, to be read only now
         */
        void at(int first, int present, int level, Tensor images);
    }

    /**
     * Compiles the model for a batch of images of its own size.
     *
     * @param batch images drawn at a time, at least 1
     * @param threads threads that work, at least 1
     */
    public Sampler(UNet model, int batch, int threads) {
        this(model, batch, threads, Arithmetic.FASTEST);
    }

    /**
     * Compiles the model for a batch of images of its own size.
     *
     * @param batch images drawn at a time, at least 1
     * @param threads threads that work, at least 1
     * @param arithmetic which algorithms run, and what weights are packed in
     */
    public Sampler(UNet model, int batch, int threads, Arithmetic arithmetic) {
        if (model.architecture().inChannels() != model.architecture().outChannels()) {
            throw HourglassException.what("the model does not predict the noise of its input")
                    .where(model.architecture().className())
                    .expected("as many channels out as in")
                    .found(model.architecture().inChannels() + " in, "
                            + model.architecture().outChannels() + " out")
                    .mend("name a scheduler, which uses or drops the variances that twice as many channels are")
                    .build();
        }
        model.architecture().requireTimesteps(schedule.steps());
        ImageSize size = model.sampleSize();
        session = model.session(SessionOptions.of(batch, size.height(), size.width())
                .withThreads(threads)
                .withArithmetic(arithmetic));
    }

    /** Steps that {@link #sample} takes for {@code count} images, each for a batch. */
    public long steps(int count) {
        return (long) schedule.steps() * ((count + batch() - 1) / batch());
    }

    /** The shape of {@code count} images, {@code [N, H, W, C]}. */
    public Shape shape(int count) {
        int[] dims = session.denoiser().sample().shape().toArray();
        return Shape.of(count, dims[1], dims[2], dims[3]);
    }

    /**
     * Draws images 0 to {@code count}, exclusive.
     *
     * @return their pixels in [-1, 1], {@code [N, H, W, C]}
     * @throws HourglassException when they are none or too many for an array
     */
    public float[] sample(int count, long seed, Watcher watcher) {
        float[] images = new float[requireFit(count)];
        int imageFloats = images.length / count;
        Tensor x = session.denoiser().sample();
        try (AncestralSampler sampler = new AncestralSampler(schedule, session.denoiser(), Backend.kernels(), seed)) {
            for (int first = 0; first < count; first += batch()) {
                int present = Math.min(batch(), count - first);
                sampler.start(first);
                watcher.at(first, present, schedule.steps(), x);
                for (int t = schedule.steps() - 1; t >= 0; t--) {
                    sampler.step(first, t);
                    watcher.at(first, present, t, x);
                }
                MemorySegment.copy(
                        x.segment(), ValueLayout.JAVA_FLOAT, 0, images, first * imageFloats, present * imageFloats);
            }
        }
        return images;
    }

    private int requireFit(int count) {
        long floats = count < 1 ? 0 : shape(count).elements();
        if (floats < 1 || floats > Integer.MAX_VALUE - 8) {
            throw HourglassException.what("not a number of images to draw")
                    .where("count")
                    .expected("at least 1, and at most " + (Integer.MAX_VALUE - 8) + " pixels in all")
                    .found(count)
                    .mend("draw them in several runs, with different seeds")
                    .build();
        }
        return (int) floats;
    }

    private int batch() {
        return session.options().batch();
    }

    @Override
    public void close() {
        session.close();
    }
}
