package dev.hourglass.graph;

import dev.hourglass.graph.op.Add;
import dev.hourglass.graph.op.ChannelShift;
import dev.hourglass.graph.op.Concat;
import dev.hourglass.graph.op.Conv2d;
import dev.hourglass.graph.op.GroupNorm;
import dev.hourglass.graph.op.NearestResize;
import dev.hourglass.graph.op.Op;
import dev.hourglass.graph.op.ResizedConcat;
import dev.hourglass.graph.op.Silu;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Joins operations that walk over the same memory one after the other, where nobody else reads what lies between them:
 *
 * <ul>
 *   <li>SiLU into the group norm before it,
 *   <li>a channel shift, and then an addition, into the convolution before it,
 *   <li>the resizing of a concatenation's first input into the concatenation.
 * </ul>
 *
 * <p>The joined operation stands where the later one stood, so that everything it reads is there.
 */
final class Fusion {

    private final Map<Value, Integer> readers = new HashMap<>();
    private final Map<Value, Node> makers = new HashMap<>();
    private final List<Node> nodes = new ArrayList<>();

    private Fusion() {}

    /**
     * Rewrites operations.
     *
     * @param nodes operations in an order in which they can run
     * @param outputs values that the caller reads
     */
    static List<Node> apply(List<Node> nodes, Set<Value> outputs) {
        Fusion fusion = new Fusion();
        nodes.forEach(node -> node.inputs().forEach(input -> fusion.readers.merge(input, 1, Integer::sum)));
        outputs.forEach(output -> fusion.readers.merge(output, 1, Integer::sum));
        nodes.forEach(fusion::add);
        return fusion.nodes;
    }

    private void add(Node node) {
        Node added = joined(node);
        nodes.add(added);
        makers.put(added.output(), added);
    }

    private Node joined(Node node) {
        return switch (node.op()) {
            case Silu silu -> joinedSilu(node);
            case ChannelShift shift -> joinedShift(node);
            case Add add -> joinedAdd(node);
            case Concat concat -> joinedConcat(node);
            default -> node;
        };
    }

    private Node joinedSilu(Node node) {
        Node norm = soleMaker(node.inputs().getFirst());
        if (norm == null || !(norm.op() instanceof GroupNorm op) || op.silu()) {
            return node;
        }
        return join(norm, node, op.withSilu(), List.of());
    }

    private Node joinedShift(Node node) {
        Node conv = soleMaker(node.inputs().getFirst());
        if (conv == null || !(conv.op() instanceof Conv2d op) || op.shifted() || op.added() || op.groups() > 1) {
            return node;
        }
        return join(conv, node, op.withShift(), List.of(node.inputs().get(1)));
    }

    private Node joinedAdd(Node node) {
        for (int k = 0; k < 2; k++) {
            Node conv = soleMaker(node.inputs().get(k));
            if (conv != null && conv.op() instanceof Conv2d op && !op.added()) {
                return join(conv, node, op.withAddend(), List.of(node.inputs().get(1 - k)));
            }
        }
        return node;
    }

    private Node joinedConcat(Node node) {
        Node resize = soleMaker(node.inputs().getFirst());
        if (resize == null || !(resize.op() instanceof NearestResize)) {
            return node;
        }
        nodes.remove(resize);
        List<Value> inputs = List.of(resize.inputs().getFirst(), node.inputs().get(1));
        return new Node(node.path(), new ResizedConcat(), inputs, List.of(), node.output());
    }

    /** Who makes a value that has one reader; {@code null} for inputs and for values with several. */
    private Node soleMaker(Value value) {
        return readers.get(value) == 1 ? makers.get(value) : null;
    }

    private Node join(Node first, Node second, Op op, List<Value> more) {
        nodes.remove(first);
        List<Value> inputs = new ArrayList<>(first.inputs());
        inputs.addAll(more);
        return new Node(first.path(), op, inputs, first.parameters(), second.output());
    }
}
