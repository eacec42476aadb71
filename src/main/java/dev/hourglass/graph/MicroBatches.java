package dev.hourglass.graph;

import dev.hourglass.kernel.Kernels;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import dev.hourglass.parallel.Teams;
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
 * does not grow with the batch. Where there are parts enough, teams of threads walk through different ones at the same time, each with
 * activations of its own. Parameters' gradients add up over the parts, in an order that follows from shapes alone, so results do not
 * depend on the number of threads. Used by one thread at a time.
 */
public final class MicroBatches implements AutoCloseable {

    private final BatchCut cut;
    private final Teams teams;
    private final GradientSums sums;
    /** One for each team. */
    private final List<Program> programs = new ArrayList<>();

    private final MemoryPlan plan;
    private final Slab slab;
    private final List<Wire> wires = new ArrayList<>();
    private final Map<String, Tensor> inputs = new LinkedHashMap<>();
    private final Map<String, Tensor> outputs = new LinkedHashMap<>();

    /** Outputs of a training program that gradients were asked of: kept, since a tensor made in every step is an allocation. */
    private final Map<String, List<Mean>> means = new LinkedHashMap<>();

    private final Workers.Task prepare = this::prepare;
    private final Workers.Task forward = this::forward;
    private final Workers.Task gradients = this::gradients;
    private final double[] values;
    private List<Mean> wanted;

    /** A tensor of the whole batch and where the programs have a part of it. */
    private record Wire(Tensor whole, List<Tensor> parts, boolean input) {}

    /** An output that is a mean over the images of a part, and its gradient. */
    private record Mean(Tensor value, Tensor gradient) {}

    private MicroBatches(
            IntFunction<Graph> graphs,
            BatchCut cut,
            Purpose purpose,
            Weights weights,
            Weights gradients,
            Kernels kernels,
            Workers workers) {
        this.cut = cut;
        values = new double[cut.parts()];
        Graph graph = graphs.apply(cut.size());
        boolean training = purpose.trains();
        teams = new Teams(workers, cut.teams());
        GradientSums openedSums = null;
        Slab openedSlab = null;
        try {
            openedSums = training ? new GradientSums(gradients, cut.lanes(), kernels.elementwise(), workers) : null;
            List<Weights> places = training ? openedSums.all() : List.of();
            programs.add(Program.compile(graph, purpose, weights, places, kernels, teams.team(0)));
            while (programs.size() < teams.count()) {
                programs.add(programs.getFirst().twin(teams.team(programs.size())));
            }
            openedSlab = cut.parts() == 1 ? null : Slab.open("images of a batch", imageBytes(graph, training, cut));
        } catch (RuntimeException e) {
            close(programs, openedSums, openedSlab, teams);
            throw e;
        }
        sums = openedSums;
        slab = openedSlab;
        plan = whole(programs.getFirst().plan(), graph, training, cut);
        long offset = 0;
        for (String name : graph.inputs().keySet()) {
            offset = wire(name, true, offset);
        }
        // Outputs of a training program are means over a part, which nobody reads from outside.
        for (String name : training ? Set.<String>of() : graph.outputs().keySet()) {
            offset = wire(name, false, offset);
        }
    }

    /** Gives parts their tensor of the whole batch, at an offset in the slab; returns the offset after it. A sole part is the whole. */
    private long wire(String name, boolean input, long offset) {
        List<Tensor> parts = programs.stream()
                .map(program -> input ? program.input(name) : program.output(name))
                .toList();
        Tensor part = parts.getFirst();
        if (slab == null) {
            (input ? inputs : outputs).put(name, part);
            return offset;
        }
        int[] dims = part.shape().toArray();
        dims[0] = cut.batch();
        Tensor whole = slab.tensor(offset, Shape.of(dims));
        (input ? inputs : outputs).put(name, whole);
        wires.add(new Wire(whole, parts, input));
        return offset + bytes(part.shape(), cut);
    }

    /**
     * Compiles forward passes.
     *
     * @param graphs makes the graph of any number of images; every input and output has them as its first axis
     */
    public static MicroBatches forInference(
            IntFunction<Graph> graphs, int batch, Weights weights, Kernels kernels, Workers workers) {
        BatchCut cut = BatchCut.inference(graphs, batch, kernels, workers.threads());
        return new MicroBatches(graphs, cut, Purpose.INFERENCE, weights, null, kernels, workers);
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
        BatchCut cut = BatchCut.training(graphs, batch, purpose, kernels, workers.threads());
        return new MicroBatches(graphs, cut, purpose, weights, gradients, kernels, workers);
    }

    /** What {@link #forInference} would need, without allocating it. */
    public static MemoryPlan inferencePlan(IntFunction<Graph> graphs, int batch, Kernels kernels, int threads) {
        return plan(graphs, BatchCut.inference(graphs, batch, kernels, threads), Purpose.INFERENCE, kernels, threads);
    }

    /** What {@link #forTraining} would need, without allocating it. */
    public static MemoryPlan trainingPlan(
            IntFunction<Graph> graphs, int batch, boolean recompute, Kernels kernels, int threads) {
        Purpose purpose = Purpose.training(recompute);
        return plan(graphs, BatchCut.training(graphs, batch, purpose, kernels, threads), purpose, kernels, threads);
    }

    private static MemoryPlan plan(
            IntFunction<Graph> graphs, BatchCut cut, Purpose purpose, Kernels kernels, int threads) {
        Graph graph = graphs.apply(cut.size());
        MemoryPlan part = Program.plan(graph, purpose, kernels, threads / cut.teams());
        return whole(part, graph, purpose.trains(), cut);
    }

    /** A part's plan with what teams have each, the whole batch's inputs and outputs, and the other sums of gradients. */
    private static MemoryPlan whole(MemoryPlan part, Graph graph, boolean training, BatchCut cut) {
        long images = cut.parts() == 1 ? 0 : imageBytes(graph, training, cut);
        long otherSums = training ? (cut.lanes() - 1) * part.parameters() : 0;
        return new MemoryPlan(
                part.parameters(),
                part.packed(),
                part.unpacked(),
                cut.teams() * part.activations() + images + otherSums,
                cut.teams() * part.workspace(),
                part.blocks());
    }

    /** Bytes of everything that is kept for the whole batch. */
    private static long imageBytes(Graph graph, boolean training, BatchCut cut) {
        long sum = 0;
        for (Value value : graph.inputs().values()) {
            sum += bytes(value.shape(), cut);
        }
        for (Value value : training ? List.<Value>of() : graph.outputs().values()) {
            sum += bytes(value.shape(), cut);
        }
        return sum;
    }

    /** Bytes of a tensor for all parts, the last one padded. */
    private static long bytes(Shape part, BatchCut cut) {
        return Slab.aligned(part.floatBytes() * cut.parts());
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
        prepare();
        teams.run(forward, cut.lanes());
    }

    private void forward(int lane, int team) {
        for (int part = lane; part < cut.parts(); part += cut.lanes()) {
            copy(part, team, true);
            programs.get(team).forward();
            copy(part, team, false);
        }
    }

    /**
     * Computes all parameters' gradients of an output that is a mean over the images.
     *
     * @return the output
     */
    public float gradients(String output) {
        prepare();
        wanted = means(output);
        teams.run(gradients, cut.lanes());
        sums.addUp();
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return (float) (sum / cut.parts());
    }

    private void gradients(int lane, int team) {
        Program program = programs.get(team);
        Mean mean = wanted.get(team);
        mean.gradient().set(0, 1f / cut.parts());
        for (int part = lane; part < cut.parts(); part += cut.lanes()) {
            copy(part, team, true);
            program.forward();
            program.backward(lane, part > lane);
            values[part] = mean.value().get(0);
        }
    }

    private List<Mean> means(String output) {
        List<Mean> of = means.get(output);
        if (of == null) {
            of = programs.stream()
                    .map(program -> new Mean(program.output(output), program.outputGradient(output)))
                    .toList();
            means.put(output, of);
        }
        return of;
    }

    /** Packs the weights if they have changed, all teams together. */
    private void prepare() {
        Program first = programs.getFirst();
        if (first.stale()) {
            teams.run(prepare, first.nodeCount());
            first.prepared();
        }
    }

    private void prepare(int node, int team) {
        programs.get(team).prepare(node);
    }

    /**
     * {@link #forward}, and backward with {@code backwardNanos}, that add the nanoseconds of each of the {@link #nodes}; where teams work
     * at the same time, a team's on average.
     */
    public void profile(long[] forwardNanos, long[] backwardNanos) {
        prepare();
        long[][] forwards = new long[teams.count()][forwardNanos.length];
        long[][] backwards = new long[teams.count()][forwardNanos.length];
        teams.run(
                (lane, team) -> {
                    for (int part = lane; part < cut.parts(); part += cut.lanes()) {
                        copy(part, team, true);
                        programs.get(team).forward(forwards[team]);
                        if (backwardNanos != null) {
                            programs.get(team).backward(lane, backwards[team]);
                        } else {
                            copy(part, team, false);
                        }
                    }
                },
                cut.lanes());
        addMean(forwards, forwardNanos);
        if (backwardNanos != null) {
            addMean(backwards, backwardNanos);
        }
    }

    private static void addMean(long[][] nanos, long[] sum) {
        for (int k = 0; k < sum.length; k++) {
            for (long[] one : nanos) {
                sum[k] += one[k] / nanos.length;
            }
        }
    }

    /** The operations of one part, in the order in which a forward pass runs them. */
    public List<Node> nodes() {
        return programs.getFirst().nodes();
    }

    /** Images of one part. */
    public int size() {
        return cut.size();
    }

    /** How many parts are walked through at the same time. */
    public int teams() {
        return cut.teams();
    }

    /** The memory this holds. */
    public MemoryPlan plan() {
        return plan;
    }

    /** Copies a part into a team's program or out of it; beyond the last image there is padding. */
    private void copy(int part, int team, boolean input) {
        for (int k = 0; k < wires.size(); k++) {
            Wire wire = wires.get(k);
            if (wire.input() == input) {
                Tensor own = wire.parts().get(team);
                long bytes = own.shape().floatBytes();
                long from = Math.min(part * bytes, wire.whole().shape().floatBytes());
                long count = Math.min(bytes, wire.whole().shape().floatBytes() - from);
                MemorySegment whole = wire.whole().segment();
                if (input) {
                    MemorySegment.copy(whole, from, own.segment(), 0, count);
                } else {
                    MemorySegment.copy(own.segment(), 0, whole, from, count);
                }
            }
        }
    }

    /** Gives memory and threads of its own back. Closing twice is harmless. */
    @Override
    public void close() {
        close(programs, sums, slab, teams);
    }

    private static void close(List<Program> programs, GradientSums sums, Slab slab, Teams teams) {
        teams.close();
        programs.reversed().forEach(Program::close);
        if (sums != null) {
            sums.close();
        }
        if (slab != null) {
            slab.close();
        }
    }
}
