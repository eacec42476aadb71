package dev.hourglass.measure;

import dev.hourglass.ImageSize;
import dev.hourglass.SessionOptions;
import dev.hourglass.UNet;
import dev.hourglass.graph.MemoryPlan;
import dev.hourglass.graph.Node;
import dev.hourglass.kernel.WeightFormat;
import dev.hourglass.unet.Architecture;

/**
 * Something to measure.
 *
 * @param batch images at a time, at least 1
 * @param threads threads that work, at least 1
 * @param weights what the weights are packed in; training needs float32
 */
public record Job(Mode mode, int batch, int threads, WeightFormat weights) {

    /** Checks the weights. */
    public Job {
        if (mode == Mode.TRAIN && weights != WeightFormat.FLOAT32) {
            throw new IllegalArgumentException("training on weights in " + weights.key());
        }
    }

    /** A job on weights as they are. */
    public Job(Mode mode, int batch, int threads) {
        this(mode, batch, threads, WeightFormat.FLOAT32);
    }

    /** The job in words. */
    public String label() {
        String format = weights == WeightFormat.FLOAT32 ? "" : ", weights in " + weights.key();
        return mode.label() + ", batch " + batch + ", " + threads + (threads == 1 ? " thread" : " threads") + format;
    }

    SessionOptions options(ImageSize size) {
        return SessionOptions.of(batch, size.height(), size.width())
                .withThreads(threads)
                .withWeights(weights);
    }

    /** Multiply-adds of one forward pass of the whole batch. */
    long multiplyAdds(Architecture architecture, ImageSize size) {
        return batch
                * UNet.graph(architecture, options(size).withBatch(1)).nodes().stream()
                        .mapToLong(Node::multiplyAdds)
                        .sum();
    }

    /**
     * Off-heap bytes by plan: weights, activations and scratch; for training gradients and both moments too.
     *
     * @param stored whether the weights are in files, where inference leaves them
     */
    long plannedBytes(Architecture architecture, ImageSize size, boolean stored) {
        MemoryPlan plan = switch (mode) {
            case INFER -> UNet.inferencePlan(architecture, options(size));
            case TRAIN -> UNet.trainingPlan(architecture, options(size), false);
        };
        int copies = mode == Mode.TRAIN ? 4 : stored ? 0 : 1;
        return copies * plan.parameters() + plan.programBytes();
    }
}
