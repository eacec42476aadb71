package dev.hourglass.train;

import dev.hourglass.error.HourglassException;

/**
 * Settings of a training run.
 *
 * @param batch images of a step, at least 1
 * @param steps steps in all, at least 1
 * @param rate the learning rate of each step
 * @param optimizer numbers of AdamW
 * @param emaDecay decay of the averaged weights, at least 0 and below 1; 0 keeps no average
 * @param seed of the initial weights, the order of the images, timesteps and noise
 * @param exact whether convolutions only add up products, without Winograd's algorithm: slower, with smaller rounding errors
 * @param dropClass how often an image's label is replaced by the null class, the last row of the table, so that one model learns both
 *     with and without classes (classifier-free guidance, arXiv 2207.12598); at least 0 and below 1
 * @param recompute whether what lies inside of blocks is computed again in the backward pass and not kept until then (activation
 *     checkpointing, arXiv 1604.06174): less memory and more time for the same weights, to the last bit
 */
public record TrainingOptions(
        int batch,
        long steps,
        LearningRate rate,
        AdamW.Settings optimizer,
        double emaDecay,
        long seed,
        boolean exact,
        double dropClass,
        boolean recompute) {

    private static final int DEMO_BATCH = 16;
    private static final long DEMO_WARMUP = 200;
    private static final double DEMO_PEAK_RATE = 2e-3;
    private static final double DEMO_EMA_DECAY = 0.995;

    /** The fastest algorithms, all labels as they are. */
    public TrainingOptions(
            int batch, long steps, LearningRate rate, AdamW.Settings optimizer, double emaDecay, long seed) {
        this(batch, steps, rate, optimizer, emaDecay, seed, false, 0, false);
    }

    /** Checks the numbers. */
    public TrainingOptions {
        require(batch >= 1, "batch", "at least 1", batch);
        require(steps >= 1, "steps", "at least 1", steps);
        require(emaDecay >= 0 && emaDecay < 1, "ema", "at least 0 and below 1", emaDecay);
        require(dropClass >= 0 && dropClass < 1, "drop-class", "at least 0 and below 1", dropClass);
    }

    /** The same with convolutions as plain sums of products, or with the fastest algorithms. */
    public TrainingOptions withExact(boolean exact) {
        return new TrainingOptions(batch, steps, rate, optimizer, emaDecay, seed, exact, dropClass, recompute);
    }

    /** The same with a share of the labels replaced by the null class. */
    public TrainingOptions withDropClass(double dropClass) {
        return new TrainingOptions(batch, steps, rate, optimizer, emaDecay, seed, exact, dropClass, recompute);
    }

    /** The same in less memory and more time, or as fast as can be. */
    public TrainingOptions withRecompute(boolean recompute) {
        return new TrainingOptions(batch, steps, rate, optimizer, emaDecay, seed, exact, dropClass, recompute);
    }

    /** The plain recipe: AdamW at a constant rate of 1e-3, batches of 128, no average. */
    public static TrainingOptions plain(long steps, long seed) {
        return new TrainingOptions(128, steps, new LearningRate.Constant(1e-3), AdamW.Settings.DEFAULT, 0, seed);
    }

    /**
     * The demo's recipe: small batches for more steps in an epoch, a rate that rises, then falls to 0 along a cosine, and averaged
     * weights.
     *
     * @param images how many there are, at least one
     * @param epochs how often each is seen, at least 1
     * @param mostSteps where to stop at the latest, at least 1; the rate falls to 0 there
     */
    public static TrainingOptions demo(int images, int epochs, long mostSteps, long seed) {
        int batch = Math.min(DEMO_BATCH, images);
        long steps = Math.min(mostSteps, (long) epochs * (images / batch));
        long warmup = Math.min(DEMO_WARMUP, (steps + 19) / 20);
        return new TrainingOptions(
                batch,
                steps,
                new LearningRate.WarmupCosine(DEMO_PEAK_RATE, warmup, steps),
                AdamW.Settings.DEFAULT,
                DEMO_EMA_DECAY,
                seed);
    }

    private static void require(boolean holds, String option, String expected, Object found) {
        if (!holds) {
            throw HourglassException.what("not a valid setting")
                    .where(option)
                    .expected(expected)
                    .found(found)
                    .build();
        }
    }
}
