package dev.hourglass.graph;

import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.op.Binding;
import dev.hourglass.graph.op.Execution;
import dev.hourglass.graph.op.Site;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import dev.hourglass.parallel.Workers;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A graph bound to memory, kernels and workers. {@link #forward} and {@link #backward} walk through bound operations, decide nothing
 * and allocate nothing. A program is used by one thread at a time; its {@link #twin}s may run beside it.
 */
public final class Program implements AutoCloseable {

    private final Graph graph;
    private final Layout layout;
    private final Weights weights;
    /** Where parameters' gradients go: a pass says to which of these; none in inference. */
    private final List<Weights> gradients;

    private final Kernels kernels;
    private final Workers workers;
    private final PackedWeights packed;
    private final boolean ownsPacked;
    private final Slab slab;
    private final Slab workspaces;
    private final Execution[] forward;
    private final List<Schedule.Step> backwardSteps;
    /** The passes of {@link #backwardSteps}. */
    private final Runnable[] backward;

    private int gradientSum;
    private boolean addToGradients;

    /**
     * Compiles a graph.
     *
     * @param gradients where parameters' gradients may go; none in inference
     */
    static Program compile(
            Graph graph, Purpose purpose, Weights weights, List<Weights> gradients, Kernels kernels, Workers workers) {
        requireSameParameters(graph, weights);
        Kernels suited = kernels.suited(workers.threads(), purpose.trains());
        Layout layout = new Layout(graph, purpose, suited);
        PackedWeights packed = new PackedWeights(weights, layout.sharedBytes());
        try {
            return new Program(graph, layout, weights, gradients, suited, workers, packed, true);
        } catch (RuntimeException e) {
            packed.close();
            throw e;
        }
    }

    private Program(
            Graph graph,
            Layout layout,
            Weights weights,
            List<Weights> gradients,
            Kernels kernels,
            Workers workers,
            PackedWeights packed,
            boolean ownsPacked) {
        this.graph = graph;
        this.layout = layout;
        this.weights = weights;
        this.gradients = gradients;
        this.kernels = kernels;
        this.workers = workers;
        this.packed = packed;
        this.ownsPacked = ownsPacked;
        slab = Slab.open("activations", layout.slabBytes());
        try {
            workspaces = Slab.open("workspace", workers.threads() * layout.workspaceBytes());
        } catch (RuntimeException e) {
            slab.close();
            throw e;
        }
        forward = new Execution[layout.nodes().size()];
        // Readers of a value add to its gradient in the order in which backward meets them: the last reader first, and
        // before it who fills the gradient of an output.
        Set<Object> shared = new HashSet<>(graph.outputs().values());
        for (int k = forward.length - 1; k >= 0; k--) {
            forward[k] = layout.nodes().get(k).op().bind(new NodeBinding(k, shared));
        }
        backwardSteps = layout.steps().subList(forward.length, layout.steps().size());
        backward = backwardSteps.stream().map(this::bound).toArray(Runnable[]::new);
    }

    /**
     * The same for other images at the same time: with activations of its own, but with this program's packed weights, so it must not
     * outlive it.
     *
     * @param others who does its work; as many threads as this program's workers
     */
    Program twin(Workers others) {
        return new Program(graph, layout, weights, gradients, kernels, others, packed, false);
    }

    private Runnable bound(Schedule.Step step) {
        Execution execution = forward[step.node()];
        return step.backward() ? execution::backward : execution::forward;
    }

    /** Compiles a graph for forward passes only. */
    public static Program forInference(Graph graph, Weights weights, Kernels kernels, Workers workers) {
        return compile(graph, Purpose.INFERENCE, weights, List.of(), kernels, workers);
    }

    /**
     * Compiles a graph for forward and backward passes.
     *
     * @param gradients receives the parameters' gradients; same layout as {@code weights}
     */
    public static Program forTraining(
            Graph graph, Weights weights, Weights gradients, Kernels kernels, Workers workers) {
        return forTraining(graph, weights, gradients, false, kernels, workers);
    }

    /**
     * The same with or without recomputation, which takes less memory and more time for the same gradients.
     *
     * @param recompute whether backward passes compute again what lies inside of blocks; see {@link Purpose#RECOMPUTING_TRAINING}
     */
    public static Program forTraining(
            Graph graph, Weights weights, Weights gradients, boolean recompute, Kernels kernels, Workers workers) {
        return compile(graph, Purpose.training(recompute), weights, List.of(gradients), kernels, workers);
    }

    /** What a program of this graph would need, without allocating it. */
    public static MemoryPlan plan(Graph graph, Purpose purpose, Kernels kernels, int threads) {
        return new Layout(graph, purpose, kernels.suited(threads, purpose.trains())).plan(threads);
    }

    /** The memory this program holds. */
    public MemoryPlan plan() {
        return layout.plan(workers.threads());
    }

    /** An input, to be filled before a forward pass. */
    public Tensor input(String name) {
        return tensor(require(graph.inputs().get(name), name));
    }

    /** An output, valid from a forward pass to the next. */
    public Tensor output(String name) {
        return tensor(require(graph.outputs().get(name), name));
    }

    /** The gradient of an output, to be filled before each {@link #backward}, which adds that of the output's readers inside. */
    public Tensor outputGradient(String name) {
        return gradient(require(graph.outputs().get(name), name));
    }

    /** The gradient of an input that {@link Graph#differentiate} was called for, valid after {@link #backward}. */
    public Tensor inputGradient(String name) {
        return gradient(require(graph.inputs().get(name), name));
    }

    /** The operations that run, in the order in which a forward pass runs them. */
    public List<Node> nodes() {
        return List.copyOf(layout.nodes());
    }

    /** Computes the outputs from the inputs. */
    public void forward() {
        prepare();
        for (Execution execution : forward) {
            execution.forward();
        }
    }

    /** A forward pass that adds the nanoseconds of each of the {@link #nodes} to {@code nanos}. */
    public void forward(long[] nanos) {
        prepare();
        for (int k = 0; k < forward.length; k++) {
            long begin = System.nanoTime();
            forward[k].forward();
            nanos[k] += System.nanoTime() - begin;
        }
    }

    private void prepare() {
        if (stale()) {
            for (int k = 0; k < forward.length; k++) {
                prepare(k);
            }
            prepared();
        }
    }

    /** Whether the weights have changed since they were packed; a pass then packs them, unless that was done node by node. */
    boolean stale() {
        return packed.stale();
    }

    /** How many {@link #nodes} there are. */
    int nodeCount() {
        return forward.length;
    }

    /** Packs the weights of one of the {@link #nodes}, for all twins. */
    void prepare(int node) {
        readParameters(node);
        forward[node].prepare();
    }

    /** Says that all nodes' weights are packed. */
    void prepared() {
        packed.packed();
    }

    /** Inference keeps no plain parameters but those that operations read while they run; training has all of them anyway. */
    private void readParameters(int node) {
        List<Parameter> parameters = layout.nodes().get(node).parameters();
        for (int p = 0; p < parameters.size() && gradients.isEmpty(); p++) {
            MemorySegment memory = parameterMemory(node, p);
            weights.read(parameters.get(p), memory);
            if (layout.nodes().get(node).op().roundsParameter(p)) {
                WeightRange.require(kernels.conv2d().weights(), parameters.get(p), memory);
            }
        }
    }

    private MemorySegment parameterMemory(int node, int index) {
        return gradients.isEmpty()
                ? memory(layout.parameter(node, index))
                : weights.tensor(layout.nodes().get(node).parameters().get(index))
                        .segment();
    }

    private MemorySegment memory(Layout.Place place) {
        return place.shared() ? packed.slice(place.offset(), place.bytes()) : slab.slice(place.offset(), place.bytes());
    }

    /** Computes all gradients from the gradients of the outputs; follows a {@link #forward}. */
    public void backward() {
        backward(0, false);
    }

    /**
     * Computes all gradients from the gradients of the outputs; follows a {@link #forward}.
     *
     * @param sum which of the gradients that the program was made with receives those of the parameters
     * @param accumulate whether parameters' gradients are added to those that are there
     */
    void backward(int sum, boolean accumulate) {
        gradientSum = sum;
        addToGradients = accumulate;
        for (Runnable pass : backward) {
            pass.run();
        }
    }

    /** A backward pass that adds the nanoseconds of each of the {@link #nodes}, recomputation included, to {@code nanos}. */
    void backward(int sum, long[] nanos) {
        gradientSum = sum;
        addToGradients = false;
        for (int k = 0; k < backward.length; k++) {
            long begin = System.nanoTime();
            backward[k].run();
            nanos[backwardSteps.get(k).node()] += System.nanoTime() - begin;
        }
    }

    /** Gives the memory back. Closing twice is harmless. */
    @Override
    public void close() {
        slab.close();
        workspaces.close();
        if (ownsPacked) {
            packed.close();
        }
    }

    private Tensor tensor(Value value) {
        return slab.tensor(layout.valueOffset(value), value.shape());
    }

    private Tensor gradient(Value value) {
        if (!layout.wantsGradient(value)) {
            throw new IllegalArgumentException("no gradient is computed for " + value.name());
        }
        return slab.tensor(layout.gradientOffset(value), value.shape());
    }

    private static Value require(Value value, String name) {
        if (value == null) {
            throw new IllegalArgumentException("the graph has no input or output called " + name);
        }
        return value;
    }

    private static void requireSameParameters(Graph graph, Weights weights) {
        if (!graph.parameters().equals(weights.parameters())) {
            throw HourglassException.what("the weights are those of another model")
                    .expected(graph.parameters().size() + " parameters of this graph, in order")
                    .found(weights.parameters().size() + " parameters")
                    .build();
        }
    }

    /** Memory of one operation. Segments are looked up once, here, so that running looks nothing up. */
    private final class NodeBinding implements Binding {

        private final Site site;
        private final MemorySegment[] inputs;
        private final MemorySegment output;
        private final MemorySegment[] parameters;
        private final MemorySegment[] buffers;
        private final MemorySegment[] workspace;
        private final MemorySegment outputGradient;
        private final MemorySegment[] inputGradients;
        private final boolean[] accumulates;
        private final List<List<MemorySegment>> parameterGradients = new ArrayList<>();
        private final boolean[] accumulatesParameters;

        NodeBinding(int index, Set<Object> shared) {
            Node node = layout.nodes().get(index);
            site = layout.site(node);
            inputs = node.inputs().stream().map(v -> tensor(v).segment()).toArray(MemorySegment[]::new);
            output = tensor(node.output()).segment();
            parameters = new MemorySegment[node.parameters().size()];
            Arrays.setAll(parameters, p -> parameterMemory(index, p));
            buffers = new MemorySegment[node.op().buffers(site).size()];
            Arrays.setAll(buffers, b -> memory(layout.buffer(index, b)));
            workspace = new MemorySegment[workers.threads()];
            for (int w = 0; w < workspace.length; w++) {
                workspace[w] = workspaces.slice(w * layout.workspaceBytes(), layout.workspaceBytes());
            }
            boolean training = site.training();
            outputGradient = training ? gradient(node.output()).segment() : null;
            inputGradients = new MemorySegment[inputs.length];
            accumulates = new boolean[inputs.length];
            for (int i = 0; i < inputs.length && training; i++) {
                Value input = node.inputs().get(i);
                if (layout.wantsGradient(input)) {
                    inputGradients[i] = gradient(input).segment();
                    accumulates[i] = !shared.add(input);
                }
            }
            accumulatesParameters = new boolean[parameters.length];
            for (int p = 0; p < parameters.length && training; p++) {
                Parameter parameter = node.parameters().get(p);
                parameterGradients.add(gradients.stream()
                        .map(sum -> sum.tensor(parameter).segment())
                        .toList());
                accumulatesParameters[p] = !shared.add(parameter);
            }
        }

        @Override
        public Kernels kernels() {
            return kernels;
        }

        @Override
        public Workers workers() {
            return workers;
        }

        @Override
        public int inputs() {
            return inputs.length;
        }

        @Override
        public Shape inputShape(int index) {
            return site.inputShape(index);
        }

        @Override
        public Shape outputShape() {
            return site.outputShape();
        }

        @Override
        public boolean training() {
            return site.training();
        }

        @Override
        public boolean wantsInputGradient(int index) {
            return site.wantsInputGradient(index);
        }

        @Override
        public MemorySegment input(int index) {
            return inputs[index];
        }

        @Override
        public MemorySegment output() {
            return output;
        }

        @Override
        public int parameters() {
            return parameters.length;
        }

        @Override
        public MemorySegment parameter(int index) {
            return parameters[index];
        }

        @Override
        public MemorySegment buffer(int index) {
            return buffers[index];
        }

        @Override
        public MemorySegment workspace(int worker) {
            return workspace[worker];
        }

        @Override
        public MemorySegment outputGradient() {
            return outputGradient;
        }

        @Override
        public MemorySegment inputGradient(int index) {
            return inputGradients[index];
        }

        @Override
        public boolean accumulatesInputGradient(int index) {
            return accumulates[index];
        }

        @Override
        public List<MemorySegment> parameterGradients(int index) {
            return parameterGradients.get(index);
        }

        @Override
        public int gradientSum() {
            return gradientSum;
        }

        @Override
        public boolean accumulatesParameterGradient(int index) {
            return addToGradients || accumulatesParameters[index];
        }
    }
}
