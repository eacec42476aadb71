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
 */
public record TrainingOptions(
        int batch, long steps, LearningRate rate, AdamW.Settings optimizer, double emaDecay, long seed) {

    /** Checks the numbers. */
    public TrainingOptions {
        require(batch >= 1, "batch", "at least 1", batch);
        require(steps >= 1, "steps", "at least 1", steps);
        require(emaDecay >= 0 && emaDecay < 1, "ema", "at least 0 and below 1", emaDecay);
    }

    /** The plain recipe: AdamW at a constant rate of 1e-3, batches of 128, no average. */
    public static TrainingOptions plain(long steps, long seed) {
        return new TrainingOptions(128, steps, new LearningRate.Constant(1e-3), AdamW.Settings.DEFAULT, 0, seed);
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
