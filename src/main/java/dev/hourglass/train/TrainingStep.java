package dev.hourglass.train;

import dev.hourglass.graph.Graph;
import dev.hourglass.graph.MemoryPlan;
import dev.hourglass.graph.MicroBatches;
import dev.hourglass.graph.Node;
import dev.hourglass.graph.Value;
import dev.hourglass.graph.Weights;
import dev.hourglass.graph.op.Dropout;
import dev.hourglass.graph.op.MeanSquaredError;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Tensor;
import dev.hourglass.parallel.Workers;
import dev.hourglass.unet.Architecture;
import java.util.List;
import java.util.Set;

/**
 * One step of training on tensors that the caller fills: forward, mean squared error against the target, backward, AdamW. A step
 * allocates nothing.
 */
public final class TrainingStep implements AutoCloseable {

    /** The input that decides what is dropped, two numbers for each image; only for models that drop. */
    public static final String DROPOUT = "dropout";

    private final Weights gradients;
    private final MicroBatches program;
    private final AdamW optimizer;

    /** Compiles the step for one batch and image size, and texts of one token. The weights stay the caller's. */
    public TrainingStep(
            Architecture architecture,
            Weights weights,
            int batch,
            int height,
            int width,
            AdamW.Settings settings,
            Kernels kernels,
            Workers workers) {
        this(architecture, weights, batch, height, width, 1, false, settings, kernels, workers);
    }

    /**
     * The same for texts of some tokens.
     *
     * @param recompute as in {@link TrainingOptions}
     */
    public TrainingStep(
            Architecture architecture,
            Weights weights,
            int batch,
            int height,
            int width,
            int tokens,
            boolean recompute,
            AdamW.Settings settings,
            Kernels kernels,
            Workers workers) {
        gradients = Weights.open("gradients", weights.parameters());
        program = MicroBatches.forTraining(
                part -> graph(architecture, part, height, width, tokens),
                batch,
                weights,
                gradients,
                recompute,
                kernels,
                workers);
        optimizer = new AdamW(settings, kernels.optimizer(), workers, weights, gradients);
    }

    /** The model with its loss: the architecture's inputs, {@code target} and perhaps {@link #DROPOUT}, output {@code loss}. */
    public static Graph graph(Architecture architecture, int batch, int height, int width) {
        return graph(architecture, batch, height, width, 1);
    }

    /** The same for texts of some tokens. */
    public static Graph graph(Architecture architecture, int batch, int height, int width, int tokens) {
        Graph graph = new Graph();
        if (architecture.dropout() > 0) {
            graph.dropByKeys(graph.input(DROPOUT, Shape.of(batch, Dropout.KEY)));
        }
        Value prediction = architecture.build(graph, batch, height, width, tokens, Set.of());
        Value target = graph.input("target", Shape.of(batch, height, width, architecture.outChannels()));
        graph.output("loss", graph.apply("loss", new MeanSquaredError(), List.of(), prediction, target));
        return graph;
    }

    /** The model's input {@code [N, H, W, C]}. */
    public Tensor sample() {
        return program.input("sample");
    }

    /** Timesteps {@code [N]}. */
    public Tensor timesteps() {
        return program.input("timestep");
    }

    /** One of the architecture's conditions by name, {@code [N, ..]}. */
    public Tensor condition(String name) {
        return program.input(name);
    }

    /** Decides what is dropped in the next step, {@code [N, 2]}; only for models that drop. */
    public Tensor dropoutKeys() {
        return program.input(DROPOUT);
    }

    /** What the model should say, {@code [N, H, W, C]}. */
    public Tensor target() {
        return program.input("target");
    }

    /**
     * Takes one step.
     *
     * @param rate the learning rate
     * @return the loss before the step
     */
    public float run(double rate) {
        float loss = program.gradients("loss");
        optimizer.step(rate);
        return loss;
    }

    /** The operations of a step, in the order in which a forward pass runs them. */
    public List<Node> nodes() {
        return program.nodes();
    }

    /** Forward and backward without the optimizer's step; adds the nanoseconds of each of the {@link #nodes} to the arrays. */
    public void profile(long[] forwardNanos, long[] backwardNanos) {
        program.profile(forwardNanos, backwardNanos);
    }

    /** The gradients of the last step. */
    public Weights gradients() {
        return gradients;
    }

    /** The optimizer, with its moments. */
    public AdamW optimizer() {
        return optimizer;
    }

    /** The memory that forward and backward need. */
    public MemoryPlan plan() {
        return program.plan();
    }

    @Override
    public void close() {
        program.close();
        optimizer.close();
        gradients.close();
    }
}
