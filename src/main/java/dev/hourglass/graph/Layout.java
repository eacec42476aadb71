package dev.hourglass.graph;

import dev.hourglass.graph.op.Buffer;
import dev.hourglass.graph.op.Site;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Decides what lives where: how long everything is kept, which follows from the {@link Schedule}, and where the planner puts it. Moments
 * are the steps of the schedule; before all of them weights are packed, which is moment -1. What passes only read stands in memory of its
 * own, which programs with the same layout share.
 */
final class Layout {

    private static final int PREPARING = -1;

    /** In place of a block's number: a buffer that the planner has nothing to do with. */
    private static final int NOT_PLANNED = -1;

    private final Graph graph;
    private final Schedule schedule;
    private final Kernels kernels;
    private final List<Node> nodes;
    private final int end;

    private final List<Planner.Block> blocks = new ArrayList<>();
    private final int[] valueBlock;
    private final int[] gradientBlock;
    private final List<int[]> bufferBlocks = new ArrayList<>();
    private final List<Place[]> buffers = new ArrayList<>();
    private final List<Place[]> parameters = new ArrayList<>();
    private final List<Long> offsets;
    private final long placedBytes;
    private long packedBytes;
    private long sharedBytes;
    private long slabBytes;
    private long workspaceBytes;

    /**
     * Where something is.
     *
     * @param shared whether in the memory that programs share, or else in a program's own
     */
    record Place(boolean shared, long offset, long bytes) {}

    Layout(Graph graph, Purpose purpose, Kernels kernels) {
        this.graph = graph;
        this.kernels = kernels;
        schedule = new Schedule(graph, purpose);
        nodes = schedule.nodes();
        end = schedule.steps().size() - 1;
        valueBlock = new int[graph.valueCount()];
        gradientBlock = new int[graph.valueCount()];
        Arrays.fill(valueBlock, -1);
        Arrays.fill(gradientBlock, -1);
        placeValues();
        placeGradients();
        placeBuffers();
        Planner.Placement placement = Planner.place(blocks);
        offsets = placement.offsets();
        placedBytes = placement.bytes();
        slabBytes = placedBytes;
        findBuffers();
        sharedBytes = packedBytes;
        if (!purpose.trains()) {
            placeParameters(placement);
        }
    }

    /** When contents are in use: from each time they are written to the last time that they are read before they are written anew. */
    private static final class Life {

        private final List<Planner.Span> spans = new ArrayList<>();

        void write(int moment) {
            spans.add(new Planner.Span(moment, moment));
        }

        void read(int moment) {
            Planner.Span span = spans.removeLast();
            spans.add(new Planner.Span(span.first(), Math.max(span.last(), moment)));
        }

        /** Whether other contents begin at each moment at which these end. */
        boolean endsWhere(Life other) {
            return spans.stream()
                    .map(Planner.Span::last)
                    .toList()
                    .equals(other.spans.stream().map(Planner.Span::first).toList());
        }

        /** The time of both, the other's contents after these. */
        void goOnAs(Life other) {
            for (int k = 0; k < spans.size(); k++) {
                spans.set(
                        k,
                        new Planner.Span(
                                spans.get(k).first(), other.spans.get(k).last()));
            }
        }
    }

    private void placeValues() {
        Life[] lives = new Life[graph.valueCount()];
        Arrays.setAll(lives, value -> new Life());
        // Inputs are the caller's: filled at any time before a pass, and left as they are.
        for (Value value : graph.inputs().values()) {
            lives[value.id()].write(PREPARING);
            lives[value.id()].read(end);
        }
        for (int moment = 0; moment <= end; moment++) {
            Schedule.Step step = schedule.steps().get(moment);
            for (Value value : schedule.reads(step)) {
                lives[value.id()].read(moment);
            }
            if (!step.backward()) {
                lives[nodes.get(step.node()).output().id()].write(moment);
            }
        }
        graph.outputs().values().forEach(value -> lives[value.id()].read(end));
        Map<Value, Value> overwritten = new HashMap<>();
        nodes.forEach(node -> overwritten(node, lives).ifPresent(value -> overwritten.put(node.output(), value)));
        for (Node node : nodes.reversed()) {
            Value before = overwritten.get(node.output());
            if (before != null) {
                lives[before.id()].goOnAs(lives[node.output().id()]);
            }
        }
        graph.inputs().values().forEach(value -> placeValue(value, lives));
        for (Node node : nodes) {
            Value before = overwritten.get(node.output());
            if (before == null) {
                placeValue(node.output(), lives);
            } else {
                valueBlock[node.output().id()] = valueBlock[before.id()];
            }
        }
    }

    /** An input that nobody reads any more once the operation has, in whose place its output may stand. */
    private Optional<Value> overwritten(Node node, Life[] lives) {
        for (int i = 0; i < node.inputs().size(); i++) {
            Value input = node.inputs().get(i);
            boolean inside =
                    !graph.inputs().containsValue(input) && !graph.outputs().containsValue(input);
            boolean once = Collections.frequency(node.inputs(), input) == 1;
            if (inside
                    && once
                    && node.op().overwrites(i)
                    && lives[input.id()].endsWhere(lives[node.output().id()])) {
                return Optional.of(input);
            }
        }
        return Optional.empty();
    }

    private void placeValue(Value value, Life[] lives) {
        valueBlock[value.id()] = add(value.shape().floatBytes(), lives[value.id()].spans);
    }

    private void placeGradients() {
        int[] first = new int[graph.valueCount()];
        int[] last = new int[graph.valueCount()];
        Arrays.fill(first, Integer.MAX_VALUE);
        Arrays.fill(last, end);
        for (int moment = 0; moment <= end; moment++) {
            Schedule.Step step = schedule.steps().get(moment);
            if (step.backward()) {
                Node node = nodes.get(step.node());
                last[node.output().id()] = moment;
                for (Value input : node.inputs()) {
                    first[input.id()] = Math.min(first[input.id()], moment);
                }
            }
        }
        // Gradients of outputs are the caller's, as inputs are.
        for (Value value : graph.outputs().values()) {
            first[value.id()] = 0;
            last[value.id()] = end;
        }
        Map<Value, Value> passed = passedGradients();
        // The last operations first, so that a block is in use until the last of those that share it.
        for (Node node : nodes.reversed()) {
            Value giver = passed.get(node.output());
            if (giver != null) {
                last[owner(giver, passed).id()] = Math.max(
                        last[owner(giver, passed).id()], last[node.output().id()]);
            }
        }
        graph.inputs().values().forEach(value -> placeGradient(value, first, last));
        for (Node node : nodes) {
            if (!passed.containsKey(node.output())) {
                placeGradient(node.output(), first, last);
            }
        }
        passed.forEach((value, giver) ->
                gradientBlock[value.id()] = gradientBlock[owner(giver, passed).id()]);
    }

    /** Values whose gradient is that of another value, as it is: it needs no memory of its own. */
    private Map<Value, Value> passedGradients() {
        Map<Value, Value> passed = new HashMap<>();
        for (Node node : nodes) {
            for (int i = 0; i < node.inputs().size(); i++) {
                Value input = node.inputs().get(i);
                boolean inside =
                        !graph.inputs().containsValue(input) && !graph.outputs().containsValue(input);
                if (inside && wantsGradient(input) && node.op().passesGradient(i) && readers(input) == 1) {
                    passed.put(input, node.output());
                }
            }
        }
        return passed;
    }

    private long readers(Value value) {
        return nodes.stream()
                .flatMap(node -> node.inputs().stream())
                .filter(value::equals)
                .count();
    }

    /** The value that a passed gradient belongs to in the end. */
    private static Value owner(Value giver, Map<Value, Value> passed) {
        Value owner = giver;
        while (passed.containsKey(owner)) {
            owner = passed.get(owner);
        }
        return owner;
    }

    private void placeGradient(Value value, int[] first, int[] last) {
        if (wantsGradient(value)) {
            gradientBlock[value.id()] = add(value.shape().floatBytes(), first[value.id()], last[value.id()]);
        }
    }

    private void placeBuffers() {
        Life[] statistics = new Life[nodes.size()];
        Arrays.setAll(statistics, node -> new Life());
        int[] backward = new int[nodes.size()];
        for (int moment = 0; moment <= end; moment++) {
            Schedule.Step step = schedule.steps().get(moment);
            if (step.backward()) {
                statistics[step.node()].read(moment);
                backward[step.node()] = moment;
            } else {
                statistics[step.node()].write(moment);
            }
        }
        for (int k = 0; k < nodes.size(); k++) {
            Node node = nodes.get(k);
            Site site = site(node);
            List<Buffer> wanted = node.op().buffers(site);
            int[] indices = new int[wanted.size()];
            for (int b = 0; b < indices.length; b++) {
                Buffer buffer = wanted.get(b);
                indices[b] = switch (buffer.lifetime()) {
                    case PROGRAM -> NOT_PLANNED;
                    case FORWARD_TO_BACKWARD -> add(buffer.bytes(), statistics[k].spans);
                    case BACKWARD -> add(buffer.bytes(), backward[k], backward[k]);
                };
            }
            bufferBlocks.add(indices);
            workspaceBytes = Math.max(workspaceBytes, Slab.aligned(node.op().workspaceBytes(site)));
        }
    }

    /** Buffers are where the planner put them; packed weights are in the shared memory, one after the other. */
    private void findBuffers() {
        for (int k = 0; k < nodes.size(); k++) {
            List<Buffer> wanted = nodes.get(k).op().buffers(site(nodes.get(k)));
            Place[] places = new Place[wanted.size()];
            for (int b = 0; b < places.length; b++) {
                long bytes = wanted.get(b).bytes();
                int block = bufferBlocks.get(k)[b];
                boolean shared = block == NOT_PLANNED;
                places[b] = new Place(shared, shared ? packedBytes : offsets.get(block), bytes);
                packedBytes += shared ? Slab.aligned(bytes) : 0;
            }
            buffers.add(places);
        }
    }

    /**
     * Programs for inference have parameters of their own. Those that are packed pass, one operation's at a time, through one place,
     * which activations use afterwards; the others stay, in the shared memory behind the packed ones.
     */
    private void placeParameters(Planner.Placement placement) {
        long passing = nodes.stream()
                .filter(node -> node.op().packsParameters())
                .mapToLong(node -> node.parameters().stream()
                        .mapToLong(Layout::alignedBytes)
                        .sum())
                .max()
                .orElse(0);
        long place = Planner.placeBeside(new Planner.Block(passing, PREPARING, PREPARING), blocks, placement);
        slabBytes = Math.max(placedBytes, place + passing);
        for (Node node : nodes) {
            boolean shared = !node.op().packsParameters();
            Place[] places = new Place[node.parameters().size()];
            long at = shared ? sharedBytes : place;
            for (int p = 0; p < places.length; p++) {
                Parameter parameter = node.parameters().get(p);
                places[p] = new Place(shared, at, parameter.fileShape().floatBytes());
                at += alignedBytes(parameter);
            }
            sharedBytes = shared ? at : sharedBytes;
            parameters.add(places);
        }
    }

    private static long alignedBytes(Parameter parameter) {
        return Slab.aligned(parameter.fileShape().floatBytes());
    }

    private int add(long bytes, int first, int last) {
        return add(bytes, List.of(new Planner.Span(first, last)));
    }

    private int add(long bytes, List<Planner.Span> spans) {
        blocks.add(new Planner.Block(bytes, spans));
        return blocks.size() - 1;
    }

    Site site(Node node) {
        return new NodeSite(node);
    }

    /** What an operation knows of its place. */
    private final class NodeSite implements Site {

        private final Node node;

        NodeSite(Node node) {
            this.node = node;
        }

        @Override
        public Kernels kernels() {
            return kernels;
        }

        @Override
        public int inputs() {
            return node.inputs().size();
        }

        @Override
        public Shape inputShape(int index) {
            return node.inputs().get(index).shape();
        }

        @Override
        public Shape outputShape() {
            return node.output().shape();
        }

        @Override
        public boolean training() {
            return schedule.runsBackward(node);
        }

        @Override
        public boolean wantsInputGradient(int index) {
            return wantsGradient(node.inputs().get(index));
        }
    }

    List<Node> nodes() {
        return nodes;
    }

    /** The order of all passes. */
    List<Schedule.Step> steps() {
        return schedule.steps();
    }

    boolean wantsGradient(Value value) {
        return schedule.wantsGradient(value);
    }

    long valueOffset(Value value) {
        return offsets.get(valueBlock[value.id()]);
    }

    long gradientOffset(Value value) {
        return offsets.get(gradientBlock[value.id()]);
    }

    /** Where an operation's buffer is. */
    Place buffer(int node, int index) {
        return buffers.get(node)[index];
    }

    /** Where an operation's parameter is in a program for inference. */
    Place parameter(int node, int index) {
        return parameters.get(node)[index];
    }

    /** All bytes of packed weights and, in inference, of parameters that operations read as they are. */
    long sharedBytes() {
        return sharedBytes;
    }

    /** All bytes of values, gradients and other buffers. */
    long slabBytes() {
        return slabBytes;
    }

    /** Scratch bytes of one worker. */
    long workspaceBytes() {
        return workspaceBytes;
    }

    MemoryPlan plan(int threads) {
        return new MemoryPlan(
                Weights.flatLength(graph.parameters()) * Float.BYTES,
                packedBytes,
                sharedBytes - packedBytes + slabBytes - placedBytes,
                placedBytes,
                workspaceBytes * threads,
                List.copyOf(blocks));
    }
}
