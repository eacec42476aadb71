package dev.hourglass.nn;

import dev.hourglass.graph.Value;

/**
 * Group norm whose scale and shift per channel come from a timestep and are no parameters (diffusers' {@code AdaGroupNorm}). The
 * parameters are {@code linear}, which makes both from the timestep's embedding.
 */
public final class AdaGroupNorm {

    private AdaGroupNorm() {}

    /**
     * Adds a layer.
     *
     * @param at its place; parameters are named under it
     * @param x {@code [N, H, W, C]}
     * @param t timestep embedding {@code [N, any width]}
     * @param groups groups of the norm
     * @param eps added to the variance
     * @return {@code [N, H, W, C]}
     */
    public static Value apply(Scope at, Value x, Value t, int groups, double eps) {
        Value scaleShift = at.at("linear").linear(t, 2 * x.shape().dim(3));
        return at.scaleShift(at.plainGroupNorm(x, groups, (float) eps), scaleShift);
    }
}
