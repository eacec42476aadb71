package dev.hourglass.diffusion.scheduler;

/**
 * When a model is asked, and at which noise levels.
 *
 * @param timesteps one for each step
 * @param sigmas one for each step and one for the end, or none
 */
record Plan(double[] timesteps, double[] sigmas) {

    private static final double[] NONE = {};

    /** A plan without noise levels. */
    static Plan of(double[] timesteps) {
        return new Plan(timesteps, NONE);
    }
}
