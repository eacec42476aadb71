package dev.hourglass.nn;

import dev.hourglass.graph.Value;

/**
 * The residual block of latent upscalers (diffusers' {@code ResnetBlockCondNorm2D}): the timestep scales and shifts after both norms.
 * Parameters are {@code norm1.linear}, {@code conv1}, {@code norm2.linear}, {@code conv2} and, where the channels change,
 * {@code conv_shortcut} without bias.
 *
 * <pre>
 * h = conv1(act(norm1(x, t)))
 * h = conv2(dropout(act(norm2(h, t))))
 * y = h + conv_shortcut(x)
 * </pre>
 *
 * @param groups groups of the first norm
 * @param outGroups groups of the second norm
 * @param eps added to the norms' variances
 * @param activation diffusers' name of the activation
 * @param dropout the share of features that is dropped in training
 */
public record AdaptiveResnetBlock(int groups, int outGroups, double eps, String activation, double dropout) {

    /**
     * Adds a block.
     *
     * @param at its place; parameters are named under it
     * @param x {@code [N, H, W, in]}
     * @param t timestep embedding {@code [N, timeDim]}
     * @param inner channels between the convolutions
     * @param out output channels
     * @return {@code [N, H, W, out]}
     */
    public Value apply(Scope at, Value x, Value t, int inner, int out) {
        at.block();
        Value h = at.activation(AdaGroupNorm.apply(at.at("norm1"), x, t, groups, eps), activation);
        h = at.at("conv1").conv2d(h, inner, 3);
        h = at.activation(AdaGroupNorm.apply(at.at("norm2"), h, t, outGroups, eps), activation);
        h = at.at("conv2").conv2d(at.dropout(h, dropout), out, 3);
        Value residual = x.shape().dim(3) == out ? x : at.at("conv_shortcut").pointwise(x, out);
        return at.add(h, residual);
    }
}
