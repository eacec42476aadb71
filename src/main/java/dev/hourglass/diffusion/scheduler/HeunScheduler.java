package dev.hourglass.diffusion.scheduler;

import java.lang.foreign.MemorySegment;

/**
 * Heun's method: a step of Euler's, and the same again with the mean of the slopes at both ends (Karras et al., arXiv 2206.00364,
 * algorithm 1). Every noise level but the first is asked twice. {@code HeunDiscreteScheduler}.
 */
final class HeunScheduler extends SigmaScheduler {

    static final String CLASS_NAME = "HeunDiscreteScheduler";

    private final CleanLimit limit;
    private final MemorySegment clean;
    private final MemorySegment slope;
    private final MemorySegment base;

    HeunScheduler(Setup setup) {
        SigmaTable table =
                new SigmaTable(AlphaBars.read(setup, new AlphaBars.Defaults(0.00085, 0.012, "linear", "exp")));
        super(setup, twice(SigmaPlan.respaced(setup, table)), Prediction.readUsual(setup.config()));
        limit = CleanLimit.readClip(setup, false);
        MemorySegment[] buffers = work.open(3);
        clean = buffers[0];
        slope = buffers[1];
        base = buffers[2];
    }

    private static Plan twice(Plan once) {
        int steps = 2 * once.timesteps().length - 1;
        double[] timesteps = new double[steps];
        double[] sigmas = new double[steps + 1];
        for (int i = 0; i < steps; i++) {
            timesteps[i] = once.timesteps()[(i + 1) / 2];
            sigmas[i] = once.sigmas()[(i + 1) / 2];
        }
        sigmas[steps] = once.sigmas()[once.sigmas().length - 1];
        return new Plan(timesteps, sigmas);
    }

    @Override
    int stepsIn(int skipped) {
        return 2 * skipped;
    }

    @Override
    boolean mayBegin(int step) {
        return step % 2 == 0;
    }

    @Override
    public boolean remembers() {
        return true;
    }

    @Override
    void advance(MemorySegment output, MemorySegment sample, MemorySegment noise, int step) {
        double sigma = sigma(step);
        work.blend(
                SigmaPlan.cleanFromSample(prediction, sigma),
                sample,
                SigmaPlan.cleanFromOutput(prediction, sigma),
                output,
                clean);
        limit.apply(work, clean);
        if (step % 2 == 0) {
            work.copy(sample, base);
            work.blend(1 / sigma, sample, -1 / sigma, clean, slope);
            // The slope is added by its terms: most of a noisy sample cancels, and does so in double.
            double along = (sigma(step + 1) - sigma) / sigma;
            work.blend(1 + along, sample, -along, clean, sample);
        } else {
            work.blend(1 / sigma, sample, -1 / sigma, clean, clean);
            work.blend(0.5, slope, 0.5, clean, slope);
            work.blend(1, base, sigma - sigma(step - 1), slope, sample);
        }
    }
}
