package dev.hourglass.train;

import dev.hourglass.diffusion.NoisePrediction;
import dev.hourglass.diffusion.NoiseSchedule;
import dev.hourglass.diffusion.Streams;
import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.MemoryPlan;
import dev.hourglass.graph.Node;
import dev.hourglass.graph.Weights;
import dev.hourglass.io.ImageBytes;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.kernel.Philox;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import dev.hourglass.parallel.Workers;
import dev.hourglass.unet.Architecture;
import java.util.List;

/**
 * Trains a U-Net to predict noise in images. The same options, data and machine give the same weights to the last bit, whatever the
 * number of threads. A step allocates nothing. Used by one thread at a time.
 */
public final class Trainer implements AutoCloseable {

    /** Whole numbers below this are exact as floats: two of them make a key of 48 bits. */
    private static final int KEYS = 1 << 24;

    private final Weights weights;
    private final ImageBytes images;
    private final TrainingOptions options;
    private final Kernels kernels;
    private final Slab slab;
    private final Tensor clean;
    private final TrainingStep step;
    private final NoisePrediction objective;
    private final BatchOrder order;
    private final ConditionFeed feed;
    private final Ema ema;
    private final Tensor dropoutKeys;
    private long steps;

    /**
     * Compiles the training step. The weights and the images stay the caller's, who closes them after this.
     *
     * @param weights the model's, initialised or trained before; they are changed by every step
     * @param images what to learn, at least a batch of them
     */
    public Trainer(
            Architecture architecture,
            Weights weights,
            ImageBytes images,
            NoiseSchedule schedule,
            TrainingOptions options,
            Kernels kernels,
            Workers workers) {
        this(architecture, weights, images, Conditions.none(), schedule, options, kernels, workers);
    }

    /**
     * The same for models that are told more than images.
     *
     * @param conditions what the model is told about each image, by diffusers' names; read by every step, the caller's
     */
    public Trainer(
            Architecture architecture,
            Weights weights,
            ImageBytes images,
            Conditions conditions,
            NoiseSchedule schedule,
            TrainingOptions options,
            Kernels kernels,
            Workers workers) {
        requireFit(architecture, images);
        architecture.requireTimesteps(0, schedule.steps() - 1);
        this.weights = weights;
        this.images = images;
        this.options = options;
        this.kernels = kernels;
        order = new BatchOrder(images.count(), options.batch(), options.seed());
        Shape shape = Shape.of(options.batch(), images.height(), images.width(), images.channels());
        step = new TrainingStep(
                architecture,
                weights,
                options.batch(),
                images.height(),
                images.width(),
                ConditionFeed.tokens(architecture, conditions),
                options.recompute(),
                options.optimizer(),
                kernels,
                workers);
        try {
            feed = new ConditionFeed(
                    architecture,
                    conditions,
                    images.count(),
                    options.dropClass(),
                    options.seed(),
                    kernels.elementwise(),
                    step::condition);
        } catch (RuntimeException e) {
            step.close();
            throw e;
        }
        slab = Slab.open("clean images of a batch", shape.floatBytes());
        clean = slab.tensor(0, shape);
        objective =
                new NoisePrediction(schedule, kernels, workers, clean, step.timesteps(), step.target(), step.sample());
        dropoutKeys = architecture.dropout() > 0 ? step.dropoutKeys() : null;
        ema = options.emaDecay() > 0 ? new Ema(options.emaDecay(), kernels.optimizer(), workers, weights) : null;
    }

    private static void requireFit(Architecture architecture, ImageBytes images) {
        if (architecture.inChannels() != architecture.outChannels()) {
            throw HourglassException.what("the model does not predict the noise of its input")
                    .where(architecture.className())
                    .expected("as many channels out as in")
                    .found(architecture.inChannels() + " in, " + architecture.outChannels() + " out")
                    .build();
        }
        int smallest = architecture.minimumSize();
        if (images.channels() != architecture.inChannels() || images.height() < smallest || images.width() < smallest) {
            throw HourglassException.what("the images do not fit the model")
                    .where(architecture.className())
                    .expected(architecture.inChannels() + " channels, at least " + smallest + "x" + smallest)
                    .found(images.channels() + " channels, " + images.height() + "x" + images.width())
                    .mend("convert or resize the images")
                    .build();
        }
    }

    /**
     * Takes one step.
     *
     * @return the loss of the batch before the step
     * @throws HourglassException when the loss is not finite; the weights are then of no more use
     */
    public float step() {
        for (int slot = 0; slot < options.batch(); slot++) {
            long pixels = images.imageBytes();
            int image = order.image(steps, slot);
            kernels.elementwise()
                    .bytesToFloats(
                            images.pixels(), clean.segment(), 2f / 255f, -1f, image * pixels, slot * pixels, pixels);
            feed.feed(steps, slot, image);
        }
        drawDropoutKeys();
        objective.prepare(options.seed(), steps);
        float loss = step.run(options.rate().at(steps));
        steps++;
        if (ema != null) {
            ema.step(steps);
        }
        if (!Float.isFinite(loss)) {
            throw HourglassException.what("training has diverged: the loss is not a finite number")
                    .where("step " + steps)
                    .expected("a finite loss")
                    .found(loss)
                    .mend("use a lower learning rate, and go on from the last checkpoint")
                    .build();
        }
        return loss;
    }

    private void drawDropoutKeys() {
        for (int k = 0; dropoutKeys != null && k < dropoutKeys.shape().elements(); k++) {
            dropoutKeys.set(k, Philox.below(options.seed(), Streams.trainingDropout(steps), k, KEYS));
        }
    }

    /** The operations of a step, in the order in which a forward pass runs them. */
    public List<Node> nodes() {
        return step.nodes();
    }

    /** Forward and backward on the last step's batch, weights unchanged; adds the nanoseconds of each of the {@link #nodes}. */
    public void profile(long[] forwardNanos, long[] backwardNanos) {
        step.profile(forwardNanos, backwardNanos);
    }

    /** Steps taken, those before a checkpoint included. */
    public long steps() {
        return steps;
    }

    /** Steps that go through all images once. */
    public long stepsPerEpoch() {
        return order.stepsPerEpoch();
    }

    /** The settings. */
    public TrainingOptions options() {
        return options;
    }

    /** The weights that are trained. */
    public Weights rawWeights() {
        return weights;
    }

    /** The weights to use: averaged where an average is kept, raw otherwise. */
    public Weights bestWeights() {
        return ema == null ? weights : ema.average();
    }

    /** The memory that forward and backward need. */
    public MemoryPlan plan() {
        return step.plan();
    }

    AdamW optimizer() {
        return step.optimizer();
    }

    /** The average, or {@code null}. */
    Ema ema() {
        return ema;
    }

    /** What decided what the last step dropped, {@code [N, 2]}; {@code null} for models that drop nothing. */
    Tensor dropoutKeys() {
        return dropoutKeys;
    }

    /** Goes on as after {@code steps} steps; weights, moments and average are set by the caller. */
    void resumeAt(long steps) {
        this.steps = steps;
        step.optimizer().resumeAt(steps);
    }

    @Override
    public void close() {
        step.close();
        slab.close();
        if (ema != null) {
            ema.close();
        }
    }
}
