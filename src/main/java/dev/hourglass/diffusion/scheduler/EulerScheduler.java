package dev.hourglass.diffusion.scheduler;

import dev.hourglass.io.ModelConfig;
import java.lang.foreign.MemorySegment;

/** Euler's method with optional churn (Karras et al., arXiv 2206.00364, algorithm 2 to first order): {@code EulerDiscreteScheduler}. */
final class EulerScheduler extends SigmaScheduler {

    static final String CLASS_NAME = "EulerDiscreteScheduler";

    /** The most noise that churn adds in a step, as a share. */
    private static final double MOST_CHURN = Math.sqrt(2) - 1;

    private final double churn;
    private final double churnFrom;
    private final double churnTo;
    private final double noiseScale;

    EulerScheduler(Setup setup) {
        Prediction predicted = prediction(setup.config());
        Plan plan = plan(setup, predicted);
        super(setup, plan, predicted);
        ModelConfig arguments = setup.arguments();
        churn = arguments.number("s_churn", 0) / (plan.sigmas().length - 1);
        churnFrom = arguments.number("s_tmin", 0);
        churnTo = Schedulers.numberOrInfinite(arguments, "s_tmax", Double.POSITIVE_INFINITY);
        noiseScale = arguments.number("s_noise", 1);
        work.open(0);
    }

    /** This class has two names for the clean image. */
    private static Prediction prediction(ModelConfig config) {
        boolean original = "original_sample".equals(config.asMap().get("prediction_type"));
        return original ? Prediction.SAMPLE : Prediction.readUsual(config);
    }

    private static Plan plan(Setup setup, Prediction prediction) {
        ModelConfig config = setup.config();
        SigmaTable table = new SigmaTable(AlphaBars.readDivisible(setup, AlphaBars.Defaults.DDPM));
        double[] timesteps = SigmaPlan.timesteps(setup);
        boolean linear = config.choice("interpolation_type", "linear", "linear", "log_linear")
                .equals("linear");
        double[] levels = linear ? table.at(timesteps) : logarithmic(table, setup.steps());
        double end = Schedulers.endsAtLeastSigma(config) ? table.least() : 0;
        Plan plan = SigmaPlan.respaced(setup, table, timesteps, levels, end);
        boolean continuous = config.choice("timestep_type", "discrete", "discrete", "continuous")
                .equals("continuous");
        return continuous && prediction == Prediction.V_PREDICTION
                ? new Plan(quarterLogs(plan.sigmas()), plan.sigmas())
                : plan;
    }

    /** One more than there are steps: the last one comes before the end and is not stepped from. */
    private static double[] logarithmic(SigmaTable table, int steps) {
        double[] levels = TimestepSpacing.evenly(table.logMost(), table.logLeast(), steps + 1);
        for (int i = 0; i < levels.length; i++) {
            levels[i] = (float) Math.exp((float) levels[i]);
        }
        return levels;
    }

    /** Timesteps of models that are told the noise level itself. */
    private static double[] quarterLogs(double[] sigmas) {
        double[] timesteps = new double[sigmas.length - 1];
        for (int i = 0; i < timesteps.length; i++) {
            timesteps[i] = 0.25 * (float) Math.log(sigmas[i]);
        }
        return timesteps;
    }

    @Override
    public boolean needsNoise(int step) {
        return gamma(step) > 0;
    }

    private double gamma(int step) {
        double sigma = sigma(step);
        return sigma >= churnFrom && sigma <= churnTo ? Math.min(churn, MOST_CHURN) : 0;
    }

    @Override
    void advance(MemorySegment output, MemorySegment sample, MemorySegment noise, int step) {
        double sigma = sigma(step);
        double churned = sigma * (gamma(step) + 1);
        if (noise != null) {
            work.add(noiseScale * Math.sqrt(churned * churned - sigma * sigma), noise, sample);
        }
        double level = prediction == Prediction.EPSILON ? churned : sigma;
        double along = (sigma(step + 1) - churned) / churned;
        work.blend(
                1 + along * (1 - SigmaPlan.cleanFromSample(prediction, level)),
                sample,
                -along * SigmaPlan.cleanFromOutput(prediction, level),
                output,
                sample);
    }
}
