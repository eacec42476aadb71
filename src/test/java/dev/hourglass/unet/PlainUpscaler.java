package dev.hourglass.unet;

import static dev.hourglass.testing.PlainLayers.beside;
import static dev.hourglass.testing.PlainLayers.each;
import static dev.hourglass.testing.PlainLayers.normal;
import static dev.hourglass.testing.PlainLayers.sum;

import dev.hourglass.testing.PlainLayers;
import java.util.ArrayList;
import java.util.List;

/**
 * The latent upscaler of diffusers on one image in double, as the formulas of its modules stand: {@code UNet2DConditionModel} of
 * {@code KDownBlock2D}, {@code KCrossAttnDownBlock2D}, {@code KCrossAttnUpBlock2D} and {@code KUpBlock2D}, GELU, Fourier timesteps, and
 * no neck. Features are rows of channels, a row for each pixel.
 *
 * @param layers the model's parameters
 * @param widths {@code block_out_channels}
 * @param depth {@code layers_per_block}
 * @param headWidth {@code attention_head_dim}
 */
record PlainUpscaler(PlainLayers layers, List<Integer> widths, int depth, int headWidth) {

    private static final int GROUP = 32;
    private static final double EPS = 1e-5;

    /** Features with their height and width. */
    private record Map2d(double[][] rows, int h, int w) {

        Map2d with(double[][] other) {
            return new Map2d(other, h, w);
        }
    }

    double[][] predict(double[][] x, int h, int w, double t, double[] guidance, double[][] text, double[] mask) {
        double[][] time = time(t, guidance);
        Map2d f = new Map2d(layers.linear("conv_in", x), h, w);
        List<Map2d> wires = new ArrayList<>();
        int levels = widths.size();
        for (int level = 0; level < levels; level++) {
            PlainLayers at = layers.at("down_blocks." + level);
            boolean last = level == levels - 1;
            for (int layer = 0; layer < depth; layer++) {
                f = resnet(at.at("resnets." + layer), f, time, widths.get(level));
                f = attention(at.at("attentions." + layer), f, time, text, mask, last);
            }
            if (!last) {
                wires.add(f);
                f = halved(f);
            }
        }
        for (int number = 0; number < levels; number++) {
            PlainLayers at = layers.at("up_blocks." + number);
            if (number > 0) {
                f = f.with(beside(f.rows(), wires.removeLast().rows()));
            }
            for (int layer = 0; layer < depth; layer++) {
                f = resnet(at.at("resnets." + layer), f, time, widths.get(levels - 1 - number));
                f = attention(at.at("attentions." + layer), f, time, text, mask, number == 0);
            }
            f = number == levels - 1 ? f : twice(f);
        }
        return layers.linear("conv_out", f.rows());
    }

    /** Cosines and sines of the frequencies, the guidance added, through two linear layers. */
    private double[][] time(double t, double[] guidance) {
        float[] frequencies = layers.parameter("time_proj.weight");
        int count = frequencies.length;
        double[][] encoded = new double[1][2 * count];
        for (int k = 0; k < count; k++) {
            encoded[0][k] = Math.cos(2 * Math.PI * t * frequencies[k]);
            encoded[0][count + k] = Math.sin(2 * Math.PI * t * frequencies[k]);
        }
        PlainLayers at = layers.at("time_embedding");
        double[][] both = sum(encoded, at.linear("cond_proj", new double[][] {guidance}));
        double[][] hidden = each(at.linear("linear_1", both), PlainLayers::gelu);
        return each(at.linear("linear_2", hidden), PlainLayers::gelu);
    }

    /** {@code ResnetBlockCondNorm2D}; groups are counted by what comes in, and by the level. */
    private static Map2d resnet(PlainLayers at, Map2d x, double[][] time, int width) {
        int in = x.rows()[0].length;
        double[][] h = each(adaptive(at, "norm1", x.rows(), time, in / GROUP), PlainLayers::gelu);
        h = at.convolution("conv1", h, x.h(), x.w(), 3);
        h = each(adaptive(at, "norm2", h, time, width / GROUP), PlainLayers::gelu);
        h = at.convolution("conv2", h, x.h(), x.w(), 3);
        boolean changes = at.parameter("conv_shortcut.weight") != null;
        return x.with(sum(h, changes ? at.linear("conv_shortcut", x.rows()) : x.rows()));
    }

    /** {@code KAttentionBlock}, where there is one. */
    private Map2d attention(
            PlainLayers at, Map2d x, double[][] time, double[][] text, double[] mask, boolean asksItself) {
        if (at.parameter("norm2.linear.weight") == null) {
            return x;
        }
        double[][] h = x.rows();
        int heads = h[0].length / headWidth;
        int groups = Math.max(1, h[0].length / GROUP);
        if (asksItself) {
            double[][] normal = adaptive(at, "norm1", h, time, groups);
            h = sum(h, at.at("attn1").attention(normal, normal, new double[h.length], heads));
        }
        double[][] asked = at.at("attn2").layerNorm("norm_cross", text);
        return x.with(sum(h, at.at("attn2").attention(adaptive(at, "norm2", h, time, groups), asked, mask, heads)));
    }

    /** {@code AdaGroupNorm}. */
    private static double[][] adaptive(PlainLayers at, String name, double[][] x, double[][] time, int groups) {
        double[] scaleShift = at.linear(name + ".linear", time)[0];
        double[][] y = normal(x, groups, EPS);
        int width = y[0].length;
        for (double[] row : y) {
            for (int c = 0; c < width; c++) {
                row[c] = row[c] * (1 + scaleShift[c]) + scaleShift[width + c];
            }
        }
        return y;
    }

    /** A pixel more on each side, the image mirrored at its outermost pixels. */
    private static Map2d mirrored(Map2d x) {
        int h = x.h() + 2;
        int w = x.w() + 2;
        double[][] rows = new double[h * w][];
        for (int p = 0; p < rows.length; p++) {
            rows[p] = x.rows()[mirrored(p / w - 1, x.h()) * x.w() + mirrored(p % w - 1, x.w())];
        }
        return new Map2d(rows, h, w);
    }

    private static int mirrored(int index, int length) {
        return index < 0 ? -index : index < length ? index : 2 * (length - 1) - index;
    }

    /** {@code KDownsample2D}: a convolution of stride 2 with (1, 3, 3, 1) / 8 along each axis. */
    private static Map2d halved(Map2d x) {
        double[] kernel = {1.0 / 8, 3.0 / 8, 3.0 / 8, 1.0 / 8};
        Map2d padded = mirrored(x);
        Map2d y = zeros((padded.h() - 4) / 2 + 1, (padded.w() - 4) / 2 + 1, x.rows()[0].length);
        for (int p = 0; p < y.rows().length; p++) {
            for (int tap = 0; tap < 16; tap++) {
                int row = 2 * (p / y.w()) + tap / 4;
                int column = 2 * (p % y.w()) + tap % 4;
                add(kernel[tap / 4] * kernel[tap % 4], padded.rows()[row * padded.w() + column], y.rows()[p]);
            }
        }
        return y;
    }

    /** {@code KUpsample2D}: a transposed convolution of stride 2 and padding 3 with twice the filter along each axis. */
    private static Map2d twice(Map2d x) {
        double[] kernel = {1.0 / 4, 3.0 / 4, 3.0 / 4, 1.0 / 4};
        Map2d padded = mirrored(x);
        Map2d y = zeros(2 * x.h(), 2 * x.w(), x.rows()[0].length);
        for (int p = 0; p < padded.rows().length; p++) {
            for (int tap = 0; tap < 16; tap++) {
                int row = 2 * (p / padded.w()) + tap / 4 - 3;
                int column = 2 * (p % padded.w()) + tap % 4 - 3;
                if (row >= 0 && row < y.h() && column >= 0 && column < y.w()) {
                    add(kernel[tap / 4] * kernel[tap % 4], padded.rows()[p], y.rows()[row * y.w() + column]);
                }
            }
        }
        return y;
    }

    private static Map2d zeros(int h, int w, int channels) {
        return new Map2d(new double[h * w][channels], h, w);
    }

    private static void add(double factor, double[] x, double[] y) {
        for (int c = 0; c < y.length; c++) {
            y[c] += factor * x[c];
        }
    }
}
