package dev.hourglass.nn;

import static dev.hourglass.testing.PlainLayers.attention;
import static dev.hourglass.testing.PlainLayers.joined;
import static dev.hourglass.testing.PlainLayers.rows;
import static dev.hourglass.testing.PlainLayers.sum;
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
import dev.hourglass.testing.PlainLayers;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Attention to a text and the image at once, and a text as one row, against diffusers' formulas in double. */
class AddedAttentionTest {

    private static final int PIXELS = 6;
    private static final int CHANNELS = 8;
    private static final int TOKENS = 3;
    private static final int WIDTH = 64;
    private static final int HEADS = 2;

    private static final double EPS = 1e-5;

    /** Some hundred roundings of numbers up to 3. */
    private static final double TOLERANCE = 100 * 3 * 0x1p-24;

    /** Layers, and the rows that a program read and made of one image. */
    private record Run(PlainLayers layers, double[][] x, double[][] text, double[] mask, double[][] y) {}

    private static Run run(Graph graph, int image, int outRows) {
        try (Workers workers = new Workers(2);
                Weights weights = Weights.open("w", graph.parameters());
                Program program = Program.forInference(graph, weights, Backend.kernels(), workers)) {
            weights.initialize(1);
            for (Parameter parameter : graph.parameters()) {
                weights.setFileOrder(parameter, Floats.random(parameter.name().hashCode(), parameter.elements()));
            }
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
            return new Run(PlainLayers.of(weights), x, text, mask, rows(y, image, outRows, y.length / 2 / outRows));
        }
    }

    private static void requireEqual(double[][] expected, double[][] found, double scale) {
        for (int i = 0; i < expected.length; i++) {
            for (int c = 0; c < expected[i].length; c++) {
                assertEquals(expected[i][c], found[i][c], TOLERANCE * scale, i + ", " + c);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(TextNorm.class)
    void pixelsAskTheTextAndThemselves(TextNorm textNorm) {
        for (boolean onlyText : new boolean[] {false, true}) {
            Graph graph = new Graph();
            Value x = graph.input("x", Shape.of(2, 2, 3, CHANNELS));
            Value text = graph.input("text", Shape.of(2, TOKENS, WIDTH));
            Value mask = graph.input("mask", Shape.of(2, TOKENS));
            AddedAttention attention = new AddedAttention(HEADS, 4, textNorm, onlyText);
            graph.output("y", attention.apply(Scope.of(graph), x, text, mask));
            for (int image = 0; image < 2; image++) {
                Run run = run(graph, image, PIXELS);
                PlainLayers at = run.layers();
                double[][] asked = switch (textNorm) {
                    case NONE -> run.text();
                    case LAYER -> at.layerNorm("norm_cross", run.text());
                    case GROUP -> at.groupNorm("norm_cross", run.text(), 32, EPS);
                };
                double[][] h = at.groupNorm("group_norm", run.x(), 4, EPS);
                double[][] k = at.linear("add_k_proj", asked);
                double[][] v = at.linear("add_v_proj", asked);
                double[] scores = new double[TOKENS + PIXELS];
                System.arraycopy(run.mask(), 0, scores, 0, TOKENS);
                if (!onlyText) {
                    k = joined(k, at.linear("to_k", h));
                    v = joined(v, at.linear("to_v", h));
                }
                double[][] y = at.linear("to_out.0", attention(at.linear("to_q", h), k, v, scores, HEADS));
                // weights up to 1 over 64 channels: numbers up to 30
                requireEqual(sum(y, run.x()), run.y(), 10);
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
                token[0][c] = run.layers().parameter("positional_embedding")[c];
                for (double[] row : run.text()) {
                    token[0][c] += row[c] / TOKENS;
                }
            }
            double[][] all = joined(token, run.text());
            double[][] y = attention(
                    run.layers().linear("q_proj", token),
                    run.layers().linear("k_proj", all),
                    run.layers().linear("v_proj", all),
                    new double[TOKENS + 1],
                    HEADS);
            requireEqual(y, run.y(), 10);
        }
    }
}
