package dev.hourglass.nn;

import dev.hourglass.graph.Value;

/**
 * A text as one row, as in DeepFloyd IF (diffusers' {@code AttentionPooling}): the mean of the tokens and a learned row together ask the
 * tokens and themselves. Parameters are {@code positional_embedding}, {@code q_proj}, {@code k_proj} and {@code v_proj}.
 */
public final class AttentionPooling {

    private AttentionPooling() {}

    /**
     * Adds a layer.
     *
     * @param at its place; parameters are named under it
     * @param text {@code [N, T, C]}
     * @param heads independent attentions, which divide the channels
     * @return {@code [N, C]}
     */
    public static Value apply(Scope at, Value text, int heads) {
        int channels = text.shape().dim(-1);
        Value row = at.learnedRow("positional_embedding", text.shape().dim(0), channels);
        Value token = at.reshape(at.add(at.tokenMean(text), row), 1, channels);
        Value all = at.concatTokens(token, text);
        Value q = at.at("q_proj").linear(token, channels);
        Value k = at.at("k_proj").linear(all, channels);
        Value v = at.at("v_proj").linear(all, channels);
        return at.reshape(at.attention(q, k, v, heads), channels);
    }
}
