package dev.hourglass.unet;

import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.Graph;
import dev.hourglass.graph.Value;
import dev.hourglass.memory.Shape;
import dev.hourglass.nn.Scope;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/** A U-Net family with its settings: everything about a model but its weights. */
public sealed interface Architecture permits TinyUNet, UNet2D, UNet2DCondition {

    /** The input of noisy images, by diffusers' name. */
    String SAMPLE = "sample";

    /** The input of classes, where a model has it: labels {@code [N]}, or embeddings {@code [N, width]}. */
    String CLASS_LABELS = "class_labels";

    /** The input of timesteps. */
    String TIMESTEP = "timestep";

    /** What {@code _class_name} says in a model folder's {@code config.json}. */
    String className();

    /** The settings, as they stand in {@code config.json} beside the class name. */
    Map<String, Object> config();

    /**
     * Adds the model and all its inputs to a graph: {@code sample [N, H, W, inChannels]}, {@code timestep [N]} and the
     * {@link #conditions}.
     *
     * @return the prediction {@code [N, H, W, outChannels]}
     */
    default Value build(Graph graph, int images, int height, int width, int tokens, Set<Integer> cutWires) {
        Value x = graph.input(SAMPLE, Shape.of(images, height, width, inChannels()));
        Value t = graph.input(TIMESTEP, Shape.of(images));
        Map<String, Value> conditions = new LinkedHashMap<>();
        conditions(tokens).forEach((name, axes) -> {
            int[] dims = new int[axes.size() + 1];
            dims[0] = images;
            for (int axis = 0; axis < axes.size(); axis++) {
                dims[axis + 1] = axes.get(axis);
            }
            conditions.put(name, graph.input(name, Shape.of(dims)));
        });
        return build(Scope.of(graph), x, t, conditions, cutWires);
    }

    /** Channels of images that come in. */
    int inChannels();

    /** Channels of images that go out. */
    int outChannels();

    /** The smallest height and width. */
    int minimumSize();

    /**
     * Further inputs by diffusers' names: for each, the lengths of the axes that follow the batch.
     *
     * @param tokens how many tokens a text has, for models that listen to one
     */
    default Map<String, List<Integer>> conditions(int tokens) {
        return Map.of();
    }

    /** Conditions that need not be set, and what fills them then. */
    default Map<String, Float> optionalConditions() {
        return Map.of();
    }

    /** Rows of the table that {@code class_labels} choose from; empty for models without such a table. */
    default OptionalInt classTableRows() {
        return OptionalInt.empty();
    }

    /** The share of features that training drops in each residual block; inference drops none. */
    default double dropout() {
        return 0;
    }

    /**
     * Asks whether the model can be told the timesteps from {@code least} to {@code most}: 0 to one less than a schedule's length in
     * training, checking and ancestral sampling, those of a scheduler otherwise.
     *
     * @throws HourglassException when it cannot, with the key of {@code config.json} that decides it
     */
    default void requireTimesteps(double least, double most) {}

    /** Height and width of the images such models are usually made for. */
    int usualSize();

    /** The number of memory wires, from 1 at full resolution to the deepest. */
    int wires();

    /**
     * Adds the model to a graph.
     *
     * @param top where parameters are named from
     * @param x noisy images {@code [N, H, W, inChannels]}
     * @param t timesteps {@code [N]}
     * @param conditions further inputs by name, as {@link #conditions} wants them
     * @param cutWires memory wires that carry zeros instead of features, by number
     * @return the prediction {@code [N, H, W, outChannels]}
     */
    Value build(Scope top, Value x, Value t, Map<String, Value> conditions, Set<Integer> cutWires);
}
