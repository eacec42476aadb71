package dev.hourglass.diffusion.scheduler;

import dev.hourglass.io.ModelConfig;

/** What schedulers have in common that step between timesteps of training: {@code sample = sqrt(alphaBar) clean + sqrt(1 - alphaBar) noise}. */
abstract sealed class AlphaBarScheduler extends AbstractScheduler
        permits DdpmScheduler, DdimScheduler, PndmScheduler, LcmScheduler {

    final AlphaBars alphaBars;

    AlphaBarScheduler(Setup setup, AlphaBars alphaBars, double[] timesteps, Prediction prediction) {
        super(setup, Plan.of(timesteps), prediction);
        this.alphaBars = alphaBars;
    }

    /** The timesteps that the spacing gives: DDPM's and DDIM's. */
    static double[] spaced(Setup setup, AlphaBars bars) {
        ModelConfig config = setup.config();
        setup.requireStepsUpTo(setup.trainTimesteps());
        TimestepSpacing spacing = TimestepSpacing.read(config, TimestepSpacing.LEADING);
        return bars.requireAll(
                config, spacing.whole(setup.trainTimesteps(), setup.steps(), config.integer("steps_offset", 0)));
    }

    @Override
    public final double cleanShare(int step) {
        return step < steps() ? Math.sqrt(alphaBars.at((int) timestep(step))) : 1;
    }

    @Override
    public final double noiseShare(int step) {
        return step < steps() ? Math.sqrt(1 - alphaBars.at((int) timestep(step))) : 0;
    }
}
