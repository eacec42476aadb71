package dev.hourglass.nn;

import static dev.hourglass.testing.PlainLayers.sum;

import dev.hourglass.testing.PlainLayers;

/**
 * Diffusers' {@code Transformer2DModel} of one image in double, as its formulas stand, over rows of tokens {@code [T][C]}.
 *
 * @param layers the transformer's parameters
 */
record PlainTransformer(PlainLayers layers) {

    double[][] transformer(double[][] x, double[][] text, double[] mask, int heads, int depth, int groups) {
        double[][] h = layers.linear("proj_in", layers.groupNorm("norm", x, groups, 1e-6));
        for (int layer = 0; layer < depth; layer++) {
            PlainLayers block = layers.at("transformer_blocks." + layer);
            double[][] normal = block.layerNorm("norm1", h);
            h = sum(h, block.at("attn1").attention(normal, normal, new double[h.length], heads));
            h = sum(h, block.at("attn2").attention(block.layerNorm("norm2", h), text, mask, heads));
            h = sum(h, feedForward(block.at("ff.net"), block.layerNorm("norm3", h)));
        }
        return sum(layers.linear("proj_out", h), x);
    }

    private static double[][] feedForward(PlainLayers at, double[][] x) {
        double[][] h = at.linear("0.proj", x);
        int width = h[0].length / 2;
        double[][] gated = new double[x.length][width];
        for (int i = 0; i < x.length; i++) {
            for (int c = 0; c < width; c++) {
                gated[i][c] = h[i][c] * PlainLayers.gelu(h[i][width + c]);
            }
        }
        return at.linear("2", gated);
    }
}
