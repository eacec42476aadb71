package dev.hourglass.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.hourglass.graph.Graph;
import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.Program;
import dev.hourglass.graph.Value;
import dev.hourglass.graph.Weights;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.nn.AddedAttention.TextNorm;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.Floats;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Attention to a text and the image at once, and a text as one row, against diffusers' formulas in double. */
class AddedAttentionTest {

    private static final int PIXELS = 6;
    private static final int CHANNELS = 8;
    private static final int TOKENS = 3;
    private static final int WIDTH = 64;
    private static final int HEADS = 2;

    /** Some hundred roundings of numbers up to 3. */
    private static final double TOLERANCE = 100 * 3 * 0x1p-24;

    /** Parameters by name, and the rows that a program read and made of one image. */
    private record Run(Map<String, float[]> parameters, double[][] x, double[][] text, double[] mask, double[][] y) {

        double[][] linear(String at, double[][] rows) {
            float[] weight = parameters.get(at + ".weight");
            float[] bias = parameters.get(at + ".bias");
            double[][] y = new double[rows.length][bias.length];
            for (int i = 0; i < rows.length; i++) {
                for (int o = 0; o < bias.length; o++) {
                    y[i][o] = bias[o];
                    for (int c = 0; c < rows[i].length; c++) {
                        y[i][o] += weight[o * rows[i].length + c] * rows[i][c];
                    }
                }
            }
            return y;
        }

        double[][] groupNorm(String at, double[][] rows, int groups) {
            int width = rows[0].length / groups;
            double[][] y = new double[rows.length][rows[0].length];
            for (int g = 0; g < groups; g++) {
                double sum = 0;
                double squares = 0;
                for (double[] row : rows) {
                    for (int c = g * width; c < (g + 1) * width; c++) {
                        sum += row[c];
                        squares += row[c] * row[c];
                    }
                }
                double mean = sum / (rows.length * width);
                double deviation = Math.sqrt(squares / (rows.length * width) - mean * mean + 1e-5);
                for (int i = 0; i < rows.length; i++) {
                    for (int c = g * width; c < (g + 1) * width; c++) {
                        y[i][c] = (rows[i][c] - mean) / deviation * parameters.get(at + ".weight")[c]
                                + parameters.get(at + ".bias")[c];
                    }
                }
            }
            return y;
        }
    }

    private static double[][] attention(double[][] q, double[][] k, double[][] v, double[] mask, int heads) {
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

    private static double[][] joined(double[][] a, double[][] b) {
        double[][] both = new double[a.length + b.length][];
        System.arraycopy(a, 0, both, 0, a.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    private static double[][] rows(float[] values, int image, int rows, int width) {
        double[][] result = new double[rows][width];
        for (int k = 0; k < rows * width; k++) {
            result[k / width][k % width] = values[image * rows * width + k];
        }
        return result;
    }

    private static Run run(Graph graph, int image, int outRows) {
        try (Workers workers = new Workers(2);
                Weights weights = Weights.open("w", graph.parameters());
                Program program = Program.forInference(graph, weights, Backend.kernels(), workers)) {
            weights.initialize(1);
            Map<String, float[]> parameters = new HashMap<>();
            for (Parameter parameter : graph.parameters()) {
                float[] values = Floats.random(parameter.name().hashCode(), parameter.elements());
                weights.setFileOrder(parameter, values);
                parameters.put(parameter.name(), values);
            }
            weights.changed();
            int seed = 2;
            Map<String, float[]> inputs = new HashMap<>();
            for (Map.Entry<String, Value> input : graph.inputs().entrySet()) {
                float[] values = Floats.random(seed++, input.getValue().shape().elements());
                program.input(input.getKey()).copyFrom(values);
                inputs.put(input.getKey(), values);
            }
            program.forward();
            double[][] x = inputs.containsKey("x") ? rows(inputs.get("x"), image, PIXELS, CHANNELS) : null;
            double[] mask = inputs.containsKey("mask") ? rows(inputs.get("mask"), image, 1, TOKENS)[0] : null;
            float[] y = program.output("y").toArray();
            double[][] text = rows(inputs.get("text"), image, TOKENS, WIDTH);
            return new Run(parameters, x, text, mask, rows(y, image, outRows, y.length / 2 / outRows));
        }
    }

    private static void requireEqual(double[][] expected, double[][] found, double scale) {
        for (int i = 0; i < expected.length; i++) {
            for (int c = 0; c < expected[i].length; c++) {
                assertEquals(expected[i][c], found[i][c], TOLERANCE * scale, i + ", " + c);
            }
        }
    }

    @Test
    void pixelsAskTheTextAndThemselves() {
        for (boolean onlyText : new boolean[] {false, true}) {
            Graph graph = new Graph();
            Value x = graph.input("x", Shape.of(2, 2, 3, CHANNELS));
            Value text = graph.input("text", Shape.of(2, TOKENS, WIDTH));
            Value mask = graph.input("mask", Shape.of(2, TOKENS));
            AddedAttention attention = new AddedAttention(HEADS, 4, TextNorm.GROUP, onlyText);
            graph.output("y", attention.apply(Scope.of(graph), x, text, mask));
            for (int image = 0; image < 2; image++) {
                Run run = run(graph, image, PIXELS);
                double[][] asked = run.groupNorm("norm_cross", run.text(), 32);
                double[][] h = run.groupNorm("group_norm", run.x(), 4);
                double[][] k = run.linear("add_k_proj", asked);
                double[][] v = run.linear("add_v_proj", asked);
                double[] scores = new double[TOKENS + PIXELS];
                System.arraycopy(run.mask(), 0, scores, 0, TOKENS);
                if (!onlyText) {
                    k = joined(k, run.linear("to_k", h));
                    v = joined(v, run.linear("to_v", h));
                }
                double[][] y = run.linear("to_out.0", attention(run.linear("to_q", h), k, v, scores, HEADS));
                for (int i = 0; i < PIXELS; i++) {
                    for (int c = 0; c < CHANNELS; c++) {
                        y[i][c] += run.x()[i][c];
                    }
                }
                // weights up to 1 over 64 channels: numbers up to 30
                requireEqual(y, run.y(), 10);
            }
        }
    }

    @Test
    void aTextBecomesOneRow() {
        Graph graph = new Graph();
        Value text = graph.input("text", Shape.of(2, TOKENS, WIDTH));
        graph.output("y", AttentionPooling.apply(Scope.of(graph), text, HEADS));
        for (int image = 0; image < 2; image++) {
            Run run = run(graph, image, 1);
            double[][] token = new double[1][WIDTH];
            for (int c = 0; c < WIDTH; c++) {
                token[0][c] = run.parameters().get("positional_embedding")[c];
                for (double[] row : run.text()) {
                    token[0][c] += row[c] / TOKENS;
                }
            }
            double[][] all = joined(token, run.text());
            double[][] y = attention(
                    run.linear("q_proj", token),
                    run.linear("k_proj", all),
                    run.linear("v_proj", all),
                    new double[TOKENS + 1],
                    HEADS);
            requireEqual(y, run.y(), 10);
        }
    }
}
