package dev.hourglass.train;

import dev.hourglass.error.HourglassException;
import dev.hourglass.io.Safetensors;
import dev.hourglass.io.TensorEntry;
import dev.hourglass.kernel.Elementwise;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import dev.hourglass.unet.Architecture;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * What a model is told about each image of a set beside its pixels: tensors by diffusers' names ({@code class_labels},
 * {@code encoder_hidden_states}), each {@code [images, ..]}, off the heap. Who opens one closes it, after the trainers that read it.
 */
public final class Conditions implements AutoCloseable {

    private final List<Slab> slabs = new ArrayList<>();
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();

    private Conditions() {}

    /** Nothing, for models that are told nothing. */
    public static Conditions none() {
        return new Conditions();
    }

    /** Adds a tensor of zeros, to be filled by the caller. */
    public Tensor add(String name, Shape shape) {
        Slab slab = Slab.open("condition " + name, shape.floatBytes());
        slabs.add(slab);
        Tensor tensor = slab.tensor(0, shape);
        tensors.put(name, tensor);
        return tensor;
    }

    /** Adds one number for each image, such as its class. */
    public Conditions with(String name, List<Integer> labels) {
        Tensor tensor = add(name, Shape.of(labels.size()));
        for (int image = 0; image < labels.size(); image++) {
            tensor.set(image, labels.get(image));
        }
        return this;
    }

    /**
     * Reads all tensors of a safetensors file, of any number type; their first axis counts images.
     *
     * @throws HourglassException when the file is missing or damaged, or there is too little memory
     */
    public static Conditions read(Path file) {
        return read(file, name -> name);
    }

    /**
     * Reads some tensors of a safetensors file.
     *
     * @param naming the name here of a tensor of the file, or null to leave it out
     * @throws HourglassException as {@link #read(Path)}
     */
    public static Conditions read(Path file, UnaryOperator<String> naming) {
        Conditions conditions = new Conditions();
        try (Safetensors stored = Safetensors.open(file)) {
            for (TensorEntry entry : stored.entries()) {
                String name = naming.apply(entry.name());
                if (name != null) {
                    stored.copyFloats(
                            entry.name(), conditions.add(name, entry.shape()).segment());
                }
            }
            return conditions;
        } catch (RuntimeException e) {
            conditions.close();
            throw e;
        }
    }

    /**
     * Some of the tensors, perhaps by other names. They stay these conditions' own, to be closed with them.
     *
     * @param naming the name there of a tensor, or null to leave it out
     */
    public Conditions select(UnaryOperator<String> naming) {
        Conditions selected = new Conditions();
        tensors.forEach((name, tensor) -> {
            String other = naming.apply(name);
            if (other != null) {
                selected.tensors.put(other, tensor);
            }
        });
        return selected;
    }

    /** How many images they are about, as the first tensor has it; one where there is none. */
    public int rows() {
        return tensors.values().stream()
                .map(Tensor::shape)
                .filter(shape -> shape.rank() > 0)
                .mapToInt(shape -> shape.dim(0))
                .findFirst()
                .orElse(1);
    }

    /** The tensors by name. */
    public Map<String, Tensor> tensors() {
        return Collections.unmodifiableMap(tensors);
    }

    /** How many tokens the texts have for a model that listens to one; one where there is none. */
    public int tokens(Architecture architecture) {
        return ConditionFeed.tokens(architecture, this);
    }

    /**
     * Connects the conditions to a model's inputs; those that need not be given are filled with what stands for nothing.
     *
     * @param images how many images the conditions are about
     * @param inputs a model's input by its name, {@code [N, ..]}
     * @throws HourglassException when one is missing, unknown, of a wrong shape, not finite, or a label is not in the model's table
     */
    public Feed into(Architecture architecture, int images, Elementwise elementwise, Function<String, Tensor> inputs) {
        ConditionFeed feed = new ConditionFeed(architecture, this, images, 0, 0, elementwise, inputs);
        return (slot, image) -> feed.feed(0, slot, image);
    }

    /** Tells a model about an image before it is asked. */
    public interface Feed {

        /** Tells nothing. */
        Feed NOTHING = (slot, image) -> {};

        /** Fills a slot of the batch with what belongs to an image of the set. */
        void feed(int slot, int image);
    }

    /** Gives the memory back. Closing twice is harmless. */
    @Override
    public void close() {
        slabs.forEach(Slab::close);
    }
}
