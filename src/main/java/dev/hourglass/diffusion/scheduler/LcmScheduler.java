package dev.hourglass.diffusion.scheduler;

import java.lang.foreign.MemorySegment;

/** Multistep sampling of latent consistency models (arXiv 2310.04378): {@code LCMScheduler}. */
final class LcmScheduler extends AlphaBarScheduler {

    static final String CLASS_NAME = "LCMScheduler";

    /** The deviation of data, in the conditions at the boundary. */
    private static final double SIGMA_DATA = 0.5;

    private final CleanLimit limit;
    private final double scaling;
    private final MemorySegment clean;

    LcmScheduler(Setup setup) {
        AlphaBars bars = AlphaBars.readRescaled(setup, new AlphaBars.Defaults(0.00085, 0.012, "scaled_linear"));
        super(setup, bars, timesteps(setup, bars), Prediction.readUsual(setup.config()));
        limit = CleanLimit.read(setup, false);
        scaling = setup.config().number("timestep_scaling", 10);
        clean = work.open(1)[0];
    }

    /** Evenly among the timesteps that the model was distilled for. */
    private static double[] timesteps(Setup setup, AlphaBars bars) {
        int train = setup.trainTimesteps();
        int original = setup.whole("original_inference_steps", 50, 1, train);
        setup.requireStepsUpTo(original);
        int stride = train / original;
        double spread = original / (double) setup.steps();
        double[] timesteps = new double[setup.steps()];
        for (int i = 0; i < timesteps.length; i++) {
            timesteps[i] = (original - (int) Math.floor(i * spread)) * stride - 1;
        }
        return bars.requireAll(setup.config(), timesteps);
    }

    @Override
    public boolean needsNoise(int step) {
        return step < steps() - 1;
    }

    @Override
    void advance(MemorySegment output, MemorySegment sample, MemorySegment noise, int step) {
        int t = (int) timestep(step);
        double alphaBar = alphaBars.at(t);
        double time = t * scaling;
        double whole = time * time + SIGMA_DATA * SIGMA_DATA;

        work.predictClean(prediction, Math.sqrt(alphaBar), Math.sqrt(1 - alphaBar), sample, output, clean);
        limit.apply(work, clean);
        work.blend(time / Math.sqrt(whole), clean, SIGMA_DATA * SIGMA_DATA / whole, sample, sample);
        if (noise != null) {
            double alphaBarNext = alphaBars.at((int) timestep(step + 1));
            work.blend(Math.sqrt(alphaBarNext), sample, Math.sqrt(1 - alphaBarNext), noise, sample);
        }
    }
}
