package dev.hourglass.nn;

import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.Weights;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Diffusers' {@code Transformer2DModel} of one image in double, as its formulas stand, over rows of tokens {@code [T][C]}. */
final class PlainTransformer {

    private final Map<String, float[]> parameters = new HashMap<>();
    private final String path;

    PlainTransformer(List<Parameter> parameters, Weights weights, String path) {
        parameters.forEach(parameter -> this.parameters.put(parameter.name(), weights.fileOrder(parameter)));
        this.path = path;
    }

    double[][] transformer(double[][] x, double[][] text, double[] mask, int heads, int layers, int groups) {
        double[][] h = linear("proj_in", groupNorm("norm", x, groups));
        for (int layer = 0; layer < layers; layer++) {
            String block = "transformer_blocks." + layer + ".";
            double[][] normal = layerNorm(block + "norm1", h);
            h = sum(h, attention(block + "attn1.", normal, normal, new double[h.length], heads));
            h = sum(h, attention(block + "attn2.", layerNorm(block + "norm2", h), text, mask, heads));
            h = sum(h, feedForward(block + "ff.net.", layerNorm(block + "norm3", h)));
        }
        return sum(linear("proj_out", h), x);
    }

    private double[][] attention(String at, double[][] x, double[][] context, double[] mask, int heads) {
        double[][] q = linear(at + "to_q", x);
        double[][] k = linear(at + "to_k", context);
        double[][] v = linear(at + "to_v", context);
        int dim = q[0].length / heads;
        double[][] y = new double[x.length][q[0].length];
        for (int head = 0; head < heads; head++) {
            for (int i = 0; i < x.length; i++) {
                double[] weights = new double[context.length];
                double total = 0;
                for (int j = 0; j < context.length; j++) {
                    double score = 0;
                    for (int d = head * dim; d < (head + 1) * dim; d++) {
                        score += q[i][d] * k[j][d];
                    }
                    weights[j] = Math.exp(score / Math.sqrt(dim) + mask[j]);
                    total += weights[j];
                }
                for (int j = 0; j < context.length; j++) {
                    for (int d = head * dim; d < (head + 1) * dim; d++) {
                        y[i][d] += weights[j] / total * v[j][d];
                    }
                }
            }
        }
        return linear(at + "to_out.0", y);
    }

    private double[][] feedForward(String at, double[][] x) {
        double[][] h = linear(at + "0.proj", x);
        int width = h[0].length / 2;
        double[][] gated = new double[x.length][width];
        for (int i = 0; i < x.length; i++) {
            for (int c = 0; c < width; c++) {
                double gate = h[i][width + c];
                gated[i][c] = h[i][c] * gate * probability(gate);
            }
        }
        return linear(at + "2", gated);
    }

    /** The normal distribution by Simpson's rule from 0. */
    private static double probability(double x) {
        int steps = 200;
        double sum = 0;
        for (int k = 0; k <= steps; k++) {
            double t = x * k / steps;
            sum += (k == 0 || k == steps ? 1 : k % 2 == 1 ? 4 : 2) * Math.exp(-t * t / 2);
        }
        return 0.5 + sum * x / steps / 3 / Math.sqrt(2 * Math.PI);
    }

    private double[][] groupNorm(String at, double[][] x, int groups) {
        double[][] y = new double[x.length][x[0].length];
        int width = x[0].length / groups;
        for (int g = 0; g < groups; g++) {
            double[] values = new double[x.length * width];
            for (int k = 0; k < values.length; k++) {
                values[k] = x[k / width][g * width + k % width];
            }
            double[] normal = normal(values, 1e-6);
            for (int k = 0; k < values.length; k++) {
                int c = g * width + k % width;
                y[k / width][c] = normal[k] * weight(at)[c] + bias(at)[c];
            }
        }
        return y;
    }

    private double[][] layerNorm(String at, double[][] x) {
        double[][] y = new double[x.length][];
        for (int i = 0; i < x.length; i++) {
            y[i] = normal(x[i], 1e-5);
            for (int c = 0; c < y[i].length; c++) {
                y[i][c] = y[i][c] * weight(at)[c] + bias(at)[c];
            }
        }
        return y;
    }

    private static double[] normal(double[] values, double eps) {
        double mean = 0;
        for (double value : values) {
            mean += value / values.length;
        }
        double variance = 0;
        for (double value : values) {
            variance += (value - mean) * (value - mean) / values.length;
        }
        double[] normal = new double[values.length];
        for (int k = 0; k < values.length; k++) {
            normal[k] = (values[k] - mean) / Math.sqrt(variance + eps);
        }
        return normal;
    }

    /** Also 1x1 convolutions: their weights lie the same way. */
    private double[][] linear(String at, double[][] x) {
        float[] weight = weight(at);
        int in = x[0].length;
        double[][] y = new double[x.length][weight.length / in];
        for (int i = 0; i < x.length; i++) {
            for (int o = 0; o < y[i].length; o++) {
                y[i][o] = bias(at) == null ? 0 : bias(at)[o];
                for (int c = 0; c < in; c++) {
                    y[i][o] += x[i][c] * weight[o * in + c];
                }
            }
        }
        return y;
    }

    private static double[][] sum(double[][] a, double[][] b) {
        double[][] y = new double[a.length][a[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int c = 0; c < a[i].length; c++) {
                y[i][c] = a[i][c] + b[i][c];
            }
        }
        return y;
    }

    private float[] weight(String at) {
        return parameters.get(path + at + ".weight");
    }

    private float[] bias(String at) {
        return parameters.get(path + at + ".bias");
    }
}
