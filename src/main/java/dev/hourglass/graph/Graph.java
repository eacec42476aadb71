package dev.hourglass.graph;

import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.op.Op;
import dev.hourglass.memory.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Collects inputs, parameters and operations for one batch and image size, in an order in which they can run. */
public final class Graph {

    private final List<Node> nodes = new ArrayList<>();
    private final Map<String, Value> inputs = new LinkedHashMap<>();
    private final Set<Value> differentiable = new LinkedHashSet<>();
    private final Map<String, Value> outputs = new LinkedHashMap<>();
    private final Map<String, Parameter> parameters = new LinkedHashMap<>();
    private Value dropoutKeys;
    private final Set<String> blocks = new HashSet<>();
    private int values;
    private long parameterFloats;

    /** An empty graph. */
    public Graph() {}

    /** A tensor that the caller fills before each forward pass. */
    public Value input(String name, Shape shape) {
        Value value = new Value(values++, name, shape);
        inputs.put(name, value);
        return value;
    }

    /** Asks for the gradient of an input when the graph is trained. */
    public void differentiate(Value input) {
        differentiable.add(input);
    }

    /** Names a value that the caller reads after each forward pass. */
    public void output(String name, Value value) {
        outputs.put(name, value);
    }

    /**
     * Makes places that drop features in training do so, in the operations that are added from now on.
     *
     * @param keys {@code [N, 2]}: two numbers for each image that decide what is dropped, see {@link dev.hourglass.graph.op.Dropout}
     */
    public void dropByKeys(Value keys) {
        dropoutKeys = keys;
    }

    /** The keys of {@link #dropByKeys}; empty where nothing is dropped, as in inference. */
    public Optional<Value> dropoutKeys() {
        return Optional.ofNullable(dropoutKeys);
    }

    /** A learned tensor, by its path; asking again for the same path gives the same tensor. */
    public Parameter parameter(String name, Shape fileShape, ParameterLayout layout, Parameter.Init init) {
        return parameter(name, fileShape, layout, init, true);
    }

    /** A tensor that comes with the weights, by its path, and that training may leave as it is. */
    public Parameter parameter(
            String name, Shape fileShape, ParameterLayout layout, Parameter.Init init, boolean trained) {
        Parameter known = parameters.get(name);
        if (known != null) {
            if (!known.fileShape().equals(fileShape)) {
                throw new IllegalArgumentException(name + ": used as " + known.fileShape() + " and as " + fileShape);
            }
            return known;
        }
        Parameter parameter = new Parameter(name, fileShape, layout, init, parameterFloats, trained);
        parameterFloats = Weights.nextOffset(parameterFloats + parameter.elements());
        parameters.put(name, parameter);
        return parameter;
    }

    /**
     * Adds an operation.
     *
     * @throws HourglassException naming the path when the shapes do not fit
     */
    public Value apply(String path, Op op, List<Parameter> learned, Value... reads) {
        List<Value> read = Arrays.asList(reads);
        Shape shape;
        try {
            shape = op.shape(read.stream().map(Value::shape).toList());
        } catch (HourglassException e) {
            throw HourglassException.what(e.getMessage()).where(path).cause(e).build();
        }
        Value output = new Value(values++, path, shape);
        nodes.add(new Node(path, op, read, learned, output));
        return output;
    }

    /**
     * Says that the operations at a path and under it make a block: little goes in and comes out, and much lies in between, which training
     * may forget and compute again. A block inside of a block is one of its own.
     */
    public void block(String path) {
        blocks.add(path);
    }

    /** The innermost block around an operation, by its path. */
    Optional<String> blockOf(String path) {
        String around = path;
        while (!blocks.contains(around) && around.contains(".")) {
            around = around.substring(0, around.lastIndexOf('.'));
        }
        return Optional.of(around).filter(blocks::contains);
    }

    /** The operations, each after those it reads from. */
    public List<Node> nodes() {
        return Collections.unmodifiableList(nodes);
    }

    /** Inputs by name. */
    public Map<String, Value> inputs() {
        return Collections.unmodifiableMap(inputs);
    }

    /** Outputs by name. */
    public Map<String, Value> outputs() {
        return Collections.unmodifiableMap(outputs);
    }

    /** Inputs whose gradient is asked for. */
    public Set<Value> differentiable() {
        return Collections.unmodifiableSet(differentiable);
    }

    /** The parameters, in order of creation and of their places in the flat vector. */
    public List<Parameter> parameters() {
        return List.copyOf(parameters.values());
    }

    /** The number of values, so that arrays can be indexed by {@link Value#id}. */
    int valueCount() {
        return values;
    }
}
