package dev.hourglass.nn;

import dev.hourglass.graph.Value;

/**
 * Self-attention over the pixels of an image as diffusers' {@code UNet2DModel} has it ({@code Attention} with a group norm and a residual
 * connection): parameters are {@code group_norm}, {@code to_q}, {@code to_k}, {@code to_v} and {@code to_out.0}, weight and bias each.
 *
 * <pre>
 * h = group_norm(x)
 * h = attention(to_q(h), to_k(h), to_v(h))
 * y = to_out.0(h) + x
 * </pre>
 */
public final class SelfAttention {

    private SelfAttention() {}

    /**
     * Adds a block.
     *
     * @param at its place; parameters are named under it
     * @param x {@code [N, H, W, C]}
     * @param heads heads that the channels are cut into
     * @param groups groups of the norm
     * @param eps added to the norm's variance
     * @return {@code [N, H, W, C]}
     */
    public static Value apply(Scope at, Value x, int heads, int groups, float eps) {
        int channels = x.shape().dim(3);
        Value h = at.at("group_norm").groupNorm(x, groups, eps);
        Value q = at.at("to_q").linear(h, channels);
        Value k = at.at("to_k").linear(h, channels);
        Value v = at.at("to_v").linear(h, channels);
        h = at.attention(q, k, v, heads);
        h = at.at("to_out").at("0").linear(h, channels);
        return at.add(h, x);
    }
}
