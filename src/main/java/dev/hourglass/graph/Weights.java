package dev.hourglass.graph;

import dev.hourglass.kernel.Philox;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All parameters of a model in one flat slab, so that the optimizer is one loop, a checkpoint one copy and an average one buffer.
 * Gradients, moments and averages are further {@code Weights} of the same layout.
 *
 * <p>A model's stored weights stay in their files until somebody asks for the slab: programs for inference {@link #read} one parameter at
 * a time, so that the plain weights are never in memory beside the packed ones. {@link #flat}, {@link #tensor} and everything that sets
 * values load all of them, for good.
 */
public final class Weights implements AutoCloseable {

    private final Map<String, Parameter> parameters = new LinkedHashMap<>();
    private final String purpose;
    private final WeightSource source;
    private Slab slab;
    /** Set once, after the slab; {@code null} while the values are in the source. */
    private volatile Tensor flat;

    private long version;

    private Weights(String purpose, List<Parameter> parameters, WeightSource source) {
        this.purpose = purpose;
        this.source = source;
        parameters.forEach(parameter -> this.parameters.put(parameter.name(), parameter));
    }

    /** Opens zeroed memory for these parameters; who opens it closes it. */
    public static Weights open(String purpose, List<Parameter> parameters) {
        Weights weights = new Weights(purpose, parameters, null);
        weights.load();
        return weights;
    }

    /** Weights that are read when they are needed. Closing them closes the source. */
    public static Weights stored(String purpose, List<Parameter> parameters, WeightSource source) {
        return new Weights(purpose, parameters, source);
    }

    /** Opens the slab and fills it from the source. */
    private synchronized Tensor load() {
        if (flat != null) {
            return flat;
        }
        // at least one gap, because no tensor is empty
        long floats = Math.max(nextOffset(1), flatLength(parameters()));
        Slab opened = Slab.open(purpose, floats * Float.BYTES);
        if (source != null) {
            try {
                parameters.values().forEach(parameter -> source.read(parameter, slice(opened, parameter)));
            } catch (RuntimeException e) {
                opened.close();
                throw e;
            }
            source.close();
        }
        slab = opened;
        flat = opened.tensor(0, Shape.of(Math.toIntExact(floats)));
        return flat;
    }

    private static MemorySegment slice(Slab slab, Parameter parameter) {
        return slab.slice(parameter.offset() * Float.BYTES, parameter.elements() * Float.BYTES);
    }

    /** Whether the slab is there; otherwise the values are still in the source. */
    public boolean isLoaded() {
        return flat != null;
    }

    /** Copies one parameter in memory order, from wherever it is, into memory of its size. Threads may read at the same time. */
    public synchronized void read(Parameter parameter, MemorySegment target) {
        if (isLoaded()) {
            target.copyFrom(slice(slab, parameter));
        } else {
            source.read(parameter, target);
        }
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
        Tensor loaded = flat;
        return loaded != null ? loaded : load();
    }

    /** One parameter in memory order. */
    public Tensor tensor(Parameter parameter) {
        flat();
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
        flat().segment().copyFrom(other.flat().segment());
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
    public synchronized void close() {
        if (source != null) {
            source.close();
        }
        if (slab != null) {
            slab.close();
        }
    }
}
