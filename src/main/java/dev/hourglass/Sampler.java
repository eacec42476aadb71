package dev.hourglass;

import dev.hourglass.diffusion.AncestralSampler;
import dev.hourglass.diffusion.DenoisingLoop;
import dev.hourglass.diffusion.NoiseSchedule;
import dev.hourglass.error.HourglassException;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;

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
        Watcher NONE = (first, present, level, loop) -> {};

        /**
         * Called with the pure noise at the start, and after each step.
         *
         * @param first the number of the batch's first image
         * @param present how many images of the batch are wanted; the rest fill it up
         * @param level how many steps are left: all for pure noise, 0 for finished images
         * @param loop has the images and what they are estimated to become, to be read only now
         */
        void at(int first, int present, int level, DenoisingLoop loop);

        /** Lets another one watch, too, after this one. */
        default Watcher and(Watcher other) {
            return (first, present, level, loop) -> {
                at(first, present, level, loop);
                other.at(first, present, level, loop);
            };
        }
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
        model.architecture().requireTimesteps(0, schedule.steps() - 1);
        ImageSize size = model.sampleSize();
        session = model.session(SessionOptions.of(batch, size.height(), size.width())
                .withThreads(threads)
                .withArithmetic(arithmetic));
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
        try (AncestralSampler loop = new AncestralSampler(schedule, session.denoiser(), Backend.kernels(), seed)) {
            return Drawing.images(loop, count, first -> {}, watcher);
        }
    }

    @Override
    public void close() {
        session.close();
    }
}
