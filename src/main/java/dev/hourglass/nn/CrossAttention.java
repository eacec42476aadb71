package dev.hourglass.nn;

import dev.hourglass.graph.Value;

/**
 * Diffusers' {@code Attention} without norm and residual connection: tokens ask a context, or themselves, over heads. Parameters are
 * {@code to_q}, {@code to_k}, {@code to_v} and {@code to_out.0}.
 */
public final class CrossAttention {

    private CrossAttention() {}

    /**
     * Adds a layer.
     *
     * @param at its place; parameters are named under it
     * @param x tokens that ask, {@code [N, .., C]}
     * @param context tokens that are asked, {@code [N, .., D]}; {@code x} for self-attention
     * @param mask {@code [N, tokens of the context]}, added to the scores of each of them; {@code null} for none
     * @param heads independent attentions
     * @param inner channels of queries, keys and values, which the heads divide; may differ from {@code C}
     * @param bias whether queries, keys and values have a bias; the output always has
     * @return {@code [N, .., C]}
     */
    public static Value apply(Scope at, Value x, Value context, Value mask, int heads, int inner, boolean bias) {
        Value q = at.at("to_q").linear(x, inner, bias);
        Value k = at.at("to_k").linear(context, inner, bias);
        Value v = at.at("to_v").linear(context, inner, bias);
        Value h = at.attention(q, k, v, mask, heads);
        return at.at("to_out").at("0").linear(h, x.shape().dim(-1));
    }
}
