package dev.hourglass.diffusion.scheduler;

import java.lang.foreign.MemorySegment;

/**
 * Euler's method to a lower noise level than is meant, and new noise up to that, as Katherine Crowson's k-diffusion has it: {@code
 * EulerAncestralDiscreteScheduler}.
 */
final class EulerAncestralScheduler extends SigmaScheduler {

    static final String CLASS_NAME = "EulerAncestralDiscreteScheduler";

    EulerAncestralScheduler(Setup setup) {
        SigmaTable table = new SigmaTable(AlphaBars.readDivisible(setup, AlphaBars.Defaults.DDPM));
        double[] timesteps = SigmaPlan.timesteps(setup);
        Plan plan = new Plan(timesteps, SigmaSpacing.rounded(table.at(timesteps), 0));
        super(setup, plan, Prediction.read(setup.config(), Prediction.EPSILON, Prediction.V_PREDICTION));
        work.open(0);
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
