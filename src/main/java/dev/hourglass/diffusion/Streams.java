package dev.hourglass.diffusion;

/**
 * Numbers of the random streams under one seed, so that no two purposes ever share random numbers. The purpose is in the top four
 * bits.
 */
public final class Streams {

    /** Bits that count the steps of one image. */
    static final int STEP_BITS = 20;

    private Streams() {}

    /** Noise that training step {@code step} adds; element {@code slot * elements + i}. */
    public static long trainingNoise(long step) {
        return 1L << 60 | step;
    }

    /** Timesteps of training step {@code step}; element {@code slot}. */
    public static long trainingTimesteps(long step) {
        return 2L << 60 | step;
    }

    /** The order of the images in epoch {@code epoch}. */
    public static long shuffle(long epoch) {
        return 3L << 60 | epoch;
    }

    /** Noise that sampled image {@code image} gets on its way to timestep {@code t}; its start is the number of timesteps. */
    public static long sampling(long image, int t) {
        return 4L << 60 | image << STEP_BITS | t;
    }

    /** Noise added to image {@code image} of a test set. */
    public static long evaluationNoise(long image) {
        return 5L << 60 | image;
    }

    /** Timesteps of a test set; element {@code image}. */
    public static long evaluationTimesteps() {
        return 6L << 60;
    }

    /** Which of the latents that a picture may stand for drawing starts from. */
    public static long startLatents() {
        return 8L << 60;
    }

    /** Noise that sampled image {@code image} gets when it goes back, with {@code left} steps left then. */
    public static long resampling(long image, int left) {
        return 9L << 60 | image << STEP_BITS | left;
    }

    /** Which labels training step {@code step} drops; element {@code slot}. */
    public static long trainingClassDrop(long step) {
        return 7L << 60 | step;
    }

    /** Keys of what training step {@code step} drops; elements {@code 2 slot} and {@code 2 slot + 1}. */
    public static long trainingDropout(long step) {
        return 9L << 60 | step;
    }
}
