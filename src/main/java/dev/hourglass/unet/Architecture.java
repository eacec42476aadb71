package dev.hourglass.unet;

import dev.hourglass.graph.Value;
import dev.hourglass.nn.Scope;
import java.util.Map;
import java.util.Set;

/** A U-Net family with its settings: everything about a model but its weights. */
public sealed interface Architecture permits TinyUNet {

    /** What {@code _class_name} says in a model folder's {@code config.json}. */
    String className();

    /** The settings, as they stand in {@code config.json} beside the class name. */
    Map<String, Object> config();

    /** Channels of images that come in. */
    int inChannels();

    /** Channels of images that go out. */
    int outChannels();

    /** The smallest height and width. */
    int minimumSize();

    /** The number of memory wires, from 1 at full resolution to the deepest. */
    int wires();

    /**
     * Adds the model to a graph.
     *
     * @param top where parameters are named from
     * @param x noisy images {@code [N, H, W, inChannels]}
     * @param t timesteps {@code [N]}
     * @param cutWires memory wires that carry zeros instead of features, by number
     * @return the prediction {@code [N, H, W, outChannels]}
     */
    Value build(Scope top, Value x, Value t, Set<Integer> cutWires);
}
