package dev.hourglass.nn;

import static dev.hourglass.testing.PlainLayers.each;
import static dev.hourglass.testing.PlainLayers.rows;
import static dev.hourglass.testing.PlainLayers.sum;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.graph.Graph;
import dev.hourglass.graph.Program;
import dev.hourglass.graph.Value;
import dev.hourglass.graph.Weights;
import dev.hourglass.graph.op.Dropout;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.Floats;
import dev.hourglass.testing.PlainLayers;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Features that a residual block drops, against diffusers' formulas in double. */
class DropoutTest {

    private static final int H = 4;
    private static final int W = 5;
    private static final int CHANNELS = 8;
    private static final int GROUPS = 4;
    private static final int TIME_WIDTH = 6;
    private static final double RATE = 0.25;
    private static final double EPS = 1e-5;

    private static Graph block(int images, boolean drops) {
        Graph graph = new Graph();
        Value x = graph.input("x", Shape.of(images, H, W, CHANNELS));
        Value t = graph.input("t", Shape.of(images, TIME_WIDTH));
        if (drops) {
            graph.dropByKeys(graph.input("keys", Shape.of(images, Dropout.KEY)));
        }
        ResnetBlock block = new ResnetBlock(GROUPS, GROUPS, EPS, "silu", false, 1, false).withDropout(RATE);
        graph.output("y", block.apply(Scope.of(graph), x, t, CHANNELS));
        return graph;
    }

    /** The block's output for images {@code first} and following, and its weights' layers. */
    private static float[] run(Graph graph, int first, int images, PlainLayers[] layers) {
        try (Workers workers = new Workers(2);
                Weights weights = Weights.open("w", graph.parameters());
                Program program = Program.forInference(graph, weights, Backend.kernels(), workers)) {
            weights.initialize(1);
            graph.inputs().forEach((name, value) -> {
                int each = Math.toIntExact(value.shape().elements() / images);
                float[] all = Floats.random(name.hashCode(), 4L * each);
                program.input(name).copyFrom(Arrays.copyOfRange(all, first * each, (first + images) * each));
            });
            program.forward();
            layers[0] = PlainLayers.of(weights);
            return program.output("y").toArray();
        }
    }

    @Test
    void aBlockDropsBeforeItsLastConvolution() {
        Graph graph = block(2, true);
        Dropout dropout = graph.nodes().stream()
                .filter(node -> node.op() instanceof Dropout)
                .map(node -> (Dropout) node.op())
                .findFirst()
                .orElseThrow();
        assertEquals(RATE, dropout.rate());
        PlainLayers[] layers = new PlainLayers[1];
        float[] found = run(graph, 0, 2, layers);
        PlainLayers at = layers[0];
        for (int image = 0; image < 2; image++) {
            double[][] x = rows(Floats.random("x".hashCode(), 4L * H * W * CHANNELS), image, H * W, CHANNELS);
            double[][] t = rows(Floats.random("t".hashCode(), 4L * TIME_WIDTH), image, 1, TIME_WIDTH);
            float[] keys = Floats.random("keys".hashCode(), 8);
            long seed = Integer.toUnsignedLong(Float.floatToRawIntBits(keys[2 * image]))
                    | (long) Float.floatToRawIntBits(keys[2 * image + 1]) << 32;
            double[][] h = each(at.groupNorm("norm1", x, GROUPS, EPS), PlainLayers::silu);
            h = at.convolution("conv1", h, H, W, 3);
            double[] shift = at.linear("time_emb_proj", each(t, PlainLayers::silu))[0];
            for (double[] row : h) {
                for (int c = 0; c < CHANNELS; c++) {
                    row[c] += shift[c];
                }
            }
            h = each(at.groupNorm("norm2", h, GROUPS, EPS), PlainLayers::silu);
            for (int k = 0; k < H * W * CHANNELS; k++) {
                boolean kept = dev.hourglass.kernel.Dropout.keeps(RATE, seed, dropout.stream(), k);
                h[k / CHANNELS][k % CHANNELS] *= kept ? 1 / (1 - RATE) : 0;
            }
            double[][] expected = sum(at.convolution("conv2", h, H, W, 3), x);
            double[][] y = rows(found, image, H * W, CHANNELS);
            for (int p = 0; p < y.length; p++) {
                // some hundred roundings of numbers up to 3
                assertArrayEquals(expected[p], y[p], 100 * 3 * 0x1p-24, "image " + image + ", pixel " + p);
            }
        }
    }

    @Test
    void whatAnImageLosesDoesNotDependOnTheBatch() {
        PlainLayers[] layers = new PlainLayers[1];
        float[] four = run(block(4, true), 0, 4, layers);
        float[] last = run(block(2, true), 2, 2, layers);
        assertArrayEquals(Arrays.copyOfRange(four, four.length / 2, four.length), last);
    }

    /** One block after the other: each drops in its own way. Without keys, as in inference, there is nothing that drops. */
    @Test
    void placesDropApartAndOnlyWithKeys() {
        Graph graph = new Graph();
        Value x = graph.input("x", Shape.of(1, H, W, CHANNELS));
        graph.dropByKeys(graph.input("keys", Shape.of(1, Dropout.KEY)));
        Scope top = Scope.of(graph);
        graph.output("a", top.at("a").dropout(x, RATE));
        graph.output("b", top.at("b").dropout(x, RATE));
        try (Workers workers = new Workers(1);
                Weights none = Weights.open("w", graph.parameters());
                Program program = Program.forInference(graph, none, Backend.kernels(), workers)) {
            program.input("x").copyFrom(Floats.random(1, H * W * CHANNELS));
            program.forward();
            assertTrue(!Arrays.equals(
                    program.output("a").toArray(), program.output("b").toArray()));
        }
        assertTrue(block(1, false).nodes().stream().noneMatch(node -> node.op() instanceof Dropout));
    }
}
