package dev.hourglass;

import dev.hourglass.diffusion.Denoiser;
import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.MemoryPlan;
import dev.hourglass.graph.MicroBatches;
import dev.hourglass.graph.Node;
import dev.hourglass.graph.Weights;
import dev.hourglass.io.ImageLayout;
import dev.hourglass.io.Images;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.memory.ChannelOrder;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import dev.hourglass.parallel.Workers;
import dev.hourglass.unet.Architecture;
import java.awt.image.BufferedImage;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * A model compiled for one batch and image size. Images are {@code [N, C, H, W]} here, as in PyTorch. A run on arrays or segments
 * allocates nothing; runs of one session take turns. The model must stay open for as long as its sessions.
 */
public final class Session implements AutoCloseable {

    private final Architecture architecture;
    private final SessionOptions options;
    private final Workers workers;
    private final MicroBatches program;
    private final Slab staging;
    private final Tensor stagedInput;
    private final Tensor stagedOutput;
    private final Tensor sample;
    private final Tensor timesteps;
    private final Tensor prediction;
    private final Kernels kernels;
    private final Set<String> missingConditions;
    private boolean closed;

    Session(Architecture architecture, Weights weights, SessionOptions options) {
        this.architecture = architecture;
        this.options = options;
        Set<String> conditions = architecture.conditions(options.tokens()).keySet();
        missingConditions = new TreeSet<>(conditions);
        missingConditions.removeAll(architecture.optionalConditions().keySet());
        Models.requireSize(architecture, options);
        kernels = options.arithmetic().kernels();
        workers = new Workers(options.threads());
        MicroBatches compiled = null;
        try {
            compiled = MicroBatches.forInference(
                    part -> Models.inferenceGraph(architecture, options.withBatch(part)),
                    options.batch(),
                    weights,
                    kernels,
                    workers);
            long inputBytes =
                    Slab.aligned(compiled.input(Architecture.SAMPLE).shape().floatBytes());
            long outputBytes = compiled.output(Models.OUTPUT).shape().floatBytes();
            staging = Slab.open("images at the public face", inputBytes + outputBytes);
        } catch (RuntimeException e) {
            workers.close();
            if (compiled != null) {
                compiled.close();
            }
            throw e;
        }
        program = compiled;
        sample = program.input(Architecture.SAMPLE);
        timesteps = program.input(Architecture.TIMESTEP);
        prediction = program.output(Models.OUTPUT);
        architecture.optionalConditions().forEach((name, value) -> {
            Tensor input = program.input(name);
            kernels.elementwise().fill(input.segment(), value, 0, input.shape().elements());
        });
        stagedInput = staging.tensor(0, sample.shape());
        stagedOutput = staging.tensor(Slab.aligned(sample.shape().floatBytes()), prediction.shape());
    }

    /**
     * Sets one of the model's {@link Architecture#conditions} for the runs that follow; each must be set before the first, except for
     * {@link Architecture#optionalConditions}.
     *
     * @param name diffusers' name: {@code class_labels}
     * @param values {@code [N, ..]}
     * @throws HourglassException when the model has no such input, the length is wrong, a value is not finite or the session is closed
     */
    public synchronized void condition(String name, float[] values) {
        requireOpen();
        requireKnown(name);
        Tensor input = program.input(name);
        requireLength(name, input, values.length);
        input.copyFrom(values);
        requireFinite(name, input);
        missingConditions.remove(name);
    }

    /**
     * One of the model's conditions as runs read it, {@code [N, ..]}, for those who fill it themselves before a run; it counts as set.
     *
     * @throws HourglassException when the model has no such input or the session is closed
     */
    public synchronized Tensor condition(String name) {
        requireOpen();
        requireKnown(name);
        missingConditions.remove(name);
        return program.input(name);
    }

    /** Sets all of the model's conditions to zero, for those who ask how it computes and not what. */
    public synchronized void conditionsZero() {
        for (String name : architecture.conditions(options.tokens()).keySet()) {
            condition(
                    name, new float[Math.toIntExact(program.input(name).shape().elements())]);
        }
    }

    /**
     * One forward pass.
     *
     * @param sample {@code [N, C, H, W]}
     * @param timesteps {@code [N]}
     * @param output receives the prediction {@code [N, C, H, W]}
     * @throws HourglassException when a length is wrong, a value is not finite or the session is closed
     */
    public synchronized void run(float[] sample, float[] timesteps, float[] output) {
        requireOpen();
        requireLength("sample", this.sample, sample.length);
        requireLength("timesteps", this.timesteps, timesteps.length);
        requireLength("output", prediction, output.length);
        stagedInput.copyFrom(sample);
        this.timesteps.copyFrom(timesteps);
        runStaged();
        stagedOutput.copyTo(output);
    }

    /**
     * One forward pass on segments of float32 in the machine's byte order, heap or native; shapes as for arrays.
     *
     * @throws HourglassException when a length is wrong, a value is not finite or the session is closed
     */
    public synchronized void run(MemorySegment sample, MemorySegment timesteps, MemorySegment output) {
        requireOpen();
        requireLength("sample", this.sample, sample.byteSize() / Float.BYTES);
        requireLength("timesteps", this.timesteps, timesteps.byteSize() / Float.BYTES);
        requireLength("output", prediction, output.byteSize() / Float.BYTES);
        stagedInput.segment().copyFrom(sample);
        this.timesteps.segment().copyFrom(timesteps);
        runStaged();
        output.copyFrom(stagedOutput.segment());
    }

    /**
     * One forward pass on a picture, for sessions of batch 1. Pixels 0 to 255 become -1 to 1 on the way in; on the way out values
     * beyond -1 and 1 are clipped.
     *
     * @param timestep the timestep
     * @return the prediction as a picture of the same size
     */
    public synchronized BufferedImage run(BufferedImage sample, float timestep) {
        requireOpen();
        if (options.batch() != 1 || sample.getWidth() != options.width() || sample.getHeight() != options.height()) {
            throw HourglassException.what("the picture does not fit the session")
                    .expected(options.height() + "x" + options.width() + " in a batch of " + options.batch())
                    .found(sample.getHeight() + "x" + sample.getWidth() + " in a batch of 1")
                    .mend("compile a session for this size and batch 1")
                    .build();
        }
        requireConditions();
        this.sample.copyFrom(Images.toFloats(sample, architecture.inChannels()));
        timesteps.set(0, timestep);
        requireFinite("sample", this.sample);
        requireFinite("timesteps", timesteps);
        program.forward();
        return Images.grid(prediction.segment(), prediction.shape(), ImageLayout.NHWC, 1, 0, 1);
    }

    private void runStaged() {
        requireConditions();
        ChannelOrder.channelsLast(stagedInput.segment(), sample.segment(), sample.shape());
        requireFinite("sample", sample);
        requireFinite("timesteps", timesteps);
        program.forward();
        ChannelOrder.channelsFirst(prediction.segment(), stagedOutput.segment(), prediction.shape());
    }

    /** The session as a sampler sees it: its own tensors, {@code [N, H, W, C]}, without copies. */
    public Denoiser denoiser() {
        return new Denoiser() {
            @Override
            public Tensor sample() {
                return sample;
            }

            @Override
            public Tensor timesteps() {
                return timesteps;
            }

            @Override
            public void predict() {
                synchronized (Session.this) {
                    requireOpen();
                    requireConditions();
                    program.forward();
                }
            }

            @Override
            public Tensor prediction() {
                return prediction;
            }
        };
    }

    /** The operations of a pass, in the order in which they run. */
    public List<Node> nodes() {
        return program.nodes();
    }

    /** A forward pass on the images of the last run that adds the nanoseconds of each of the {@link #nodes} to {@code nanos}. */
    public synchronized void profile(long[] nanos) {
        requireOpen();
        program.profile(nanos, null);
    }

    /** What the session was compiled for. */
    public SessionOptions options() {
        return options;
    }

    /** The shape of samples, {@code [N, C, H, W]}. */
    public Shape sampleShape() {
        return Shape.of(options.batch(), architecture.inChannels(), options.height(), options.width());
    }

    /** The shape of predictions, {@code [N, C, H, W]}. */
    public Shape outputShape() {
        return Shape.of(options.batch(), architecture.outChannels(), options.height(), options.width());
    }

    /** The memory the session holds. */
    public MemoryPlan plan() {
        return program.plan();
    }

    /** Waits for a run in progress and gives memory and threads back. Closing twice is harmless. */
    @Override
    public synchronized void close() {
        closed = true;
        program.close();
        staging.close();
        workers.close();
    }

    private void requireOpen() {
        if (closed) {
            throw HourglassException.what("the session is closed")
                    .expected("an open session")
                    .mend("keep the session open until its last run")
                    .build();
        }
    }

    private void requireKnown(String name) {
        Set<String> known = architecture.conditions(options.tokens()).keySet();
        if (!known.contains(name)) {
            throw HourglassException.what("the model has no such input")
                    .where(architecture.className())
                    .expected(
                            known.isEmpty()
                                    ? "no inputs but sample and timestep"
                                    : "one of " + String.join(", ", known))
                    .found(name)
                    .build();
        }
    }

    private void requireConditions() {
        if (!missingConditions.isEmpty()) {
            throw HourglassException.what("the model needs more than images and timesteps")
                    .where(architecture.className())
                    .expected(String.join(", ", missingConditions))
                    .found("nothing")
                    .mend("set it with Session.condition before the first run")
                    .build();
        }
    }

    private void requireLength(String name, Tensor tensor, long found) {
        if (found != tensor.shape().elements()) {
            boolean image = tensor.shape().rank() == 4;
            throw HourglassException.what("wrong number of values")
                    .where(name)
                    .expected(tensor.shape().elements()
                            + (image ? ", [N, C, H, W] for " : ", one for each of ")
                            + (image
                                    ? options.batch() + " images of " + options.height() + "x" + options.width()
                                    : options.batch() + " images"))
                    .found(found)
                    .mend("compile a session for this batch and size")
                    .build();
        }
    }

    private void requireFinite(String name, Tensor tensor) {
        long at = kernels.elementwise()
                .firstNonFinite(tensor.segment(), 0, tensor.shape().elements());
        if (at >= 0) {
            throw HourglassException.what("a value is not finite")
                    .where(name + ", image "
                            + at / (tensor.shape().elements() / tensor.shape().dim(0)))
                    .expected("finite numbers")
                    .found(tensor.segment().getAtIndex(ValueLayout.JAVA_FLOAT, at))
                    .mend("check where the input comes from")
                    .build();
        }
    }
}
