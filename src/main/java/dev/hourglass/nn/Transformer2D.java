package dev.hourglass.nn;

import dev.hourglass.graph.Value;

/**
 * Diffusers' {@code Transformer2DModel} on images: a group norm, a projection of every pixel to a token, transformer blocks over the
 * pixels, a projection back, and a residual connection. Parameters are {@code norm}, {@code proj_in}, {@code transformer_blocks.K} and
 * {@code proj_out}.
 */
public final class Transformer2D {

    private static final float EPS = 1e-6f;

    private Transformer2D() {}

    /**
     * Settings of a transformer, named as in diffusers' configurations.
     *
     * @param block the blocks'
     * @param layers how many blocks there are
     * @param groups groups of the norm
     * @param linearProjection whether projections are linear layers, {@code [out, in]} in files, and not 1x1 convolutions,
     *     {@code [out, in, 1, 1]}
     */
    public record Settings(BasicTransformerBlock.Settings block, int layers, int groups, boolean linearProjection) {}

    /**
     * Adds a transformer.
     *
     * @param at its place; parameters are named under it
     * @param x {@code [N, H, W, C]}
     * @param context tokens to ask, {@code [N, T, D]}; {@code null} for none
     * @param mask {@code [N, T]}, added to the scores of the context's tokens; {@code null} for none
     * @return {@code [N, H, W, C]}
     */
    public static Value apply(Scope at, Value x, Value context, Value mask, Settings settings) {
        at.block();
        Value h = at.at("norm").groupNorm(x, settings.groups(), EPS);
        h = project(at.at("proj_in"), h, settings.block().inner(), settings);
        for (int layer = 0; layer < settings.layers(); layer++) {
            Scope place = at.at("transformer_blocks").at(String.valueOf(layer));
            // Alone it would only add what lies between it and the projections to what is kept.
            if (settings.layers() > 1) {
                place.block();
            }
            h = BasicTransformerBlock.apply(place, h, context, mask, settings.block());
        }
        return at.add(project(at.at("proj_out"), h, x.shape().dim(3), settings), x);
    }

    private static Value project(Scope at, Value x, int out, Settings settings) {
        return settings.linearProjection() ? at.linear(x, out) : at.conv2d(x, out, 1);
    }
}
