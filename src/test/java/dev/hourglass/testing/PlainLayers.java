package dev.hourglass.testing;

import dev.hourglass.graph.Weights;
import java.util.HashMap;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;

/**
 * The layers of PyTorch in double, as their formulas stand, one number after the other, over rows of channels {@code [T][C]}: tokens, or
 * the pixels of one image. Knows neither graphs nor kernels.
 *
 * @param parameters values in the file's order, by name
 * @param path what names begin with
 */
public record PlainLayers(Map<String, float[]> parameters, String path) {

    private static final double EPS = 1e-5;

    /** The parameters of a model, by their own names. */
    public static PlainLayers of(Weights weights) {
        Map<String, float[]> values = new HashMap<>();
        weights.parameters().forEach(parameter -> values.put(parameter.name(), weights.fileOrder(parameter)));
        return new PlainLayers(values, "");
    }

    /** The layers under a name. */
    public PlainLayers at(String name) {
        return new PlainLayers(parameters, path + name + ".");
    }

    /** A parameter under this place, {@code null} where there is none. */
    public float[] parameter(String name) {
        return parameters.get(path + name);
    }

    /** Also 1x1 convolutions: their weights lie the same way. */
    public double[][] linear(String name, double[][] x) {
        return convolution(name, x, x.length, 1, 1);
    }

    /** A convolution that keeps the size, of {@code h} rows of {@code w} pixels. */
    public double[][] convolution(String name, double[][] x, int h, int w, int kernel) {
        float[] weight = parameter(name + ".weight");
        float[] bias = parameter(name + ".bias");
        int in = x[0].length;
        int taps = kernel * kernel;
        double[][] y = new double[h * w][weight.length / in / taps];
        for (int p = 0; p < h * w; p++) {
            for (int o = 0; o < y[p].length; o++) {
                y[p][o] = bias == null ? 0 : bias[o];
                for (int tap = 0; tap < taps; tap++) {
                    int row = p / w + tap / kernel - kernel / 2;
                    int column = p % w + tap % kernel - kernel / 2;
                    for (int c = 0; c < in && row >= 0 && row < h && column >= 0 && column < w; c++) {
                        y[p][o] += weight[(o * in + c) * taps + tap] * x[row * w + column][c];
                    }
                }
            }
        }
        return y;
    }

    /** Group norm with weight and bias. */
    public double[][] groupNorm(String name, double[][] x, int groups, double eps) {
        return scaled(name, normal(x, groups, eps));
    }

    /** Layer norm with weight and bias. */
    public double[][] layerNorm(String name, double[][] x) {
        double[][] y = new double[x.length][];
        for (int i = 0; i < x.length; i++) {
            y[i] = normal(new double[][] {x[i]}, 1, EPS)[0];
        }
        return scaled(name, y);
    }

    private double[][] scaled(String name, double[][] x) {
        for (double[] row : x) {
            for (int c = 0; c < row.length; c++) {
                row[c] = row[c] * parameter(name + ".weight")[c] + parameter(name + ".bias")[c];
            }
        }
        return x;
    }

    /** The channels of each group, over all rows, at mean 0 and variance 1. */
    public static double[][] normal(double[][] x, int groups, double eps) {
        double[][] y = new double[x.length][x[0].length];
        int width = x[0].length / groups;
        double count = x.length * width;
        for (int g = 0; g < groups; g++) {
            double mean = 0;
            double variance = 0;
            for (int k = 0; k < count; k++) {
                mean += x[k / width][g * width + k % width] / count;
            }
            for (int k = 0; k < count; k++) {
                variance += Math.pow(x[k / width][g * width + k % width] - mean, 2) / count;
            }
            for (int k = 0; k < count; k++) {
                int c = g * width + k % width;
                y[k / width][c] = (x[k / width][c] - mean) / Math.sqrt(variance + eps);
            }
        }
        return y;
    }

    /** {@code to_out.0} of attention of {@code to_q} to {@code to_k} and {@code to_v} of what is asked. */
    public double[][] attention(double[][] x, double[][] asked, double[] mask, int heads) {
        double[][] h = attention(linear("to_q", x), linear("to_k", asked), linear("to_v", asked), mask, heads);
        return linear("to_out.0", h);
    }

    /** Softmax of scaled scores and a mask, times values; head by head. */
    public static double[][] attention(double[][] q, double[][] k, double[][] v, double[] mask, int heads) {
        int dim = q[0].length / heads;
        double[][] y = new double[q.length][q[0].length];
        for (int head = 0; head < heads; head++) {
            for (int i = 0; i < q.length; i++) {
                double total = 0;
                for (int j = 0; j < k.length; j++) {
                    double score = 0;
                    for (int d = head * dim; d < (head + 1) * dim; d++) {
                        score += q[i][d] * k[j][d];
                    }
                    double weight = Math.exp(score / Math.sqrt(dim) + mask[j]);
                    total += weight;
                    for (int d = head * dim; d < (head + 1) * dim; d++) {
                        y[i][d] += weight * v[j][d];
                    }
                }
                for (int d = head * dim; d < (head + 1) * dim; d++) {
                    y[i][d] /= total;
                }
            }
        }
        return y;
    }

    /** {@code x} times the normal distribution at {@code x}, by Simpson's rule from 0. */
    public static double gelu(double x) {
        int steps = 200;
        double sum = 0;
        for (int k = 0; k <= steps; k++) {
            double t = x * k / steps;
            sum += (k == 0 || k == steps ? 1 : k % 2 == 1 ? 4 : 2) * Math.exp(-t * t / 2);
        }
        return x * (0.5 + sum * x / steps / 3 / Math.sqrt(2 * Math.PI));
    }

    /** {@code x * sigmoid(x)}. */
    public static double silu(double x) {
        return x / (1 + Math.exp(-x));
    }

    /** A function of each number. */
    public static double[][] each(double[][] x, DoubleUnaryOperator function) {
        double[][] y = new double[x.length][x[0].length];
        for (int i = 0; i < x.length; i++) {
            for (int c = 0; c < y[i].length; c++) {
                y[i][c] = function.applyAsDouble(x[i][c]);
            }
        }
        return y;
    }

    /** The sum of two values of one shape. */
    public static double[][] sum(double[][] a, double[][] b) {
        double[][] y = new double[a.length][a[0].length];
        for (int i = 0; i < a.length; i++) {
            for (int c = 0; c < y[i].length; c++) {
                y[i][c] = a[i][c] + b[i][c];
            }
        }
        return y;
    }

    /** Rows of {@code a}, then rows of {@code b}. */
    public static double[][] joined(double[][] a, double[][] b) {
        double[][] both = new double[a.length + b.length][];
        System.arraycopy(a, 0, both, 0, a.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    /** Channels of {@code a}, then channels of {@code b}. */
    public static double[][] beside(double[][] a, double[][] b) {
        double[][] both = new double[a.length][a[0].length + b[0].length];
        for (int i = 0; i < a.length; i++) {
            System.arraycopy(a[i], 0, both[i], 0, a[i].length);
            System.arraycopy(b[i], 0, both[i], a[i].length, b[i].length);
        }
        return both;
    }

    /** One image's rows of {@code values [N, rows, width]}. */
    public static double[][] rows(float[] values, int image, int rows, int width) {
        double[][] result = new double[rows][width];
        for (int k = 0; k < rows * width; k++) {
            result[k / width][k % width] = values[image * rows * width + k];
        }
        return result;
    }
}
