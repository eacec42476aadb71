package dev.hourglass.diffusion;

import dev.hourglass.error.HourglassException;

/**
 * The variances of the forward process, {@code q(x_t | x_0) = N(sqrt(alphaBar_t) x_0, (1 - alphaBar_t) I)} (DDPM, arXiv 2006.11239,
 * equation 4), and the coefficients of its posterior. Timesteps count from 0, the least noisy.
 */
public final class NoiseSchedule {

    private final double[] betas;
    private final double[] alphaBars;

    private NoiseSchedule(double[] betas) {
        this.betas = betas;
        alphaBars = new double[betas.length];
        double product = 1;
        for (int t = 0; t < betas.length; t++) {
            product *= 1 - betas[t];
            alphaBars[t] = product;
        }
    }

    /** Betas that rise evenly from {@code first} to {@code last}, both between 0 and 1. */
    public static NoiseSchedule linear(int steps, double first, double last) {
        if (steps < 2 || !(first > 0 && first <= last && last < 1)) {
            throw HourglassException.what("not a noise schedule")
                    .expected("at least 2 steps and 0 < first beta <= last beta < 1")
                    .found(steps + " steps, betas " + first + " to " + last)
                    .build();
        }
        double[] betas = new double[steps];
        for (int t = 0; t < steps; t++) {
            betas[t] = first + (last - first) * t / (steps - 1);
        }
        return new NoiseSchedule(betas);
    }

    /** The schedule of the DDPM paper and of the lesson: 1000 steps, linear from 1e-4 to 0.02. */
    public static NoiseSchedule ddpm() {
        return linear(1000, 1e-4, 0.02);
    }

    /** The number of timesteps. */
    public int steps() {
        return betas.length;
    }

    /** The variance that step {@code t} adds. */
    public double beta(int t) {
        return betas[t];
    }

    /** The share of the image's variance that is left at {@code t}; 1 before the first step, at {@code t = -1}. */
    public double alphaBar(int t) {
        return t < 0 ? 1 : alphaBars[t];
    }

    /** What {@code x_0} is multiplied with in the mean of {@code q(x_(t-1) | x_t, x_0)} (equation 7). */
    public double posteriorCleanFactor(int t) {
        return Math.sqrt(alphaBar(t - 1)) * betas[t] / (1 - alphaBar(t));
    }

    /** What {@code x_t} is multiplied with in the mean of {@code q(x_(t-1) | x_t, x_0)} (equation 7). */
    public double posteriorNoisyFactor(int t) {
        return Math.sqrt(1 - betas[t]) * (1 - alphaBar(t - 1)) / (1 - alphaBar(t));
    }

    /** The variance of {@code q(x_(t-1) | x_t, x_0)} (equation 7), "fixed small"; 0 at the last step, {@code t = 0}. */
    public double posteriorVariance(int t) {
        return betas[t] * (1 - alphaBar(t - 1)) / (1 - alphaBar(t));
    }
}
