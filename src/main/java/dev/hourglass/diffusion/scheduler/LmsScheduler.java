package dev.hourglass.diffusion.scheduler;

import dev.hourglass.io.ModelConfig;
import java.lang.foreign.MemorySegment;

/**
 * The linear multistep method of Adams and Bashforth for uneven steps: a polynomial through the last slopes is integrated, as in
 * Katherine Crowson's k-diffusion. {@code LMSDiscreteScheduler}.
 */
final class LmsScheduler extends SigmaScheduler {

    static final String CLASS_NAME = "LMSDiscreteScheduler";

    private static final int MOST_ORDER = 16;

    private final double[][] weights; // of the slopes of a step, the newest first
    private final MemorySegment[] slopes; // that of step k at k % order

    LmsScheduler(Setup setup) {
        SigmaTable table = new SigmaTable(AlphaBars.read(setup, AlphaBars.Defaults.DDPM));
        Plan plan = SigmaPlan.respaced(setup, table);
        super(setup, plan, Prediction.readUsual(setup.config()));
        int order = order(setup.arguments());
        weights = new double[steps()][];
        for (int step = 0; step < steps(); step++) {
            weights[step] = weights(plan.sigmas(), step, Math.min(step + 1, order));
        }
        slopes = work.open(order);
    }

    private static int order(ModelConfig arguments) {
        int order = arguments.integer("order", 4);
        if (order < 1 || order > MOST_ORDER) {
            throw arguments.invalid("order", "a whole number from 1 to " + MOST_ORDER);
        }
        return order;
    }

    private static double[] weights(double[] sigmas, int step, int order) {
        double[] weights = new double[order];
        for (int j = 0; j < order; j++) {
            weights[j] = integral(sigmas, step, order, j);
        }
        return weights;
    }

    /** Lagrange's polynomial that is 1 at the {@code j}-th last noise level and 0 at the others, integrated over the step. */
    private static double integral(double[] sigmas, int step, int order, int j) {
        double[] polynomial = new double[order]; // of the distance from the step's noise level, lowest power first
        polynomial[0] = 1;
        for (int k = 0; k < order; k++) {
            if (k != j) {
                double root = sigmas[step - k] - sigmas[step];
                double span = sigmas[step - j] - sigmas[step - k];
                for (int power = order - 1; power >= 0; power--) {
                    double lower = power > 0 ? polynomial[power - 1] : 0;
                    polynomial[power] = (lower - root * polynomial[power]) / span;
                }
            }
        }
        double width = sigmas[step + 1] - sigmas[step];
        double sum = 0;
        for (int power = order - 1; power >= 0; power--) {
            sum = (sum + polynomial[power] / (power + 1)) * width;
        }
        return sum;
    }

    @Override
    public boolean remembers() {
        return slopes.length > 1;
    }

    @Override
    void advance(MemorySegment output, MemorySegment sample, MemorySegment noise, int step) {
        double sigma = sigma(step);
        MemorySegment slope = slopes[step % slopes.length];
        double fromSample = (1 - SigmaPlan.cleanFromSample(prediction, sigma)) / sigma;
        double fromOutput = -SigmaPlan.cleanFromOutput(prediction, sigma) / sigma;
        work.blend(fromSample, sample, fromOutput, output, slope);
        // The newest slope is added by its terms: most of a noisy sample cancels, and does so in double.
        double newest = weights[step][0];
        work.blend(1 + newest * fromSample, sample, newest * fromOutput, output, sample);
        // Slopes from before the beginning are left out of the sum, but not out of the polynomial: as diffusers does
        // it.
        int known = Math.min(weights[step].length, step - begun() + 1);
        for (int j = 1; j < known; j++) {
            work.add(weights[step][j], slopes[(step - j) % slopes.length], sample);
        }
    }
}
