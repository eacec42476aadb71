package dev.hourglass;

import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ModelConfig;
import java.util.Optional;

/**
 * How images are drawn.
 *
 * @param scheduler a {@code scheduler_config.json}, see {@link dev.hourglass.diffusion.scheduler.Schedulers}; for models of twice as many
 *     channels out as in, see {@link dev.hourglass.diffusion.scheduler.Schedulers#withVariances}
 * @param steps diffusers' {@code num_inference_steps}
 * @param prompt what the model is told; stays the caller's, to be closed after the drawing
 * @param guidance classifier-free guidance; up to 1 the model is asked once a step, with the condition
 * @param image a picture to start from; where there is none, drawing starts from pure noise
 */
public record SamplingOptions(
        ModelConfig scheduler, int steps, Prompt prompt, double guidance, Optional<StartImage> image) {

    /** Checks the guidance. */
    public SamplingOptions {
        if (!Double.isFinite(guidance) || guidance > 1 && !prompt.guides()) {
            throw HourglassException.what("there is nothing to guide by")
                    .where("guidance")
                    .expected("a finite number, and what the model is told without the condition where it is above 1")
                    .found(guidance)
                    .mend("choose a class, give inputs named " + Prompt.NEGATIVE + "..., or leave guidance out")
                    .build();
        }
    }

    /** Drawing from pure noise by a model that is told nothing. */
    public static SamplingOptions of(ModelConfig scheduler, int steps) {
        return new SamplingOptions(scheduler, steps, Prompt.none(), 1, Optional.empty());
    }

    /** The same by a model that listens. */
    public SamplingOptions withPrompt(Prompt prompt, double guidance) {
        return new SamplingOptions(scheduler, steps, prompt, guidance, image);
    }

    /** The same from a picture. */
    public SamplingOptions withImage(StartImage image) {
        return new SamplingOptions(scheduler, steps, prompt, guidance, Optional.of(image));
    }

    /** Whether the model is asked twice a step. */
    boolean guided() {
        return guidance > 1;
    }
}
