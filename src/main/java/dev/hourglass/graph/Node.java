package dev.hourglass.graph;

import dev.hourglass.graph.op.Op;
import dev.hourglass.memory.Shape;
import java.util.List;

/**
 * An operation in its place.
 *
 * @param path where it is in the model: {@code u3.conv1}
 * @param op what it does
 * @param inputs what it reads
 * @param parameters what it learns, in the operation's order
 * @param output what it makes
 */
public record Node(String path, Op op, List<Value> inputs, List<Parameter> parameters, Value output) {

    /** Copies the lists. */
    public Node {
        inputs = List.copyOf(inputs);
        parameters = List.copyOf(parameters);
    }

    /** The shapes of the inputs. */
    public List<Shape> inputShapes() {
        return inputs.stream().map(Value::shape).toList();
    }

    /** Multiply-adds of one forward pass; 0 for what is no matrix product. */
    public long multiplyAdds() {
        return op.multiplyAdds(inputShapes(), output.shape());
    }
}
