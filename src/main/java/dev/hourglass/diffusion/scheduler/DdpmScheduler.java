package dev.hourglass.diffusion.scheduler;

import dev.hourglass.io.ModelConfig;
import dev.hourglass.memory.Shape;
import java.lang.foreign.MemorySegment;

/** Ancestral sampling of DDPM (arXiv 2006.11239, algorithm 2), with learned variances (arXiv 2102.09672): {@code DDPMScheduler}. */
final class DdpmScheduler extends AlphaBarScheduler {

    static final String CLASS_NAME = "DDPMScheduler";
    static final String VARIANCE_TYPE = "variance_type";

    /** What a variance is at least, for its logarithm. */
    private static final double LEAST_VARIANCE = 1e-20;

    private enum Variance {
        /** The posterior's own. */
        SMALL,
        /** The forward process's. */
        LARGE,
        /** The model's. */
        LEARNED,
        /** Between the two, in the logarithm, where the model says. */
        LEARNED_RANGE
    }

    private final CleanLimit limit;
    private final Shape outputShape;
    private final Variance variance;
    private final MemorySegment clean;
    private final MemorySegment mean; // with a learned variance, the output's first half
    private final MemorySegment spread; // and its second half

    DdpmScheduler(Setup setup) {
        AlphaBars bars =
                AlphaBars.readRescaled(setup, new AlphaBars.Defaults(1e-4, 0.02, "linear", "laplace", "sigmoid"));
        super(setup, bars, spaced(setup, bars), Prediction.readUsual(setup.config()));
        limit = CleanLimit.read(setup, true);
        variance = variance(setup.config());
        outputShape = learned() ? work.twiceTheChannels() : work.shape();
        MemorySegment[] buffers = work.open(learned() ? 3 : 1);
        clean = buffers[0];
        mean = learned() ? buffers[1] : null;
        spread = learned() ? buffers[2] : null;
    }

    /** The logarithmic kinds are the same variances, by way of their logarithms. */
    private static Variance variance(ModelConfig config) {
        return switch (config.choice(
                VARIANCE_TYPE,
                "fixed_small",
                "fixed_small",
                "fixed_small_log",
                "fixed_large",
                "fixed_large_log",
                "learned",
                "learned_range")) {
            case "fixed_large", "fixed_large_log" -> Variance.LARGE;
            case "learned" -> Variance.LEARNED;
            case "learned_range" -> Variance.LEARNED_RANGE;
            default -> Variance.SMALL;
        };
    }

    private boolean learned() {
        return variance == Variance.LEARNED || variance == Variance.LEARNED_RANGE;
    }

    @Override
    public Shape outputShape() {
        return outputShape;
    }

    @Override
    public boolean needsNoise(int step) {
        return timestep(step) > 0;
    }

    @Override
    void advance(MemorySegment output, MemorySegment sample, MemorySegment noise, int step) {
        int t = (int) timestep(step);
        int before = step + 1 < steps() ? (int) timestep(step + 1) : -1;
        double alphaBar = alphaBars.at(t);
        double alphaBarBefore = before < 0 ? 1 : alphaBars.at(before);
        double alpha = (float) (alphaBar / alphaBarBefore); // rounded as the table is: 1 - alpha may be tiny
        double beta = 1 - alpha;

        MemorySegment predicted = output;
        if (learned()) {
            work.half(output, 0, mean);
            predicted = mean;
        }
        work.predictClean(prediction, Math.sqrt(alphaBar), Math.sqrt(1 - alphaBar), sample, predicted, clean);
        limit.apply(work, clean);
        work.blend(
                Math.sqrt(alphaBarBefore) * beta / (1 - alphaBar),
                clean,
                Math.sqrt(alpha) * (1 - alphaBarBefore) / (1 - alphaBar),
                sample,
                sample);
        if (noise != null) {
            double small = Math.max((1 - alphaBarBefore) / (1 - alphaBar) * beta, LEAST_VARIANCE);
            addNoise(output, sample, noise, small, beta);
        }
    }

    private void addNoise(MemorySegment output, MemorySegment sample, MemorySegment noise, double small, double large) {
        switch (variance) {
            case SMALL -> work.add(Math.sqrt(small), noise, sample);
            case LARGE -> work.add(Math.sqrt(large), noise, sample);
            case LEARNED -> {
                work.half(output, 1, spread);
                work.addRoot(spread, noise, sample);
            }
            case LEARNED_RANGE -> {
                // half the logarithm of the variance, linear in the output: -1 stands for small, 1 for large
                work.half(output, 1, spread);
                double slope = (Math.log(large) - Math.log(small)) / 4;
                double middle = (Math.log(large) + Math.log(small)) / 4;
                work.addExponential(slope, spread, middle, noise, sample);
            }
        }
    }
}
