package dev.hourglass.diffusion.scheduler;

/** What the multistep solvers have in common: {@code sample = alpha clean + sigma noise}, and a limit on what they predict. */
abstract sealed class SolverScheduler extends AbstractScheduler permits DpmSolverScheduler, UniPcScheduler {

    final SolverPlan levels;
    final CleanLimit limit;

    SolverScheduler(Setup setup, Plan plan, Prediction prediction) {
        super(setup, plan, prediction);
        levels = SolverPlan.of(setup.config(), plan);
        limit = CleanLimit.readThresholding(setup);
    }

    @Override
    final double predictedSigma(int step) {
        return prediction == Prediction.FLOW_PREDICTION ? levels.listed(step) : levels.sigma(step);
    }

    @Override
    public final double cleanShare(int step) {
        return levels.alpha(step);
    }

    @Override
    public final double noiseShare(int step) {
        return levels.sigma(step);
    }
}
