package dev.hourglass.diffusion.scheduler;

import java.lang.foreign.MemorySegment;

/**
 * Euler's method to a lower noise level than is meant, and new noise up to that, as Katherine Crowson's k-diffusion has it: {@code
 * EulerAncestralDiscreteScheduler}.
 */
final class EulerAncestralScheduler extends AbstractScheduler {

    static final String CLASS_NAME = "EulerAncestralDiscreteScheduler";

    private final Prediction prediction;
    private final double initNoiseSigma;

    EulerAncestralScheduler(Setup setup) {
        SigmaTable table = new SigmaTable(AlphaBars.readDivisible(setup, AlphaBars.Defaults.DDPM));
        double[] timesteps = SigmaPlan.timesteps(setup);
        Plan plan = new Plan(timesteps, SigmaSpacing.rounded(table.at(timesteps), 0));
        super(setup, plan);
        prediction = Prediction.read(setup.config(), Prediction.EPSILON, Prediction.V_PREDICTION);
        initNoiseSigma = SigmaPlan.initNoiseSigma(setup, plan);
        work.open(0);
    }

    @Override
    public double initNoiseSigma() {
        return initNoiseSigma;
    }

    @Override
    double inputScale(int step) {
        return SigmaPlan.inputScale(sigma(step));
    }

    @Override
    public double cleanShare(int step) {
        return 1;
    }

    @Override
    public double noiseShare(int step) {
        return sigma(step);
    }

    @Override
    public void begin(int step) {
        beginAt(step);
    }

    @Override
    public boolean needsNoise(int step) {
        return up(step) > 0;
    }

    /** The deviation of new noise. */
    private double up(int step) {
        double from = sigma(step);
        double to = sigma(step + 1);
        return Math.sqrt(to * to * (from * from - to * to) / (from * from));
    }

    @Override
    void advance(MemorySegment output, MemorySegment sample, MemorySegment noise, int step) {
        double sigma = sigma(step);
        double up = up(step);
        double down = Math.sqrt(sigma(step + 1) * sigma(step + 1) - up * up);
        double along = (down - sigma) / sigma;
        work.blend(
                1 + along * (1 - SigmaPlan.cleanFromSample(prediction, sigma)),
                sample,
                -along * SigmaPlan.cleanFromOutput(prediction, sigma),
                output,
                sample);
        if (noise != null) {
            work.add(up, noise, sample);
        }
    }
}
