package dev.hourglass.diffusion;

import dev.hourglass.memory.Tensor;

/**
 * A batch of images on its way from noise, step by step. The noise of an image depends on the seed and on the image's number, not on the
 * batch. A step allocates nothing; who opens a loop closes it. For one thread at a time.
 */
public sealed interface DenoisingLoop extends AutoCloseable permits AncestralSampler, ScheduledSampler {

    /** How many steps a batch takes. */
    int steps();

    /** The images {@code [N, H, W, C]} on their way, the same tensor for all batches. */
    Tensor images();

    /** Begins with images {@code firstImage} and following. */
    void start(long firstImage);

    /**
     * Takes the batch one step on.
     *
     * @param firstImage the number of the batch's first image
     * @param left how many steps are left after this one, from {@code steps() - 1} down to 0
     */
    void step(long firstImage, int left);

    /**
     * The clean images {@code [N, H, W, C]} that the model's prediction in the last step stands for, to be read before the next one;
     * there is none before the first.
     */
    Tensor estimate();

    /** Gives the scratch memory back. */
    @Override
    void close();
}
