package dev.hourglass.diffusion.scheduler;

/** What schedulers have in common that step between noise levels: {@code sample = clean + sigma noise} (arXiv 2206.00364). */
abstract sealed class SigmaScheduler extends AbstractScheduler
        permits EulerScheduler, EulerAncestralScheduler, HeunScheduler, LmsScheduler {

    private final double initNoiseSigma;

    SigmaScheduler(Setup setup, Plan plan, Prediction prediction) {
        super(setup, plan, prediction);
        initNoiseSigma = SigmaPlan.initNoiseSigma(setup, plan);
    }

    @Override
    public final double initNoiseSigma() {
        return initNoiseSigma;
    }

    @Override
    final double inputScale(int step) {
        return SigmaPlan.inputScale(sigma(step));
    }

    @Override
    public final double cleanShare(int step) {
        return 1;
    }

    @Override
    public final double noiseShare(int step) {
        return sigma(step);
    }
}
