package dev.hourglass.bench.onnx;

import java.util.HashSet;
import java.util.Set;

/**
 * Collects the nodes of an ONNX graph of floats and writes the model; field numbers are those of {@code onnx.proto}. Values are named
 * after the node that makes them, constants by the caller.
 */
final class OnnxGraph {

    private static final long IR_VERSION = 10;
    private static final long OPSET = 21;
    private static final long FLOAT = 1;
    private static final long INT64 = 7;

    private final ProtoWriter graph = new ProtoWriter().text(2, "graph");
    private final Set<String> constants = new HashSet<>();
    private int nodes;

    /** An attribute of a node. */
    record Attribute(ProtoWriter message) {

        static Attribute of(String name, long value) {
            return new Attribute(
                    new ProtoWriter().text(1, name).number(3, value).number(20, 2));
        }

        static Attribute of(String name, float value) {
            return new Attribute(new ProtoWriter().text(1, name).real(2, value).number(20, 1));
        }

        static Attribute of(String name, String value) {
            return new Attribute(new ProtoWriter().text(1, name).text(4, value).number(20, 3));
        }

        static Attribute of(String name, long... values) {
            ProtoWriter message = new ProtoWriter().text(1, name);
            for (long value : values) {
                message.number(8, value);
            }
            return new Attribute(message.number(20, 7));
        }
    }

    void input(String name, long... shape) {
        graph.message(11, floats(name, shape));
    }

    void output(String name, long... shape) {
        graph.message(12, floats(name, shape));
    }

    private static ProtoWriter floats(String name, long[] shape) {
        ProtoWriter dims = new ProtoWriter();
        for (long dim : shape) {
            dims.message(1, new ProtoWriter().number(1, dim));
        }
        ProtoWriter type = new ProtoWriter().number(1, FLOAT).message(2, dims);
        return new ProtoWriter().text(1, name).message(2, new ProtoWriter().message(1, type));
    }

    /** A tensor of floats; the same name again is the same tensor. */
    String constant(String name, float[] values, long... shape) {
        if (constants.add(name)) {
            graph.message(5, tensor(name, FLOAT, shape).raw(9, values));
        }
        return name;
    }

    /** A vector of integers: a shape for instance. */
    String constant(String name, long... values) {
        if (constants.add(name)) {
            graph.message(5, tensor(name, INT64, values.length).raw(9, values));
        }
        return name;
    }

    private static ProtoWriter tensor(String name, long type, long... shape) {
        ProtoWriter message = new ProtoWriter();
        for (long dim : shape) {
            message.number(1, dim);
        }
        return message.number(2, type).text(8, name);
    }

    /**
     * Adds a node.
     *
     * @param inputs an empty name stands for an optional input that is not there
     * @return the name of its output
     */
    String node(String operation, String[] inputs, Attribute... attributes) {
        return nodeTo(operation + "_" + nodes, operation, inputs, attributes);
    }

    /** Adds a node whose output has the given name. */
    String nodeTo(String output, String operation, String[] inputs, Attribute... attributes) {
        ProtoWriter node = new ProtoWriter();
        for (String input : inputs) {
            node.text(1, input);
        }
        node.text(2, output).text(3, "node_" + nodes++).text(4, operation);
        for (Attribute attribute : attributes) {
            node.message(5, attribute.message());
        }
        graph.message(1, node);
        return output;
    }

    /** The model as a file's content. */
    byte[] toBytes() {
        return new ProtoWriter()
                .number(1, IR_VERSION)
                .text(2, "hourglass benchmarks")
                .message(8, new ProtoWriter().text(1, "").number(2, OPSET))
                .message(7, graph)
                .toBytes();
    }
}
