package dev.hourglass.diffusion.scheduler;

import dev.hourglass.io.ModelConfig;
import java.lang.foreign.MemorySegment;

/** Denoising diffusion implicit models (arXiv 2010.02502, equations 12 and 16): {@code DDIMScheduler}. */
final class DdimScheduler extends AlphaBarScheduler {

    static final String CLASS_NAME = "DDIMScheduler";

    private final double endAlphaBar;
    private final int stride; // from a timestep to the one before, whatever the spacing
    private final CleanLimit limit;
    private final double eta;
    private final boolean noiseFromClean;
    private final MemorySegment clean;

    DdimScheduler(Setup setup) {
        AlphaBars bars = AlphaBars.readRescaled(setup, AlphaBars.Defaults.DDPM);
        super(setup, bars, spaced(setup, bars), Prediction.readUsual(setup.config()));
        ModelConfig config = setup.config();
        endAlphaBar = config.bool("set_alpha_to_one", true) ? 1 : bars.at(0);
        stride = setup.trainTimesteps() / setup.steps();
        limit = CleanLimit.read(setup, true);
        eta = setup.arguments().number("eta", 0);
        noiseFromClean = setup.arguments().bool("use_clipped_model_output", false);
        clean = work.open(1)[0];
    }

    @Override
    public boolean needsNoise(int step) {
        return eta > 0;
    }

    @Override
    void advance(MemorySegment output, MemorySegment sample, MemorySegment noise, int step) {
        int t = (int) timestep(step);
        double alphaBar = alphaBars.at(t);
        double alphaBarBefore = t - stride >= 0 ? alphaBars.at(t - stride) : endAlphaBar;
        double alpha = Math.sqrt(alphaBar);
        double sigma = Math.sqrt(1 - alphaBar);
        double variance = (1 - alphaBarBefore) / (1 - alphaBar) * (1 - alphaBar / alphaBarBefore);
        double deviation = eta * Math.sqrt(variance);
        double direction = Math.sqrt(1 - alphaBarBefore - deviation * deviation);

        work.predictClean(prediction, alpha, sigma, sample, output, clean);
        limit.apply(work, clean);
        if (noiseFromClean) {
            work.scale(direction / sigma, sample, sample);
            work.add(Math.sqrt(alphaBarBefore) - direction * alpha / sigma, clean, sample);
        } else {
            work.blend(
                    direction * prediction.noiseFromSample(alpha, sigma),
                    sample,
                    direction * prediction.noiseFromOutput(alpha, sigma),
                    output,
                    sample);
            work.add(Math.sqrt(alphaBarBefore), clean, sample);
        }
        if (noise != null) {
            work.add(deviation, noise, sample);
        }
    }
}
