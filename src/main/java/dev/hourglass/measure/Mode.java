package dev.hourglass.measure;

import java.util.List;
import java.util.Locale;

/** What a job does with its images. */
public enum Mode {

    /** A forward pass of a {@link dev.hourglass.Session}, from images to predictions. */
    INFER(1, List.of(1, 16, 128)),

    /** A step of a {@link dev.hourglass.train.Trainer}: noise, forward, loss, backward, AdamW. */
    TRAIN(3, List.of(128));

    private final int passes;
    private final List<Integer> usualBatches;

    Mode(int passes, List<Integer> usualBatches) {
        this.passes = passes;
        this.usualBatches = usualBatches;
    }

    /** How many forward passes a step counts as: backward costs two, one for the inputs' gradients and one for the weights'. */
    public int passes() {
        return passes;
    }

    /** The batches that are measured where none are asked for. */
    public List<Integer> usualBatches() {
        return usualBatches;
    }

    /** The name in options and reports. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
