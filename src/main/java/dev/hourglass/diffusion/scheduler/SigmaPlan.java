package dev.hourglass.diffusion.scheduler;

import dev.hourglass.io.ModelConfig;

/** Timesteps and noise levels of the schedulers that see an image as {@code clean + sigma noise} (arXiv 2206.00364). */
final class SigmaPlan {

    private SigmaPlan() {}

    /** The timesteps that the spacing gives. */
    static double[] timesteps(Setup setup) {
        ModelConfig config = setup.config();
        return TimestepSpacing.read(config, TimestepSpacing.LINSPACE)
                .fractional(setup.trainTimesteps(), setup.steps(), config.integer("steps_offset", 0));
    }

    /** The plan in which noise levels follow from timesteps, or the other way round where the configuration says so. */
    static Plan respaced(Setup setup, SigmaTable table) {
        double[] timesteps = timesteps(setup);
        return respaced(setup, table, timesteps, table.at(timesteps), 0);
    }

    /** The same from given noise levels, with one for the end. */
    static Plan respaced(Setup setup, SigmaTable table, double[] timesteps, double[] levels, double end) {
        SigmaSpacing spacing = SigmaSpacing.read(setup.config());
        if (spacing == SigmaSpacing.TIMESTEPS) {
            return new Plan(timesteps, SigmaSpacing.rounded(levels, end));
        }
        double[] respaced = spacing.levels(setup.config(), levels[0], levels[levels.length - 1], setup.steps());
        return new Plan(SigmaSpacing.rounded(table.timestepsOf(respaced)), SigmaSpacing.rounded(respaced, end));
    }

    /** What keeps the variance of a sample at 1 where the model sees it. */
    static double inputScale(double sigma) {
        return 1 / Math.sqrt(sigma * sigma + 1);
    }

    /** The deviation of the first noise. */
    static double initNoiseSigma(Setup setup, Plan plan) {
        double most = 0;
        for (double sigma : plan.sigmas()) {
            most = Math.max(most, sigma);
        }
        boolean leading = TimestepSpacing.read(setup.config(), TimestepSpacing.LINSPACE) == TimestepSpacing.LEADING;
        return leading ? Math.sqrt(most * most + 1) : most;
    }

    /** The sample's share in the clean image, for a sample that is not scaled. */
    static double cleanFromSample(Prediction prediction, double sigma) {
        double alpha = inputScale(sigma);
        return prediction == Prediction.EPSILON ? 1 : prediction.cleanFromSample(alpha, sigma * alpha) * alpha;
    }

    /** The output's share in the clean image. */
    static double cleanFromOutput(Prediction prediction, double sigma) {
        double alpha = inputScale(sigma);
        return prediction == Prediction.EPSILON ? -sigma : prediction.cleanFromOutput(alpha, sigma * alpha);
    }
}
