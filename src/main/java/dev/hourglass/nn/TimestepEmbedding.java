package dev.hourglass.nn;

import dev.hourglass.graph.Value;

/** The two linear layers that diffusers puts behind an encoding of timesteps, classes or sizes: {@code linear_1}, {@code linear_2}. */
public final class TimestepEmbedding {

    private TimestepEmbedding() {}

    /**
     * Adds the layers.
     *
     * @param at their place; parameters are named under it
     * @param encoded {@code [N, any width]}
     * @param width width of both layers
     * @param activation diffusers' name of the activation between them
     * @return {@code [N, width]}
     */
    public static Value apply(Scope at, Value encoded, int width, String activation) {
        Value hidden = at.at("act").activation(at.at("linear_1").linear(encoded, width), activation);
        return at.at("linear_2").linear(hidden, width);
    }
}
