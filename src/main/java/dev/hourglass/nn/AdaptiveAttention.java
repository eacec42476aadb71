package dev.hourglass.nn;

import dev.hourglass.graph.Value;

/**
 * The attention of latent upscalers (diffusers' {@code KAttentionBlock}): of the pixels to themselves, perhaps, and to a text, each after
 * a norm that the timestep scales and shifts. Parameters are {@code norm1.linear} and {@code attn1} where pixels ask themselves,
 * {@code norm2.linear}, {@code attn2} and {@code attn2.norm_cross}, which normalises the text.
 *
 * <pre>
 * x = x + attn1(norm1(x, t))
 * x = x + attn2(norm2(x, t), norm_cross(text))
 * </pre>
 *
 * @param headWidth channels of a head; as many whole heads as the channels hold
 * @param groupWidth channels of a group of the norms; one group for fewer channels
 * @param asksItself whether pixels ask themselves first
 */
public record AdaptiveAttention(int headWidth, int groupWidth, boolean asksItself) {

    private static final double EPS = 1e-5;

    /**
     * Adds a block.
     *
     * @param at its place; parameters are named under it
     * @param x {@code [N, H, W, C]}
     * @param t timestep embedding {@code [N, timeDim]}
     * @param text {@code [N, T, D]}
     * @param mask {@code [N, T]}, added to the scores of the text's tokens
     * @return {@code [N, H, W, C]}
     */
    public Value apply(Scope at, Value x, Value t, Value text, Value mask) {
        at.block();
        int channels = x.shape().dim(3);
        int groups = Math.max(1, channels / groupWidth);
        Value h = x;
        if (asksItself) {
            Value normal = AdaGroupNorm.apply(at.at("norm1"), h, t, groups, EPS);
            h = at.at("attn1").add(attention(at.at("attn1"), normal, normal, null), h);
        }
        Value normal = AdaGroupNorm.apply(at.at("norm2"), h, t, groups, EPS);
        Value asked = at.at("attn2").at("norm_cross").layerNorm(text);
        return at.at("attn2").add(attention(at.at("attn2"), normal, asked, mask), h);
    }

    private Value attention(Scope at, Value x, Value asked, Value mask) {
        int heads = x.shape().dim(3) / headWidth;
        return CrossAttention.apply(at, x, asked, mask, heads, heads * headWidth, true);
    }
}
