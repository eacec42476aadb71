package dev.hourglass.nn;

import dev.hourglass.graph.Value;

/**
 * Self-attention over the pixels of an image as diffusers' {@code UNet2DModel} has it ({@code Attention} with a group norm and a residual
 * connection): parameters are {@code group_norm}, {@code to_q}, {@code to_k}, {@code to_v} and {@code to_out.0}, weight and bias each.
 *
 * <pre>
 * h = group_norm(x)
 * h = attention(to_q(h), to_k(h), to_v(h))
 * y = (to_out.0(h) + x) / outputScale
 * </pre>
 *
 * @param headWidth channels of a head; as many whole heads as the channels hold
 * @param groups groups of the norm, 0 for no norm
 * @param eps added to the norm's variance
 * @param outputScale what the sum is divided by
 */
public record SelfAttention(int headWidth, int groups, double eps, double outputScale) {

    /**
     * Adds a block.
     *
     * @param at its place; parameters are named under it
     * @param x {@code [N, H, W, C]}
     * @return {@code [N, H, W, C]}
     */
    public Value apply(Scope at, Value x) {
        at.block();
        int channels = x.shape().dim(3);
        int heads = channels / headWidth;
        int inner = heads * headWidth;
        Value h = groups == 0 ? x : at.at("group_norm").groupNorm(x, groups, (float) eps);
        h = CrossAttention.apply(at, h, h, null, heads, inner, true);
        Value sum = at.add(h, x);
        return outputScale == 1 ? sum : at.affine(sum, 1 / outputScale, 0);
    }
}
