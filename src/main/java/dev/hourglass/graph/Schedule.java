package dev.hourglass.graph;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What runs, and in which order: the forward passes of the operations, and in training their backward passes in reverse. Training that
 * recomputes cuts the operations where they leave one block for another; before a block's backward passes come once more the forward
 * passes of those of its operations whose results they read and nobody has kept.
 *
 * <p>A moment is a step's place in the order. How long memory is needed follows from the steps alone, see {@link Layout}.
 */
final class Schedule {

    /**
     * One pass of one operation.
     *
     * @param node which of the {@link #nodes}
     */
    record Step(int node, boolean backward) {}

    private final List<Node> nodes;
    private final Set<Value> outputs;
    private final boolean[] wantsGradient;
    private final List<Step> steps = new ArrayList<>();

    Schedule(Graph graph, Purpose purpose) {
        outputs = Set.copyOf(graph.outputs().values());
        nodes = Fusion.apply(reachable(graph), outputs);
        wantsGradient = new boolean[graph.valueCount()];
        for (int k = 0; k < nodes.size(); k++) {
            steps.add(new Step(k, false));
        }
        if (purpose.trains()) {
            markGradients(graph);
        }
        if (purpose == Purpose.RECOMPUTING_TRAINING) {
            goBackBlockByBlock(graph);
        } else {
            goBack(0, nodes.size());
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

    private void markGradients(Graph graph) {
        graph.differentiable().forEach(value -> wantsGradient[value.id()] = true);
        for (Node node : nodes) {
            boolean wanted =
                    !node.parameters().isEmpty() || node.inputs().stream().anyMatch(input -> wantsGradient[input.id()]);
            wantsGradient[node.output().id()] |= wanted;
        }
    }

    private void goBackBlockByBlock(Graph graph) {
        // What the last block computed is still fresh when the way back reaches it.
        boolean fresh = true;
        int to = nodes.size();
        while (to > 0) {
            Optional<String> block = block(graph, to - 1);
            int from = to - 1;
            while (from > 0 && block(graph, from - 1).equals(block)) {
                from--;
            }
            if (block.isPresent()) {
                steps.addAll(fresh ? List.of() : again(from, to));
                fresh = false;
            }
            goBack(from, to);
            to = from;
        }
    }

    private Optional<String> block(Graph graph, int node) {
        return graph.blockOf(nodes.get(node).path());
    }

    private void goBack(int from, int to) {
        for (int k = to - 1; k >= from; k--) {
            if (runsBackward(nodes.get(k))) {
                steps.add(new Step(k, true));
            }
        }
    }

    /** Forward passes that bring back what the backward passes of some operations in a row read, apart from what others read, too. */
    private List<Step> again(int from, int to) {
        Set<Value> kept = new HashSet<>(outputs);
        nodes.subList(to, nodes.size()).stream().map(Node::inputs).forEach(kept::addAll);
        Set<Value> read = new HashSet<>();
        List<Step> again = new ArrayList<>();
        for (int k = to - 1; k >= from; k--) {
            Node node = nodes.get(k);
            if (runsBackward(node)) {
                read.addAll(readByBackward(node));
            }
            if (read.contains(node.output()) && !kept.contains(node.output())) {
                again.addFirst(new Step(k, false));
                read.addAll(node.inputs());
            }
        }
        return again;
    }

    private static Collection<Value> readByBackward(Node node) {
        List<Value> read = new ArrayList<>();
        for (int i = 0; i < node.inputs().size(); i++) {
            if (node.op().backwardReadsInput(i)) {
                read.add(node.inputs().get(i));
            }
        }
        if (node.op().backwardReadsOutput()) {
            read.add(node.output());
        }
        return read;
    }

    /** The values that a step reads. */
    Collection<Value> reads(Step step) {
        Node node = nodes.get(step.node());
        return step.backward() ? readByBackward(node) : node.inputs();
    }

    /** The operations, in the order of their first forward passes. */
    List<Node> nodes() {
        return Collections.unmodifiableList(nodes);
    }

    /** All passes; the first are the forward passes of all {@link #nodes} in their order. */
    List<Step> steps() {
        return Collections.unmodifiableList(steps);
    }

    boolean runsBackward(Node node) {
        return wantsGradient(node.output());
    }

    boolean wantsGradient(Value value) {
        return wantsGradient[value.id()];
    }
}
