package dev.hourglass.nn;

import static dev.hourglass.testing.PlainLayers.rows;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.graph.Graph;
import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.Program;
import dev.hourglass.graph.Value;
import dev.hourglass.graph.Weights;
import dev.hourglass.kernel.Backend;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.kernel.scalar.ScalarKernels;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Tensor;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.Floats;
import dev.hourglass.testing.PlainLayers;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Diffusers' transformer blocks: names, wiring, masks, derivatives, threads. */
class Transformer2DTest {

    private static final Shape SHAPE = Shape.of(2, 3, 5, 8);
    private static final int TOKENS = 7;
    private static final int TEXT = 6;
    private static final BasicTransformerBlock.Settings BLOCK = new BasicTransformerBlock.Settings(3, 4);

    private static Transformer2D.Settings settings(BasicTransformerBlock.Settings block, int layers, boolean linear) {
        return new Transformer2D.Settings(block, layers, 4, linear);
    }

    /** A transformer of images of {@link #SHAPE} that asks {@code tokens} tokens, masked, or nobody. */
    private static Graph graph(Transformer2D.Settings settings, int tokens, boolean masked) {
        Graph graph = new Graph();
        Value x = graph.input("x", SHAPE);
        Value text = tokens == 0 ? null : graph.input("text", Shape.of(2, tokens, TEXT));
        Value mask = masked ? graph.input("mask", Shape.of(2, tokens)) : null;
        graph.differentiate(x);
        if (text != null) {
            graph.differentiate(text);
        }
        graph.output("y", Transformer2D.apply(Scope.of(graph).at("attentions").at("0"), x, text, mask, settings));
        return graph;
    }

    private static List<String> names(Graph graph) {
        return graph.parameters().stream()
                .map(p -> p.name().replace("attentions.0.", "") + " " + p.fileShape())
                .toList();
    }

    @Test
    void parametersAreCalledAsInDiffusers() {
        String block = "transformer_blocks.0.";
        assertEquals(
                List.of(
                        "norm.weight " + Shape.of(8),
                        "norm.bias " + Shape.of(8),
                        "proj_in.weight " + Shape.of(12, 8, 1, 1),
                        "proj_in.bias " + Shape.of(12),
                        block + "norm1.weight " + Shape.of(12),
                        block + "norm1.bias " + Shape.of(12),
                        block + "attn1.to_q.weight " + Shape.of(12, 12),
                        block + "attn1.to_k.weight " + Shape.of(12, 12),
                        block + "attn1.to_v.weight " + Shape.of(12, 12),
                        block + "attn1.to_out.0.weight " + Shape.of(12, 12),
                        block + "attn1.to_out.0.bias " + Shape.of(12),
                        block + "norm2.weight " + Shape.of(12),
                        block + "norm2.bias " + Shape.of(12),
                        block + "attn2.to_q.weight " + Shape.of(12, 12),
                        block + "attn2.to_k.weight " + Shape.of(12, TEXT),
                        block + "attn2.to_v.weight " + Shape.of(12, TEXT),
                        block + "attn2.to_out.0.weight " + Shape.of(12, 12),
                        block + "attn2.to_out.0.bias " + Shape.of(12),
                        block + "norm3.weight " + Shape.of(12),
                        block + "norm3.bias " + Shape.of(12),
                        block + "ff.net.0.proj.weight " + Shape.of(96, 12),
                        block + "ff.net.0.proj.bias " + Shape.of(96),
                        block + "ff.net.2.weight " + Shape.of(12, 48),
                        block + "ff.net.2.bias " + Shape.of(12),
                        "proj_out.weight " + Shape.of(8, 12, 1, 1),
                        "proj_out.bias " + Shape.of(8)),
                names(graph(settings(BLOCK, 1, false), TOKENS, false)));
    }

    @Test
    void settingsShowInTheParameters() {
        List<String> linear = names(graph(settings(BLOCK, 2, true), TOKENS, false));
        assertTrue(linear.contains("proj_in.weight " + Shape.of(12, 8)), linear.toString());
        assertTrue(linear.contains("proj_out.weight " + Shape.of(8, 12)), linear.toString());
        assertTrue(linear.contains("transformer_blocks.1.ff.net.2.bias " + Shape.of(12)), linear.toString());
        BasicTransformerBlock.Settings only = new BasicTransformerBlock.Settings(3, 4, true, true);
        List<String> cross = names(graph(settings(only, 1, false), TOKENS, false));
        assertTrue(cross.contains("transformer_blocks.0.attn1.to_k.weight " + Shape.of(12, TEXT)), cross.toString());
        assertTrue(cross.contains("transformer_blocks.0.attn1.to_q.bias " + Shape.of(12)), cross.toString());
        List<String> alone = names(graph(settings(BLOCK, 1, false), 0, false));
        assertTrue(
                alone.stream().noneMatch(name -> name.contains("norm2") || name.contains("attn2")), alone.toString());
    }

    /** What a run makes of given values. */
    private interface Use {
        void of(Program program, Weights weights, Weights gradients);
    }

    private static void train(Graph graph, Kernels kernels, int threads, Use use) {
        try (Workers workers = new Workers(threads);
                Weights weights = Weights.open("w", graph.parameters());
                Weights gradients = Weights.open("g", graph.parameters());
                Program program = Program.forTraining(graph, weights, gradients, kernels, workers)) {
            weights.initialize(1);
            int seed = 2;
            for (Map.Entry<String, Value> input : graph.inputs().entrySet()) {
                long elements = input.getValue().shape().elements();
                program.input(input.getKey()).copyFrom(Floats.random(seed++, elements));
            }
            program.outputGradient("y").copyFrom(Floats.random(9, SHAPE.elements()));
            program.forward();
            program.backward();
            use.of(program, weights, gradients);
        }
    }

    /** Against the same formulas in double, written down as they stand in diffusers. */
    @Test
    void computesWhatDiffusersDoes() {
        for (boolean linear : new boolean[] {false, true}) {
            Graph graph = graph(settings(BLOCK, 2, linear), TOKENS, true);
            train(graph, Backend.kernels(), 2, (program, weights, gradients) -> {
                PlainTransformer plain =
                        new PlainTransformer(PlainLayers.of(weights).at("attentions.0"));
                for (int image = 0; image < 2; image++) {
                    double[][] x = rows(program.input("x").toArray(), image, 15, 8);
                    double[][] text = rows(program.input("text").toArray(), image, TOKENS, TEXT);
                    double[] mask = rows(program.input("mask").toArray(), image, 1, TOKENS)[0];
                    double[][] expected = plain.transformer(x, text, mask, 3, 2, 4);
                    double[][] found = rows(program.output("y").toArray(), image, 15, 8);
                    for (int t = 0; t < 15; t++) {
                        // some hundred roundings of numbers up to 3
                        assertArrayEquals(expected[t], found[t], 100 * 3 * 0x1p-24);
                    }
                }
            });
        }
    }

    /** Tokens that the mask leaves out count for nothing: as if there were fewer, and without gradient. */
    @Test
    void maskedTokensAreLeftOut() {
        int kept = 4;
        float[] text = Floats.random(5, 2L * TOKENS * TEXT);
        float[] few = new float[2 * kept * TEXT];
        float[] mask = new float[2 * TOKENS];
        for (int image = 0; image < 2; image++) {
            System.arraycopy(text, image * TOKENS * TEXT, few, image * kept * TEXT, kept * TEXT);
            Arrays.fill(mask, image * TOKENS + kept, (image + 1) * TOKENS, -10_000f);
        }
        float[][] outputs = new float[2][];
        float[][] weightGradients = new float[2][];
        for (int run = 0; run < 2; run++) {
            boolean masked = run == 0;
            int index = run;
            Graph graph = graph(settings(BLOCK, 1, false), masked ? TOKENS : kept, masked);
            train(graph, Backend.kernels(), 2, (program, weights, gradients) -> {
                program.input("text").copyFrom(masked ? text : few);
                if (masked) {
                    program.input("mask").copyFrom(mask);
                }
                program.forward();
                program.backward();
                outputs[index] = program.output("y").toArray();
                weightGradients[index] = gradients.flat().toArray();
                float[] dtext = program.inputGradient("text").toArray();
                int row = (masked ? TOKENS : kept) * TEXT;
                for (int k = 0; k < dtext.length; k++) {
                    boolean counts = Math.abs(dtext[k]) > 1e-15; // attention is cut at 2^-80 beside the largest
                    assertEquals(k % row < kept * TEXT, counts, "gradient of the text at " + k);
                }
            });
        }
        assertTrue(Floats.maxError(outputs[0], outputs[1]) <= 100 * 0x1p-24);
        assertTrue(Floats.relativeError(weightGradients[0], weightGradients[1]) <= 100 * 0x1p-24);
    }

    /** The loss {@code sum(y * seed)} along its gradient, for inputs and every parameter. */
    @Test
    void gradientsAreTheDerivatives() {
        BasicTransformerBlock.Settings only = new BasicTransformerBlock.Settings(3, 4, true, true);
        for (Transformer2D.Settings settings : List.of(settings(BLOCK, 2, true), settings(only, 1, false))) {
            Graph graph = graph(settings, TOKENS, true);
            train(graph, ScalarKernels.create("the oracle"), 2, (program, weights, gradients) -> {
                // the first forward pass puts values where the inputs' gradients are
                float[][] ofInputs = {
                    program.inputGradient("x").toArray(),
                    program.inputGradient("text").toArray()
                };
                for (int k = 0; k < 2; k++) {
                    Tensor input = program.input(k == 0 ? "x" : "text");
                    requireDerivative(program, "input " + k, ofInputs[k], input.toArray(), input::copyFrom);
                }
                for (Parameter parameter : graph.parameters()) {
                    requireDerivative(
                            program,
                            parameter.name(),
                            gradients.fileOrder(parameter),
                            weights.fileOrder(parameter),
                            moved -> weights.setFileOrder(parameter, moved));
                }
            });
        }
    }

    private interface Setter {
        void set(float[] values);
    }

    /** A step along the gradient itself changes the loss by its squared norm, and nothing cancels. */
    private static void requireDerivative(
            Program program, String what, float[] gradient, float[] values, Setter setter) {
        double norm = Floats.norm(gradient);
        double step = 1e-2 / Math.max(norm, 1e-2);
        double[] losses = new double[2];
        for (int side = 0; side < 2; side++) {
            float[] moved = values.clone();
            for (int k = 0; k < moved.length; k++) {
                moved[k] += (float) ((side == 0 ? -step : step) * gradient[k]);
            }
            setter.set(moved);
            program.forward();
            losses[side] = Floats.dot(program.output("y").toArray(), Floats.random(9, SHAPE.elements()));
        }
        setter.set(values);
        // outputs are rounded, and the third derivative is of the size of the first
        double tolerance = step * norm * norm * 1e-3 + Math.ulp(1f) * Math.sqrt(SHAPE.elements()) * 4;
        assertEquals(step * norm * norm, (losses[1] - losses[0]) / 2, tolerance, what);
    }

    @Test
    void threadsDoNotChangeABit() {
        float[][] results = new float[2][];
        float[][] parameters = new float[2][];
        for (int run = 0; run < 2; run++) {
            int index = run;
            train(
                    graph(settings(BLOCK, 1, true), TOKENS, true),
                    Backend.kernels(),
                    1 + 2 * run,
                    (program, weights, gradients) -> {
                        results[index] = program.inputGradient("x").toArray();
                        parameters[index] = gradients.flat().toArray();
                    });
        }
        assertArrayEquals(results[0], results[1]);
        assertArrayEquals(parameters[0], parameters[1]);
    }
}
