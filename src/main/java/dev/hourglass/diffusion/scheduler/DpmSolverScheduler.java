package dev.hourglass.diffusion.scheduler;

import dev.hourglass.io.ModelConfig;
import dev.hourglass.memory.Shape;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * DPM-Solver (arXiv 2206.00927) and DPM-Solver++ (arXiv 2211.01095), multistep, of order 1 to 3, for the ODE and for the SDE: {@code
 * DPMSolverMultistepScheduler}.
 */
final class DpmSolverScheduler extends SolverScheduler {

    static final String CLASS_NAME = "DPMSolverMultistepScheduler";

    private static final int HIGHEST_ORDER = 3;

    /** Below so many steps, the last ones are of lower order where the configuration wishes. */
    private static final int FEW_STEPS = 15;

    private final Shape outputShape;
    private final boolean plusPlus;
    private final boolean stochastic;
    private final boolean heun;
    private final boolean lowerAtEnd;
    private final boolean eulerAtEnd;
    private final boolean learned;
    private final int order;
    private final MemorySegment[] history; // what was predicted in step k at k % order: the clean image, or noise
    private final MemorySegment half; // of an output with learned variance
    private final MemorySegment clean; // for thresholding where noise is kept

    DpmSolverScheduler(Setup setup) {
        Plan plan = plan(setup);
        ModelConfig config = setup.config();
        String algorithm = algorithm(config);
        boolean predictsClean = algorithm.endsWith("++");
        super(setup, plan, predictsClean ? Prediction.readAny(config) : Prediction.readUsual(config));
        plusPlus = predictsClean;
        stochastic = algorithm.startsWith("sde");
        if (!plusPlus && !Schedulers.endsAtLeastSigma(config)) {
            throw config.invalid("final_sigmas_type", "\"sigma_min\", for algorithm_type " + algorithm);
        }
        order = setup.whole("solver_order", 2, 1, stochastic && !plusPlus ? 2 : HIGHEST_ORDER);
        heun = config.choice("solver_type", "midpoint", "midpoint", "heun", "logrho", "bh1", "bh2")
                .equals("heun");
        lowerAtEnd = config.bool("lower_order_final", true) && steps() < FEW_STEPS;
        eulerAtEnd = config.bool("euler_at_final", false) || lowerAtEnd || !Schedulers.endsAtLeastSigma(config);
        learned = learnedVariance(config) && prediction == Prediction.EPSILON;
        outputShape = learned ? work.twiceTheChannels() : work.shape();

        MemorySegment[] buffers = work.open(order + 2);
        history = Arrays.copyOf(buffers, order);
        half = buffers[order];
        clean = buffers[order + 1];
    }

    private static String algorithm(ModelConfig config) {
        String name = config.choice(
                "algorithm_type",
                "dpmsolver++",
                "dpmsolver",
                "dpmsolver++",
                "sde-dpmsolver",
                "sde-dpmsolver++",
                "deis");
        return name.equals("deis") ? "dpmsolver++" : name; // as diffusers reads it
    }

    private static boolean learnedVariance(ModelConfig config) {
        String type = config.choice(
                "variance_type",
                "fixed_small",
                "fixed_small",
                "fixed_small_log",
                "fixed_large",
                "fixed_large_log",
                "learned",
                "learned_range");
        return type.startsWith("learned");
    }

    private static Plan plan(Setup setup) {
        ModelConfig config = setup.config();
        AlphaBars bars = AlphaBars.readDivisible(setup, AlphaBars.Defaults.DDPM);
        SigmaTable table = new SigmaTable(bars);
        SigmaSpacing spacing = SigmaSpacing.read(config);
        boolean lu = config.bool("use_lu_lambdas", false);
        double end = Schedulers.endsAtLeastSigma(config) ? table.least() : 0;
        boolean rounds = !config.string("beta_schedule", "linear").equals("squaredcos_cap_v2");
        int steps = setup.steps();

        if (spacing == SigmaSpacing.KARRAS || lu) {
            double[] sigmas = spacing == SigmaSpacing.KARRAS
                    ? spacing.levels(config, table.most(), table.least(), steps)
                    : SigmaSpacing.lu(table, steps);
            return new Plan(SolverPlan.cut(table.timestepsOf(sigmas), rounds), SigmaSpacing.rounded(sigmas, end));
        }
        if (spacing != SigmaSpacing.TIMESTEPS) {
            double[] sigmas = spacing.levels(config, table.most(), table.least(), steps);
            return new Plan(SolverPlan.cut(table.timestepsOf(sigmas), false), SigmaSpacing.rounded(sigmas, end));
        }
        if (SolverPlan.usesFlow(config)) {
            return flow(setup, end);
        }
        double[] timesteps = timesteps(setup, bars);
        return new Plan(timesteps, SigmaSpacing.rounded(table.at(timesteps), end));
    }

    private static double[] timesteps(Setup setup, AlphaBars bars) {
        ModelConfig config = setup.config();
        int train = setup.trainTimesteps();
        int last = train
                - clipped(bars, Schedulers.numberOrInfinite(config, "lambda_min_clipped", Double.NEGATIVE_INFINITY));
        if (last < 1) {
            throw config.invalid("lambda_min_clipped", "a number that leaves timesteps");
        }
        return TimestepSpacing.read(config, TimestepSpacing.LINSPACE)
                .solver(last, train, setup.steps(), config.integer("steps_offset", 0));
    }

    /** How many of the noisiest timesteps have a lower lambda. */
    private static int clipped(AlphaBars bars, double lambda) {
        int count = 0;
        while (count < bars.length() && lambda(bars.at(bars.length() - 1 - count)) < lambda) {
            count++;
        }
        return count;
    }

    private static double lambda(double alphaBar) {
        return Math.log(Math.sqrt(alphaBar)) - Math.log(Math.sqrt(1 - alphaBar));
    }

    private static Plan flow(Setup setup, double end) {
        int train = setup.trainTimesteps();
        double shift = setup.positive("flow_shift", 1);
        double[] alphas = TimestepSpacing.evenly(1, 1 / (double) train, setup.steps() + 1);
        double[] sigmas = new double[setup.steps()];
        for (int i = 0; i < sigmas.length; i++) {
            double sigma = 1 - alphas[sigmas.length - i];
            sigmas[i] = shift * sigma / (1 + (shift - 1) * sigma);
        }
        return new Plan(
                SolverPlan.cut(SolverPlan.map(sigmas, sigma -> sigma * train), false),
                SigmaSpacing.rounded(sigmas, end));
    }

    @Override
    public Shape outputShape() {
        return outputShape;
    }

    @Override
    public boolean needsNoise(int step) {
        return stochastic && levels.listed(step + 1) > 0;
    }

    @Override
    public boolean remembers() {
        return order > 1;
    }

    @Override
    void advance(MemorySegment output, MemorySegment sample, MemorySegment noise, int step) {
        keep(output, sample, step);
        switch (orderOf(step)) {
            case 1 -> first(sample, step);
            case 2 -> second(sample, step);
            default -> third(sample, step);
        }
        if (noise != null) {
            double h = levels.lambda(step + 1) - levels.lambda(step);
            double share = plusPlus ? -Math.expm1(-2 * h) : Math.expm1(2 * h);
            // the last two noise levels may be the same but for rounding
            work.add(levels.sigma(step + 1) * Math.sqrt(Math.max(share, 0)), noise, sample);
        }
    }

    private int orderOf(int step) {
        int most = Math.min(order, step - begun() + 1);
        if (step == steps() - 1 && eulerAtEnd) {
            return 1;
        }
        return step == steps() - 2 && lowerAtEnd ? Math.min(most, 2) : most;
    }

    /** Puts what the output says about the clean image, or about the noise, into the history. */
    private void keep(MemorySegment output, MemorySegment sample, int step) {
        MemorySegment predicted = output;
        if (learned) {
            work.half(output, 0, half);
            predicted = half;
        }
        double alpha = levels.alpha(step);
        double sigma = predictedSigma(step);
        MemorySegment kept = kept(step, 0);
        if (plusPlus) {
            work.predictClean(prediction, alpha, sigma, sample, predicted, kept);
            limit.apply(work, kept);
            return;
        }
        work.blend(
                prediction.noiseFromSample(alpha, sigma),
                sample,
                prediction.noiseFromOutput(alpha, sigma),
                predicted,
                kept);
        if (limit.limits()) {
            work.predictClean(Prediction.EPSILON, alpha, sigma, sample, kept, clean);
            limit.apply(work, clean);
            work.blend(1 / sigma, sample, -alpha / sigma, clean, kept);
        }
    }

    private MemorySegment kept(int step, int by) {
        return history[(step - by) % order];
    }

    /** What multiplies the sample. */
    private double carry(int step, double h) {
        if (!plusPlus) {
            return levels.alpha(step + 1) / levels.alpha(step);
        }
        double ratio = levels.sigma(step + 1) / levels.sigma(step);
        return stochastic ? ratio * Math.exp(-h) : ratio;
    }

    /** What multiplies the prediction: the integral of the exponential. */
    private double whole(int step, double h) {
        if (plusPlus) {
            return -levels.alpha(step + 1) * (stochastic ? Math.expm1(-2 * h) : Math.expm1(-h));
        }
        return -levels.sigma(step + 1) * Math.expm1(h) * (stochastic ? 2 : 1);
    }

    /** What multiplies the prediction's slope: the integral of the exponential times time. */
    private double slope(int step, double h) {
        if (plusPlus) {
            double g = stochastic ? 2 * h : h;
            return levels.alpha(step + 1) * (Math.expm1(-g) / g + 1);
        }
        return -levels.sigma(step + 1) * (Math.expm1(h) / h - 1) * (stochastic ? 2 : 1);
    }

    /** What multiplies the prediction's second difference. */
    private double bend(int step, double h) {
        if (plusPlus) {
            // diffusers takes one half off in both, although the sign of the rest differs
            double rest = stochastic ? -(Math.expm1(-2 * h) + 2 * h) / (4 * h * h) : (Math.expm1(-h) + h) / (h * h);
            return (stochastic ? 1 : -1) * levels.alpha(step + 1) * (rest - 0.5);
        }
        return -levels.sigma(step + 1) * ((Math.expm1(h) - h) / (h * h) - 0.5);
    }

    private void first(MemorySegment sample, int step) {
        double h = levels.lambda(step + 1) - levels.lambda(step);
        work.blend(carry(step, h), sample, whole(step, h), kept(step, 0), sample);
    }

    private void second(MemorySegment sample, int step) {
        double h = levels.lambda(step + 1) - levels.lambda(step);
        double r = (levels.lambda(step) - levels.lambda(step - 1)) / h;
        double difference = (heun ? slope(step, h) : whole(step, h) / 2) / r;
        work.blend(carry(step, h), sample, whole(step, h) + difference, kept(step, 0), sample);
        work.add(-difference, kept(step, 1), sample);
    }

    private void third(MemorySegment sample, int step) {
        double h = levels.lambda(step + 1) - levels.lambda(step);
        double r0 = (levels.lambda(step) - levels.lambda(step - 1)) / h;
        double r1 = (levels.lambda(step - 1) - levels.lambda(step - 2)) / h;
        // The slope is d0 + r0 / (r0 + r1) (d0 - d1), the second difference (d0 - d1) / (r0 + r1), for differences
        // d0 = (m0 - m1) / r0 and d1 = (m1 - m2) / r1.
        double slope = slope(step, h);
        double bent = (slope * r0 + bend(step, h)) / (r0 + r1);
        double newer = (slope + bent) / r0;
        double older = -bent / r1;
        work.blend(carry(step, h), sample, whole(step, h) + newer, kept(step, 0), sample);
        work.add(older - newer, kept(step, 1), sample);
        work.add(-older, kept(step, 2), sample);
    }
}
