package dev.hourglass.diffusion.scheduler;

import dev.hourglass.io.ModelConfig;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;

/**
 * UniPC (arXiv 2302.04867): a multistep predictor, and a corrector of one order more that needs no further output, since it waits for
 * the next step's. {@code UniPCMultistepScheduler}.
 */
final class UniPcScheduler extends SolverScheduler {

    static final String CLASS_NAME = "UniPCMultistepScheduler";

    private static final int HIGHEST_ORDER = 9;
    private static final double TINY = 1e-6;

    private final boolean predictsClean;
    private final boolean lowerAtEnd;
    private final int order;
    private final double[][][] predictors; // of a step, by order
    private final double[][][] correctors; // of a step, by the order of the one before; null where it does not correct
    private final MemorySegment[] history; // what was predicted in step k at k % (order + 1)
    private final MemorySegment last; // the sample that the last step started from

    UniPcScheduler(Setup setup) {
        Plan plan = plan(setup);
        ModelConfig config = setup.config();
        boolean clean = config.bool("predict_x0", true);
        super(setup, plan, clean ? Prediction.readAny(config) : Prediction.readUsual(config));
        if (config.has("solver_p")) {
            throw config.invalid("solver_p", "null: UniPC's own predictor");
        }
        order = setup.whole("solver_order", 2, 1, HIGHEST_ORDER);
        predictsClean = clean;
        lowerAtEnd = config.bool("lower_order_final", true);

        String type = config.choice("solver_type", "bh2", "bh1", "bh2", "midpoint", "heun", "logrho");
        UniPcWeights weights = new UniPcWeights(levels, predictsClean, type.equals("bh1"));
        List<Integer> uncorrected = config.has("disable_corrector") ? config.integers("disable_corrector") : List.of();
        predictors = new double[steps()][][];
        correctors = new double[steps()][][];
        for (int step = 0; step < steps(); step++) {
            predictors[step] = byOrder(weights::predictor, step);
            boolean corrects = step > 0 && !uncorrected.contains(step - 1);
            correctors[step] = corrects ? byOrder(weights::corrector, step - 1) : null;
        }
        MemorySegment[] buffers = work.open(order + 2);
        history = Arrays.copyOf(buffers, order + 1);
        last = buffers[order + 1];
    }

    /** The weights of all orders that a step may have, which depends on where the steps began. */
    private double[][] byOrder(BiFunction<Integer, Integer, double[]> weights, int step) {
        double[][] all = new double[orderOf(step, 0)][];
        for (int k = 0; k < all.length; k++) {
            all[k] = weights.apply(step, k + 1);
        }
        return all;
    }

    private int orderOf(int step, int first) {
        int most = lowerAtEnd ? Math.min(order, steps() - step) : order;
        return Math.min(most, step - first + 1);
    }

    private static Plan plan(Setup setup) {
        ModelConfig config = setup.config();
        if (config.bool("use_dynamic_shifting", false)) {
            throw config.invalid("use_dynamic_shifting", "false: the shift is flow_shift");
        }
        boolean flow = SolverPlan.usesFlow(config);
        if (config.has("shift_terminal") && !flow) {
            throw config.invalid("shift_terminal", "null, unless use_flow_sigmas is true");
        }
        AlphaBars bars = AlphaBars.readDivisible(setup, AlphaBars.Defaults.DDPM);
        SigmaTable table = new SigmaTable(bars);
        SigmaSpacing spacing = SigmaSpacing.read(config);
        boolean endsAtLeast = Schedulers.endsAtLeastSigma(config);
        if (spacing == SigmaSpacing.TIMESTEPS && !flow) {
            double[] timesteps = TimestepSpacing.read(config, TimestepSpacing.LINSPACE)
                    .solver(
                            setup.trainTimesteps(),
                            setup.trainTimesteps(),
                            setup.steps(),
                            config.integer("steps_offset", 0));
            return new Plan(timesteps, SigmaSpacing.rounded(table.at(timesteps), endsAtLeast ? table.least() : 0));
        }
        double[] sigmas;
        double[] timesteps;
        if (spacing == SigmaSpacing.TIMESTEPS || spacing == SigmaSpacing.KARRAS && flow) {
            sigmas = spacing == SigmaSpacing.KARRAS
                    ? SolverPlan.map(
                            spacing.levels(config, table.most(), table.least(), setup.steps()), s -> s / (s + 1))
                    : flow(setup);
            timesteps = SolverPlan.cut(SolverPlan.map(sigmas, sigma -> sigma * setup.trainTimesteps()), false);
        } else {
            sigmas = spacing.levels(config, table.most(), table.least(), setup.steps());
            timesteps = SolverPlan.cut(table.timestepsOf(sigmas), spacing == SigmaSpacing.KARRAS);
        }
        return new Plan(timesteps, SigmaSpacing.rounded(sigmas, endsAtLeast ? sigmas[sigmas.length - 1] : 0));
    }

    private static double[] flow(Setup setup) {
        ModelConfig config = setup.config();
        double shift = setup.positive("flow_shift", 1);
        double[] even = TimestepSpacing.evenly(1, 1 / (double) setup.trainTimesteps(), setup.steps() + 1);
        double[] sigmas =
                SolverPlan.map(Arrays.copyOf(even, setup.steps()), sigma -> shift * sigma / (1 + (shift - 1) * sigma));
        double terminal = config.number("shift_terminal", 0);
        if (terminal != 0) {
            double factor = (1 - sigmas[sigmas.length - 1]) / (1 - terminal);
            sigmas = SolverPlan.map(sigmas, sigma -> 1 - (1 - sigma) / factor);
        }
        if (Math.abs(sigmas[0] - 1) < TINY) {
            sigmas[0] -= TINY;
        }
        return sigmas;
    }

    @Override
    public boolean remembers() {
        return true;
    }

    @Override
    void advance(MemorySegment output, MemorySegment sample, MemorySegment noise, int step) {
        keep(output, sample, step);
        if (step > begun() && correctors[step] != null) {
            double[] corrector = correctors[step][orderOf(step - 1, begun()) - 1];
            work.blend(corrector[0], last, corrector[1], kept(step), sample);
            addHistory(corrector, 2, sample, step - 1);
        }
        work.copy(sample, last);
        double[] predictor = predictors[step][orderOf(step, begun()) - 1];
        work.scale(predictor[0], sample, sample);
        addHistory(predictor, 1, sample, step);
    }

    /** Puts what the output says about the clean image, or about the noise, into the history. */
    private void keep(MemorySegment output, MemorySegment sample, int step) {
        double alpha = levels.alpha(step);
        double sigma = predictedSigma(step);
        if (predictsClean) {
            work.predictClean(prediction, alpha, sigma, sample, output, kept(step));
            limit.apply(work, kept(step));
        } else {
            work.blend(
                    prediction.noiseFromSample(alpha, sigma),
                    sample,
                    prediction.noiseFromOutput(alpha, sigma),
                    output,
                    kept(step));
        }
    }

    /** Adds the predictions of {@code step} and those before it, with the weights from {@code first} on. */
    private void addHistory(double[] weights, int first, MemorySegment sample, int step) {
        for (int k = first; k < weights.length; k++) {
            work.add(weights[k], kept(step - (k - first)), sample);
        }
    }

    private MemorySegment kept(int step) {
        return history[step % history.length];
    }
}
