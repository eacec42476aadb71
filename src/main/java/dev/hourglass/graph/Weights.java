package dev.hourglass.graph;

import dev.hourglass.kernel.Philox;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All parameters of a model in one flat slab, so that the optimizer is one loop, a checkpoint one copy and an average one buffer.
 * Gradients, moments and averages are further {@code Weights} of the same layout.
 */
public final class Weights implements AutoCloseable {

    private final Map<String, Parameter> parameters = new LinkedHashMap<>();
    private final Slab slab;
    private final Tensor flat;
    private long version;

    private Weights(String purpose, List<Parameter> parameters) {
        parameters.forEach(parameter -> this.parameters.put(parameter.name(), parameter));
        // at least one gap, because no tensor is empty
        long floats = Math.max(nextOffset(1), flatLength(parameters));
        slab = Slab.open(purpose, floats * Float.BYTES);
        flat = slab.tensor(0, Shape.of(Math.toIntExact(floats)));
    }

    /** Opens zeroed memory for these parameters; who opens it closes it. */
    public static Weights open(String purpose, List<Parameter> parameters) {
        return new Weights(purpose, parameters);
    }

    /** The floats of the flat vector, gaps for alignment included. */
    public static long flatLength(List<Parameter> parameters) {
        if (parameters.isEmpty()) {
            return 0;
        }
        Parameter last = parameters.getLast();
        return nextOffset(last.offset() + last.elements());
    }

    /** The first aligned place at or after {@code floats}. */
    static long nextOffset(long floats) {
        return Slab.aligned(floats * Float.BYTES) / Float.BYTES;
    }

    /** The parameters, in the order of their places. */
    public List<Parameter> parameters() {
        return List.copyOf(parameters.values());
    }

    /** The flat vector {@code [all parameters and gaps]}; the gaps stay 0. */
    public Tensor flat() {
        return flat;
    }

    /** One parameter in memory order. */
    public Tensor tensor(Parameter parameter) {
        return slab.tensor(parameter.offset() * Float.BYTES, Shape.of(Math.toIntExact(parameter.elements())));
    }

    /** One parameter in the file's order, as a fresh array. */
    public float[] fileOrder(Parameter parameter) {
        Tensor tensor = tensor(parameter);
        float[] values = new float[Math.toIntExact(parameter.elements())];
        for (int k = 0; k < values.length; k++) {
            values[Math.toIntExact(parameter.layout().fileIndex(parameter.fileShape(), k))] = tensor.get(k);
        }
        return values;
    }

    /** Sets one parameter from values in the file's order. */
    public void setFileOrder(Parameter parameter, float[] values) {
        Tensor tensor = tensor(parameter);
        for (int k = 0; k < values.length; k++) {
            tensor.set(k, values[Math.toIntExact(parameter.layout().fileIndex(parameter.fileShape(), k))]);
        }
        changed();
    }

    /** Copies everything from weights of the same layout. */
    public void copyFrom(Weights other) {
        flat.segment().copyFrom(other.flat.segment());
        changed();
    }

    /** Sets the values training starts from. A parameter's values depend on the seed and its own place among the parameters. */
    public void initialize(long seed) {
        int stream = 0;
        for (Parameter parameter : parameters.values()) {
            Tensor tensor = tensor(parameter);
            Parameter.Init init = parameter.init();
            for (long k = 0; k < parameter.elements(); k++) {
                double uniform = 2 * Philox.uniform(seed, stream, k) - 1;
                tensor.set(k, init.bound() == 0 ? init.constant() : (float) (uniform * init.bound()));
            }
            stream++;
        }
        changed();
    }

    /** Says that values have changed, so that programs bring them into packed form again. */
    public void changed() {
        version++;
    }

    /** Grows with every change. */
    public long version() {
        return version;
    }

    @Override
    public void close() {
        slab.close();
    }
}
