package dev.hourglass.train;

import dev.hourglass.error.HourglassException;

/** The learning rate as a function of the step. */
public sealed interface LearningRate {

    /** The rate of step {@code step}, counted from 0. */
    double at(long step);

    /**
     * The same rate at every step.
     *
     * @param rate above 0
     */
    record Constant(double rate) implements LearningRate {

        /** Checks the rate. */
        public Constant {
            requirePositive(rate);
        }

        @Override
        public double at(long step) {
            return rate;
        }
    }

    /**
     * A linear rise to the peak, then half a cosine down to 0 (arXiv 1608.03983 without restarts).
     *
     * @param peak the highest rate, above 0
     * @param warmup steps of the rise
     * @param total steps in all
     */
    record WarmupCosine(double peak, long warmup, long total) implements LearningRate {

        /** Checks the numbers. */
        public WarmupCosine {
            requirePositive(peak);
        }

        @Override
        public double at(long step) {
            if (step < warmup) {
                return peak * (step + 1) / warmup;
            }
            double progress = Math.min(1, (double) (step - warmup) / Math.max(1, total - warmup));
            return peak * 0.5 * (1 + Math.cos(Math.PI * progress));
        }
    }

    private static void requirePositive(double rate) {
        if (!(rate > 0 && rate < Double.POSITIVE_INFINITY)) {
            throw HourglassException.what("not a learning rate")
                    .expected("a number above 0")
                    .found(rate)
                    .build();
        }
    }
}
