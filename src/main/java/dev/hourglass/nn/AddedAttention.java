package dev.hourglass.nn;

import dev.hourglass.graph.Value;
import dev.hourglass.memory.Shape;

/**
 * Attention of an image's pixels to a text and to themselves at once, as in diffusers' {@code SimpleCrossAttn} blocks ({@code Attention}
 * with {@code AttnAddedKVProcessor}): keys and values of the text go before those of the pixels. Parameters are {@code group_norm},
 * {@code norm_cross}, {@code to_q}, {@code to_k}, {@code to_v}, {@code add_k_proj}, {@code add_v_proj} and {@code to_out.0}.
 *
 * <pre>
 * h = group_norm(x)
 * h = attention(to_q(h), [add_k_proj(text), to_k(h)], [add_v_proj(text), to_v(h)])
 * y = to_out.0(h) + x
 * </pre>
 *
 * @param heads independent attentions, which divide the channels
 * @param groups groups of the pixels' norm
 * @param textNorm the text's norm
 * @param onlyText whether pixels are not asked
 */
public record AddedAttention(int heads, int groups, TextNorm textNorm, boolean onlyText) {

    /** Groups of the text's group norm; diffusers has the number in the code. */
    public static final int TEXT_GROUPS = 32;

    private static final float EPS = 1e-5f;

    /** How a text is normalised before it is asked. */
    public enum TextNorm {
        /** Not at all. */
        NONE,
        /** Each token by itself. */
        LAYER,
        /** All tokens of {@link #TEXT_GROUPS} groups of channels. */
        GROUP
    }

    /**
     * Adds a block.
     *
     * @param at its place; parameters are named under it
     * @param x {@code [N, H, W, C]}
     * @param text {@code [N, T, D]}
     * @param mask {@code [N, T]}, added to the scores of the text's tokens
     * @return {@code [N, H, W, C]}
     */
    public Value apply(Scope at, Value x, Value text, Value mask) {
        at.block();
        int channels = x.shape().dim(3);
        Value asked = normal(at.at("norm_cross"), text);
        Value h = at.at("group_norm").groupNorm(x, groups, EPS);
        Value q = at.at("to_q").linear(h, channels);
        Value k = at.at("add_k_proj").linear(asked, channels);
        Value v = at.at("add_v_proj").linear(asked, channels);
        Value scores = mask;
        if (!onlyText) {
            k = at.at("to_k").concatTokens(k, at.at("to_k").linear(h, channels));
            v = at.at("to_v").concatTokens(v, at.at("to_v").linear(h, channels));
            int pixels = x.shape().dim(1) * x.shape().dim(2);
            scores = at.at("mask")
                    .concat(mask, at.at("mask").zeros(Shape.of(x.shape().dim(0), pixels)));
        }
        h = at.attention(q, k, v, scores, heads);
        return at.add(at.at("to_out").at("0").linear(h, channels), x);
    }

    private Value normal(Scope at, Value text) {
        return switch (textNorm) {
            case NONE -> text;
            case LAYER -> at.layerNorm(text);
            case GROUP -> at.groupNorm(text, TEXT_GROUPS, EPS);
        };
    }
}
