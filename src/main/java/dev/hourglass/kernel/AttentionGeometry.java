package dev.hourglass.kernel;

/**
 * The numbers of an attention. Head {@code h} has channels {@code h * dim} to {@code (h + 1) * dim} of a token. Strides count floats
 * from token to token, at least {@code heads * dim}; a larger one reads a part of wider tokens in place, such as the queries of one
 * projection {@code [n, t, 3 * heads * dim]}. Images lie {@code tokens * stride} floats apart.
 *
 * @param n images
 * @param heads independent attentions, side by side in a token's channels
 * @param dim channels of a head
 * @param tq tokens that ask
 * @param tk tokens that are asked; {@code tq} for self-attention
 * @param qStride stride of the queries and their gradient
 * @param kStride stride of the keys and their gradient
 * @param vStride stride of the values and their gradient
 * @param yStride stride of the output and its gradient
 * @param scale what the inner products of queries and keys are multiplied by
 */
public record AttentionGeometry(
        int n, int heads, int dim, int tq, int tk, int qStride, int kStride, int vStride, int yStride, float scale) {

    /** Attention over dense tokens with the usual scale {@code 1 / sqrt(dim)}. */
    public static AttentionGeometry of(int n, int heads, int dim, int tq, int tk) {
        int width = Math.multiplyExact(heads, dim);
        return new AttentionGeometry(n, heads, dim, tq, tk, width, width, width, width, (float) (1 / Math.sqrt(dim)));
    }

    /** The same attention on tokens that lie in wider ones. */
    public AttentionGeometry withStrides(int q, int k, int v, int y) {
        return new AttentionGeometry(n, heads, dim, tq, tk, q, k, v, y, scale);
    }

    /** Channels of a token. */
    public int width() {
        return heads * dim;
    }

    /** Floats of the log-sum-exp {@code [n, heads, tq]}. */
    public long rows() {
        return (long) n * heads * tq;
    }

    /** Multiply-adds of a forward pass: both products. */
    public long multiplyAdds() {
        return 2 * rows() * tk * dim;
    }
}
