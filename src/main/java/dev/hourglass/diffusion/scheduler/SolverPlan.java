package dev.hourglass.diffusion.scheduler;

import dev.hourglass.io.ModelConfig;
import java.util.function.DoubleUnaryOperator;

/** What the multistep solvers have in common: {@code alpha}, {@code sigma} and half the log of the SNR at their noise levels. */
final class SolverPlan {

    private final double[] sigmas;
    private final boolean flow;

    private SolverPlan(double[] sigmas, boolean flow) {
        this.sigmas = sigmas;
        this.flow = flow;
    }

    /** Reads a plan's noise levels; {@code use_flow_sigmas} says what they mean. */
    static SolverPlan of(ModelConfig config, Plan plan) {
        return new SolverPlan(plan.sigmas(), usesFlow(config));
    }

    /** Whether {@code sample = (1 - sigma) clean + sigma noise}. */
    static boolean usesFlow(ModelConfig config) {
        return config.bool("use_flow_sigmas", false);
    }

    /** The noise level that is listed for a step. */
    double listed(int step) {
        return sigmas[step];
    }

    /** The clean image's share in a sample. */
    double alpha(int step) {
        return flow ? 1 - sigmas[step] : 1 / Math.sqrt(sigmas[step] * sigmas[step] + 1);
    }

    /** The noise's share in a sample. */
    double sigma(int step) {
        return flow ? sigmas[step] : sigmas[step] * alpha(step);
    }

    /** {@code log(alpha / sigma)}: the time of the solvers. */
    double lambda(int step) {
        return Math.log(alpha(step)) - Math.log(sigma(step));
    }

    /** Whole timesteps; a fraction is cut off unless it has been rounded away before. */
    static double[] cut(double[] timesteps, boolean round) {
        return map(timesteps, round ? Math::rint : t -> (long) t);
    }

    /** A fresh array of a function's values. */
    static double[] map(double[] values, DoubleUnaryOperator function) {
        double[] mapped = new double[values.length];
        for (int i = 0; i < mapped.length; i++) {
            mapped[i] = function.applyAsDouble(values[i]);
        }
        return mapped;
    }
}
