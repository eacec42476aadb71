package dev.hourglass.nn;

import dev.hourglass.graph.Value;
import dev.hourglass.kernel.Resample.Border;

/**
 * The residual block of diffusers' models ({@code ResnetBlock2D}): pre-norm, with the timestep between the two convolutions, as a shift
 * or as a scale and a shift, and perhaps a change of size before the first.
 *
 * <pre>
 * h = conv1(resample(act(norm1(x))))
 * h = norm2(h + time_emb_proj(act(t)))        or norm2(h) * (1 + scale) + shift
 * y = (conv2(dropout(act(h))) + conv_shortcut(resample(x))) / outputScale
 * </pre>
 *
 * @param groups groups of the first norm
 * @param outGroups groups of the second norm
 * @param eps added to the norms' variances
 * @param activation diffusers' name of the activation
 * @param scaleShift whether the timestep scales, too ({@code resnet_time_scale_shift = "scale_shift"})
 * @param outputScale what the sum is divided by
 * @param shortcut whether there is a {@code conv_shortcut} even where the channels stay as many
 * @param rawTime whether the timestep comes in without an activation ({@code resnet_skip_time_act})
 * @param dropout the share of features that is dropped in training
 */
public record ResnetBlock(
        int groups,
        int outGroups,
        double eps,
        String activation,
        boolean scaleShift,
        double outputScale,
        boolean shortcut,
        boolean rawTime,
        double dropout) {

    /** A block whose timestep goes through the activation, as usual, and that drops nothing. */
    public ResnetBlock(
            int groups,
            int outGroups,
            double eps,
            String activation,
            boolean scaleShift,
            double outputScale,
            boolean shortcut) {
        this(groups, outGroups, eps, activation, scaleShift, outputScale, shortcut, false, 0);
    }

    /** The same block that drops some of its features in training. */
    public ResnetBlock withDropout(double rate) {
        return new ResnetBlock(groups, outGroups, eps, activation, scaleShift, outputScale, shortcut, rawTime, rate);
    }

    /** A change of size. */
    @FunctionalInterface
    public interface Resampling {

        /** Height and width as they are. */
        Resampling NONE = (at, x) -> x;

        /** Half the height and width: the mean of 2x2 pixels. */
        Resampling DOWN = Scope::averagePool;

        /** Half the height and width through a smoothing filter. */
        Resampling FILTERED_DOWN = (at, x) -> at.firHalve(x, Border.ZEROS);

        /** The size of {@code like} through a smoothing filter. */
        static Resampling filteredTo(Value like) {
            return (at, x) -> at.firTwice(x, like, Border.ZEROS);
        }

        /** Each pixel as many times as it takes for the size of {@code like}. */
        static Resampling to(Value like) {
            return (at, x) -> at.resizeLike(x, like);
        }

        /** Resizes a value. */
        Value apply(Scope at, Value x);
    }

    /** A block without a change of size. */
    public Value apply(Scope at, Value x, Value t, int out) {
        return apply(at, x, t, out, Resampling.NONE);
    }

    /**
     * Adds a block.
     *
     * @param at its place; parameters are named under it
     * @param x {@code [N, H, W, in]}
     * @param t timestep embedding {@code [N, timeDim]}; {@code null} for a block that knows no time
     * @param out output channels
     * @param resampling the change of size
     */
    public Value apply(Scope at, Value x, Value t, int out, Resampling resampling) {
        at.block();
        Value h = norm(at.at("norm1"), x, groups);
        h = resampling.apply(at.at("hidden"), h);
        h = at.at("conv1").conv2d(h, out, 3);
        if (t == null) {
            h = norm(at.at("norm2"), h, outGroups);
        } else {
            h = timed(at, h, rawTime ? t : at.at("time_emb_proj").activation(t, activation), out);
        }
        h = at.at("conv2").conv2d(at.dropout(h, dropout), out, 3);
        Value residual = resampling.apply(at.at("input"), x);
        if (shortcut || x.shape().dim(3) != out) {
            residual = at.at("conv_shortcut").conv2d(residual, out, 1);
        }
        Value sum = at.add(h, residual);
        return outputScale == 1 ? sum : at.affine(sum, 1 / outputScale, 0);
    }

    /** The second norm, with the timestep before it as a shift, or after it as a scale and a shift. */
    private Value timed(Scope at, Value x, Value time, int out) {
        if (scaleShift) {
            Value both = at.at("time_emb_proj").linear(time, 2 * out);
            Value normal = at.at("norm2").groupNorm(x, outGroups, (float) eps);
            return at.at("norm2").activation(at.scaleShift(normal, both), activation);
        }
        Value shifted = at.channelShift(x, at.at("time_emb_proj").linear(time, out));
        return norm(at.at("norm2"), shifted, outGroups);
    }

    private Value norm(Scope at, Value x, int count) {
        return at.activation(at.groupNorm(x, count, (float) eps), activation);
    }
}
