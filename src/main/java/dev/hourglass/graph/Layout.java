package dev.hourglass.graph;

import dev.hourglass.graph.op.Buffer;
import dev.hourglass.graph.op.Site;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Decides what lives where: which operations run, which values need gradients, how long everything is kept, and where the planner puts
 * it. Moments are the forward passes of the {@code T} operations, 0 to {@code T - 1}, and then their backward passes in reverse order,
 * {@code T} to {@code 2T - 1}. Before all of them weights are packed, which is moment -1.
 */
final class Layout {

    private static final int PREPARING = -1;

    private final Graph graph;
    private final boolean training;
    private final Kernels kernels;
    private final List<Node> nodes;
    private final boolean[] wantsGradient;
    private final int end;

    private final List<Planner.Block> blocks = new ArrayList<>();
    private final int[] valueBlock;
    private final int[] gradientBlock;
    private final List<int[]> bufferBlocks = new ArrayList<>();
    private final List<Long> offsets;
    private final List<long[]> parameterOffsets = new ArrayList<>();
    private final long placedBytes;
    private long slabBytes;
    private long packedBytes;
    private long workspaceBytes;

    Layout(Graph graph, boolean training, Kernels kernels) {
        this.graph = graph;
        this.training = training;
        this.kernels = kernels;
        nodes = Fusion.apply(reachable(graph), Set.copyOf(graph.outputs().values()));
        end = 2 * nodes.size() - 1;
        wantsGradient = new boolean[graph.valueCount()];
        valueBlock = new int[graph.valueCount()];
        gradientBlock = new int[graph.valueCount()];
        Arrays.fill(valueBlock, -1);
        Arrays.fill(gradientBlock, -1);
        markGradients();
        placeValues();
        placeGradients();
        placeBuffers();
        Planner.Placement placement = Planner.place(blocks);
        offsets = placement.offsets();
        placedBytes = placement.bytes();
        slabBytes = placedBytes;
        if (!training) {
            placeParameters(placement);
        }
    }

    /** The operations whose results reach an output. */
    private static List<Node> reachable(Graph graph) {
        Set<Value> needed = new HashSet<>(graph.outputs().values());
        List<Node> kept = new ArrayList<>();
        for (Node node : graph.nodes().reversed()) {
            if (needed.contains(node.output())) {
                kept.addFirst(node);
                needed.addAll(node.inputs());
            }
        }
        return kept;
    }

    private void markGradients() {
        if (!training) {
            return;
        }
        graph.differentiable().forEach(value -> wantsGradient[value.id()] = true);
        for (Node node : nodes) {
            boolean wanted =
                    !node.parameters().isEmpty() || node.inputs().stream().anyMatch(input -> wantsGradient[input.id()]);
            wantsGradient[node.output().id()] |= wanted;
        }
    }

    private int backwardMoment(int node) {
        return end - node;
    }

    private boolean runsBackward(Node node) {
        return wantsGradient[node.output().id()];
    }

    private void placeValues() {
        int[] first = new int[graph.valueCount()];
        int[] last = new int[graph.valueCount()];
        // Inputs are the caller's: filled at any time before a pass, and left as they are.
        graph.inputs().values().forEach(value -> {
            first[value.id()] = PREPARING;
            last[value.id()] = end;
        });
        for (int k = 0; k < nodes.size(); k++) {
            Node node = nodes.get(k);
            first[node.output().id()] = k;
            boolean reread = runsBackward(node) && node.op().backwardReadsOutput();
            last[node.output().id()] = Math.max(last[node.output().id()], reread ? backwardMoment(k) : k);
            for (int i = 0; i < node.inputs().size(); i++) {
                int id = node.inputs().get(i).id();
                boolean kept = runsBackward(node) && node.op().backwardReadsInput(i);
                last[id] = Math.max(last[id], kept ? backwardMoment(k) : k);
            }
        }
        graph.outputs().values().forEach(value -> last[value.id()] = end);
        graph.inputs().values().forEach(value -> placeValue(value, first, last));
        nodes.forEach(node -> placeValue(node.output(), first, last));
    }

    private void placeValue(Value value, int[] first, int[] last) {
        valueBlock[value.id()] = add(value.shape().floatBytes(), first[value.id()], last[value.id()]);
    }

    private void placeGradients() {
        int[] first = new int[graph.valueCount()];
        int[] last = new int[graph.valueCount()];
        Arrays.fill(first, Integer.MAX_VALUE);
        Arrays.fill(last, end);
        for (int k = 0; k < nodes.size(); k++) {
            Node node = nodes.get(k);
            last[node.output().id()] = backwardMoment(k);
            if (runsBackward(node)) {
                for (Value input : node.inputs()) {
                    first[input.id()] = Math.min(first[input.id()], backwardMoment(k));
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
                if (inside && wantsGradient[input.id()] && node.op().passesGradient(i) && readers(input) == 1) {
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
        if (wantsGradient[value.id()]) {
            gradientBlock[value.id()] = add(value.shape().floatBytes(), first[value.id()], last[value.id()]);
        }
    }

    private void placeBuffers() {
        for (int k = 0; k < nodes.size(); k++) {
            Node node = nodes.get(k);
            Site site = site(node);
            List<Buffer> buffers = node.op().buffers(site);
            int[] indices = new int[buffers.size()];
            for (int b = 0; b < indices.length; b++) {
                Buffer buffer = buffers.get(b);
                int back = site.training() ? backwardMoment(k) : k;
                indices[b] = switch (buffer.lifetime()) {
                    case PROGRAM -> add(buffer.bytes(), PREPARING, end);
                    case FORWARD_TO_BACKWARD -> add(buffer.bytes(), k, back);
                    case BACKWARD -> add(buffer.bytes(), back, back);
                };
                packedBytes += buffer.lifetime() == Buffer.Lifetime.PROGRAM ? Slab.aligned(buffer.bytes()) : 0;
            }
            bufferBlocks.add(indices);
            workspaceBytes = Math.max(workspaceBytes, Slab.aligned(node.op().workspaceBytes(site)));
        }
    }

    /**
     * Programs for inference have parameters of their own. Those that are packed pass, one operation's at a time, through one place,
     * which activations use afterwards; the others stay, behind everything else. The placement of everything else does not change.
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
            long[] offsetsOfNode = new long[node.parameters().size()];
            long at = node.op().packsParameters() ? place : slabBytes;
            for (int p = 0; p < offsetsOfNode.length; p++) {
                offsetsOfNode[p] = at;
                at += alignedBytes(node.parameters().get(p));
            }
            slabBytes = Math.max(slabBytes, at);
            parameterOffsets.add(offsetsOfNode);
        }
    }

    private static long alignedBytes(Parameter parameter) {
        return Slab.aligned(parameter.fileShape().floatBytes());
    }

    private int add(long bytes, int first, int last) {
        blocks.add(new Planner.Block(bytes, first, last));
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
            return runsBackward(node);
        }

        @Override
        public boolean wantsInputGradient(int index) {
            return wantsGradient[node.inputs().get(index).id()];
        }
    }

    List<Node> nodes() {
        return nodes;
    }

    boolean runsBackward(int node) {
        return runsBackward(nodes.get(node));
    }

    boolean wantsGradient(Value value) {
        return wantsGradient[value.id()];
    }

    long valueOffset(Value value) {
        return offsets.get(valueBlock[value.id()]);
    }

    long gradientOffset(Value value) {
        return offsets.get(gradientBlock[value.id()]);
    }

    long bufferOffset(int node, int index) {
        return offsets.get(bufferBlocks.get(node)[index]);
    }

    long bufferBytes(int node, int index) {
        return blocks.get(bufferBlocks.get(node)[index]).bytes();
    }

    /** Where an operation's parameter is in a program for inference. */
    long parameterOffset(int node, int index) {
        return parameterOffsets.get(node)[index];
    }

    /** All bytes of values, gradients, buffers, packed weights and, in inference, parameters. */
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
                slabBytes - placedBytes,
                placedBytes - packedBytes,
                workspaceBytes * threads,
                List.copyOf(blocks));
    }
}
