package dev.hourglass.graph;

import dev.hourglass.kernel.Kernels;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import dev.hourglass.parallel.Workers;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;

/**
 * Walks a batch through a program in parts of equal size: a part's activations stay in cache from one operation to the next, and memory
 * does not grow with the batch. Parameters' gradients add up over the parts. The size of a part follows from shapes alone, so results do
 * not depend on the number of threads. Used by one thread at a time.
 */
public final class MicroBatches implements AutoCloseable {

    /** Images of a part in training, at most: enough to make good for adding up all parameters' gradients once more. */
    private static final int MOST_TRAINED = 16;

    private final int batch;
    private final int size;
    private final int parts;
    private final Program program;
    private final MemoryPlan plan;
    private final Slab slab;
    private final List<Wire> wires = new ArrayList<>();
    private final Map<String, Tensor> inputs = new LinkedHashMap<>();
    private final Map<String, Tensor> outputs = new LinkedHashMap<>();

    /** Outputs of a training program that gradients were asked of: kept, since a tensor made in every step is an allocation. */
    private final Map<String, Mean> means = new LinkedHashMap<>();

    /** A tensor of the whole batch and its part in the program. */
    private record Wire(Tensor whole, Tensor part, boolean input) {}

    /** An output that is a mean over the images of a part, and its gradient. */
    private record Mean(Tensor value, Tensor gradient) {}

    private MicroBatches(
            IntFunction<Graph> graphs,
            int batch,
            int size,
            Purpose purpose,
            Weights weights,
            Weights gradients,
            Kernels kernels,
            Workers workers) {
        this.batch = batch;
        this.size = size;
        parts = parts(batch, size);
        Graph graph = graphs.apply(size);
        boolean training = purpose.trains();
        program = new Program(graph, purpose, weights, gradients, kernels, workers);
        plan = withBatch(program.plan(), graph, training, parts);
        if (parts == 1) {
            slab = null;
            graph.inputs().keySet().forEach(name -> inputs.put(name, program.input(name)));
            if (!training) {
                graph.outputs().keySet().forEach(name -> outputs.put(name, program.output(name)));
            }
            return;
        }
        try {
            slab = Slab.open("images of a batch", bytes(graph, training, parts));
        } catch (RuntimeException e) {
            program.close();
            throw e;
        }
        long offset = 0;
        for (String name : graph.inputs().keySet()) {
            offset = wire(name, program.input(name), true, offset);
        }
        // Outputs of a training program are means over a part, which nobody reads from outside.
        for (String name : training ? Set.<String>of() : graph.outputs().keySet()) {
            offset = wire(name, program.output(name), false, offset);
        }
    }

    /** Gives a part its tensor of the whole batch, at an offset in the slab; returns the offset after it. */
    private long wire(String name, Tensor part, boolean input, long offset) {
        int[] dims = part.shape().toArray();
        dims[0] = batch;
        Tensor whole = slab.tensor(offset, Shape.of(dims));
        (input ? inputs : outputs).put(name, whole);
        wires.add(new Wire(whole, part, input));
        return offset + bytes(part.shape(), parts);
    }

    /**
     * Compiles forward passes.
     *
     * @param graphs makes the graph of any number of images; every input and output has them as its first axis
     */
    public static MicroBatches forInference(
            IntFunction<Graph> graphs, int batch, Weights weights, Kernels kernels, Workers workers) {
        int size = inferenceSize(graphs, batch, kernels, workers.threads());
        return new MicroBatches(graphs, batch, size, Purpose.INFERENCE, weights, null, kernels, workers);
    }

    /**
     * Compiles forward and backward passes.
     *
     * @param graphs makes the graph of any number of images; inputs have them as their first axis, outputs are means over them
     * @param recompute whether backward passes compute again what lies inside of blocks; see {@link Purpose#RECOMPUTING_TRAINING}
     */
    public static MicroBatches forTraining(
            IntFunction<Graph> graphs,
            int batch,
            Weights weights,
            Weights gradients,
            boolean recompute,
            Kernels kernels,
            Workers workers) {
        Purpose purpose = Purpose.training(recompute);
        return new MicroBatches(graphs, batch, trainingSize(batch), purpose, weights, gradients, kernels, workers);
    }

    /** What {@link #forInference} would need, without allocating it. */
    public static MemoryPlan inferencePlan(IntFunction<Graph> graphs, int batch, Kernels kernels, int threads) {
        int size = inferenceSize(graphs, batch, kernels, threads);
        Graph graph = graphs.apply(size);
        return withBatch(Program.plan(graph, Purpose.INFERENCE, kernels, threads), graph, false, parts(batch, size));
    }

    /** What {@link #forTraining} would need, without allocating it. */
    public static MemoryPlan trainingPlan(
            IntFunction<Graph> graphs, int batch, boolean recompute, Kernels kernels, int threads) {
        int size = trainingSize(batch);
        Graph graph = graphs.apply(size);
        MemoryPlan part = Program.plan(graph, Purpose.training(recompute), kernels, threads);
        return withBatch(part, graph, true, parts(batch, size));
    }

    /**
     * As many images for each thread as make one pass over the weights cheap beside the passes over the activations: few for large images
     * and small networks, whose activations then stay in cache, the whole batch for large networks.
     */
    private static int inferenceSize(IntFunction<Graph> graphs, int batch, Kernels kernels, int threads) {
        MemoryPlan one = Program.plan(graphs.apply(1), Purpose.INFERENCE, kernels, 1);
        long each = (one.parameters() + one.activations() - 1) / one.activations();
        long worthwhile = Math.clamp(each * threads, 1, batch);
        int parts = parts(batch, Math.toIntExact(worthwhile));
        return parts(batch, parts); // as even as can be
    }

    /** The largest part that divides the batch, as gradients are means over whole parts; the batch where that would be small. */
    private static int trainingSize(int batch) {
        for (int size = Math.min(batch, MOST_TRAINED); size > MOST_TRAINED / 2; size--) {
            if (batch % size == 0) {
                return size;
            }
        }
        return batch;
    }

    /** A part's plan with the whole batch's inputs and outputs beside it. */
    private static MemoryPlan withBatch(MemoryPlan part, Graph graph, boolean training, int parts) {
        long whole = parts == 1 ? 0 : bytes(graph, training, parts);
        return new MemoryPlan(
                part.parameters(),
                part.packed(),
                part.unpacked(),
                part.activations() + whole,
                part.workspace(),
                part.blocks());
    }

    private static int parts(int batch, int size) {
        return (batch + size - 1) / size;
    }

    /** Bytes of everything that is kept for the whole batch. */
    private static long bytes(Graph graph, boolean training, int parts) {
        long sum = 0;
        for (Value value : graph.inputs().values()) {
            sum += bytes(value.shape(), parts);
        }
        for (Value value : training ? List.<Value>of() : graph.outputs().values()) {
            sum += bytes(value.shape(), parts);
        }
        return sum;
    }

    /** Bytes of a tensor for all parts, the last one padded. */
    private static long bytes(Shape part, int parts) {
        return Slab.aligned(part.floatBytes() * parts);
    }

    /** An input of the whole batch, to be filled before a pass. */
    public Tensor input(String name) {
        return require(inputs, name);
    }

    /** An output of the whole batch, valid from a {@link #forward} to the next; for inference. */
    public Tensor output(String name) {
        return require(outputs, name);
    }

    private static Tensor require(Map<String, Tensor> tensors, String name) {
        if (!tensors.containsKey(name)) {
            throw new IllegalArgumentException("the graph has no input or output called " + name);
        }
        return tensors.get(name);
    }

    /** Computes the outputs from the inputs. */
    public void forward() {
        for (int part = 0; part < parts; part++) {
            copy(part, true);
            program.forward();
            copy(part, false);
        }
    }

    /**
     * Computes all parameters' gradients of an output that is a mean over the images.
     *
     * @return the output
     */
    public float gradients(String output) {
        Mean mean = mean(output);
        mean.gradient().set(0, 1f / parts);
        double sum = 0;
        for (int part = 0; part < parts; part++) {
            copy(part, true);
            program.forward();
            program.backward(part > 0);
            sum += mean.value().get(0);
        }
        return (float) (sum / parts);
    }

    private Mean mean(String output) {
        Mean mean = means.get(output);
        if (mean == null) {
            mean = new Mean(program.output(output), program.outputGradient(output));
            means.put(output, mean);
        }
        return mean;
    }

    /** {@link #forward}, and backward with {@code backwardNanos}, that add the nanoseconds of each of the {@link #nodes}. */
    public void profile(long[] forwardNanos, long[] backwardNanos) {
        for (int part = 0; part < parts; part++) {
            copy(part, true);
            program.forward(forwardNanos);
            if (backwardNanos != null) {
                program.backward(backwardNanos);
            } else {
                copy(part, false);
            }
        }
    }

    /** The operations of one part, in the order in which a forward pass runs them. */
    public List<Node> nodes() {
        return program.nodes();
    }

    /** Images of one part. */
    public int size() {
        return size;
    }

    /** The memory this holds. */
    public MemoryPlan plan() {
        return plan;
    }

    /** Copies a part in or out; beyond the last image there is padding. */
    private void copy(int part, boolean input) {
        for (int k = 0; k < wires.size(); k++) {
            Wire wire = wires.get(k);
            if (wire.input() == input) {
                long bytes = wire.part().shape().floatBytes();
                long from = Math.min(part * bytes, wire.whole().shape().floatBytes());
                long count = Math.min(bytes, wire.whole().shape().floatBytes() - from);
                MemorySegment whole = wire.whole().segment();
                if (input) {
                    MemorySegment.copy(whole, from, wire.part().segment(), 0, count);
                } else {
                    MemorySegment.copy(wire.part().segment(), 0, whole, from, count);
                }
            }
        }
    }

    /** Gives the memory back. Closing twice is harmless. */
    @Override
    public void close() {
        program.close();
        if (slab != null) {
            slab.close();
        }
    }
}
