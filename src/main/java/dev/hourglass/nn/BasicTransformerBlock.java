package dev.hourglass.nn;

import dev.hourglass.graph.Value;

/**
 * Diffusers' {@code BasicTransformerBlock} with layer norms: self-attention, cross-attention and a feed-forward layer, each after a norm
 * and with a residual connection. Without a context there is no second attention.
 *
 * <pre>
 * x = x + attn1(norm1(x))
 * x = x + attn2(norm2(x), context)
 * x = x + ff(norm3(x))
 * </pre>
 */
public final class BasicTransformerBlock {

    private BasicTransformerBlock() {}

    /**
     * Settings of a block, named as in diffusers' configurations.
     *
     * @param heads independent attentions
     * @param headDim channels of a head
     * @param attentionBias whether queries, keys and values have a bias
     * @param onlyCrossAttention whether the first attention asks the context, too
     */
    public record Settings(int heads, int headDim, boolean attentionBias, boolean onlyCrossAttention) {

        /** Self-attention and then cross-attention, without biases: the usual block. */
        public Settings(int heads, int headDim) {
            this(heads, headDim, false, false);
        }

        /** Channels of all heads. */
        public int inner() {
            return heads * headDim;
        }
    }

    /**
     * Adds a block.
     *
     * @param at its place; parameters are named under it
     * @param x {@code [N, .., C]}
     * @param context tokens to ask, {@code [N, T, D]}; {@code null} for none
     * @param mask {@code [N, T]}, added to the scores of the context's tokens in the second attention, which is where diffusers has it;
     *     {@code null} for none
     * @return {@code [N, .., C]}
     */
    public static Value apply(Scope at, Value x, Value context, Value mask, Settings settings) {
        Value h = at.at("norm1").layerNorm(x);
        Value asked = settings.onlyCrossAttention() && context != null ? context : h;
        h = at.at("attn1").add(attention(at.at("attn1"), h, asked, null, settings), x);
        if (context != null) {
            Value normal = at.at("norm2").layerNorm(h);
            h = at.at("attn2").add(attention(at.at("attn2"), normal, context, mask, settings), h);
        }
        return at.at("ff").add(FeedForward.apply(at.at("ff"), at.at("norm3").layerNorm(h)), h);
    }

    private static Value attention(Scope at, Value x, Value context, Value mask, Settings settings) {
        return CrossAttention.apply(at, x, context, mask, settings.heads(), settings.inner(), settings.attentionBias());
    }
}
