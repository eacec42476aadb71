package dev.hourglass;

import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ModelConfig;
import java.util.List;
import java.util.Optional;

/**
 * How images are drawn.
 *
 * @param scheduler a {@code scheduler_config.json}, see {@link dev.hourglass.diffusion.scheduler.Schedulers}; for models of twice as many
 *     channels out as in, see {@link dev.hourglass.diffusion.scheduler.Schedulers#withVariances}
 * @param steps diffusers' {@code num_inference_steps}
 * @param guidance classifier-free guidance; up to 1 the model is asked once a step, with the condition
 * @param classes for class-conditional models: image k is of class {@code k mod size}; empty for others
 * @param nullClass the class that stands for none; read where guidance is above 1
 * @param image a picture to start from; where there is none, drawing starts from pure noise
 */
public record SamplingOptions(
        ModelConfig scheduler,
        int steps,
        double guidance,
        List<Integer> classes,
        int nullClass,
        Optional<StartImage> image) {

    /** Drawing from pure noise. */
    public SamplingOptions(ModelConfig scheduler, int steps, double guidance, List<Integer> classes, int nullClass) {
        this(scheduler, steps, guidance, classes, nullClass, Optional.empty());
    }

    /** Keeps its own copy of the classes and checks the guidance. */
    public SamplingOptions {
        classes = List.copyOf(classes);
        if (!Double.isFinite(guidance) || guidance > 1 && classes.isEmpty()) {
            throw HourglassException.what("there is nothing to guide by")
                    .where("guidance")
                    .expected("a finite number, and a class where it is above 1")
                    .found(guidance + (classes.isEmpty() ? " without a class" : ""))
                    .mend("choose a class, or leave guidance out")
                    .build();
        }
    }

    /** The same from a picture. */
    public SamplingOptions withImage(StartImage image) {
        return new SamplingOptions(scheduler, steps, guidance, classes, nullClass, Optional.of(image));
    }

    /** Whether the model is asked twice a step. */
    boolean guided() {
        return guidance > 1;
    }
}
