package dev.hourglass.nn;

import dev.hourglass.graph.Value;

/**
 * The residual block of diffusion U-Nets (arXiv 2006.11239, appendix B) as the lesson writes it: pre-norm, with the timestep added as a
 * per-channel shift between the two convolutions.
 *
 * <pre>
 * h = conv1(silu(norm1(x)))
 * h = h + t_proj(silu(t))         one number per image and channel
 * h = conv2(silu(norm2(h)))
 * y = h + skip(x)                 a 1x1 convolution where the channel count changes
 * </pre>
 */
public final class ResBlock {

    private ResBlock() {}

    /**
     * Adds a block.
     *
     * @param at its place; parameters are named under it
     * @param x {@code [N, H, W, in]}
     * @param t timestep embedding {@code [N, timeDim]}
     * @param out output channels
     * @return {@code [N, H, W, out]}
     */
    public static Value apply(Scope at, Value x, Value t, int out) {
        at.block();
        int in = x.shape().dim(3);
        Value h = at.at("norm1").groupNorm(x, groups(in));
        h = at.at("conv1").conv2d(at.at("norm1").silu(h), out, 3);
        Value shift = at.at("t_proj").linear(at.at("t_proj").silu(t), out);
        h = at.channelShift(h, shift);
        h = at.at("norm2").groupNorm(h, groups(out));
        h = at.at("conv2").conv2d(at.at("norm2").silu(h), out, 3);
        Value residual = in == out ? x : at.at("skip").conv2d(x, out, 1);
        return at.add(h, residual);
    }

    /** Eight groups, or the largest divisor of eight that the channels allow: a one-channel image has one group. */
    static int groups(int channels) {
        int groups = 8;
        while (channels % groups != 0) {
            groups /= 2;
        }
        return groups;
    }
}
