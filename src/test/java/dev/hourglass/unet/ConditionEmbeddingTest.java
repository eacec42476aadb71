package dev.hourglass.unet;

import static dev.hourglass.testing.PlainLayers.each;
import static dev.hourglass.testing.PlainLayers.joined;
import static dev.hourglass.testing.PlainLayers.rows;
import static dev.hourglass.testing.PlainLayers.sum;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.hourglass.graph.Graph;
import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.Program;
import dev.hourglass.graph.Value;
import dev.hourglass.graph.Weights;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.nn.Scope;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.Floats;
import dev.hourglass.testing.PlainLayers;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What pictures and texts become for the blocks to listen to, against diffusers' formulas in double. */
class ConditionEmbeddingTest {

    private static final int IMAGES = 2;
    private static final int TOKENS = 3;
    private static final int TOKEN_WIDTH = 6;
    private static final int PICTURE_WIDTH = 7;
    private static final int CHANNELS = 8;
    private static final float[] TIMESTEPS = {0, 3};

    /** Adds what is under test to a graph. */
    private interface Part {
        Value add(ConditionEmbedding embedding, Scope top, Value t, Map<String, Value> conditions);
    }

    /** What a formula is about: the layers, one image's timestep and its conditions by diffusers' names. */
    private record Given(PlainLayers layers, double t, Map<String, double[][]> conditions) {

        double[][] picture() {
            return conditions.get(UNet2DCondition.IMAGE_EMBEDS);
        }
    }

    /** The rows that diffusers makes of one image's. */
    private interface Formula {
        double[][] of(Given given);
    }

    private static void requireEqual(Map<String, Object> settings, Part part, Formula formula) {
        Map<String, Object> config = new HashMap<>(settings);
        config.put("_class_name", UNet2DCondition.CLASS_NAME);
        EmbeddingSettings read = new EmbeddingSettings(ModelConfig.of("test", config), List.of(CHANNELS), TOKEN_WIDTH);
        Graph graph = new Graph();
        Map<String, Value> conditions = new HashMap<>();
        Value t = graph.input(Architecture.TIMESTEP, Shape.of(IMAGES));
        read.conditions(TOKENS).forEach((name, axes) -> {
            Shape shape = axes.size() == 1
                    ? Shape.of(IMAGES, axes.getFirst())
                    : Shape.of(IMAGES, axes.getFirst(), axes.getLast());
            conditions.put(name, graph.input(name, shape));
        });
        Value y = part.add(new ConditionEmbedding(read), Scope.of(graph), t, conditions);
        graph.output("y", y);
        try (Workers workers = new Workers(2);
                Weights weights = Weights.open("w", graph.parameters());
                Program program = Program.forInference(graph, weights, Backend.kernels(), workers)) {
            for (Parameter parameter : graph.parameters()) {
                weights.setFileOrder(parameter, Floats.random(parameter.name().hashCode(), parameter.elements()));
            }
            program.input(Architecture.TIMESTEP).copyFrom(TIMESTEPS);
            Map<String, float[]> inputs = new HashMap<>();
            conditions.forEach((name, value) -> inputs.put(
                    name, Floats.random(name.hashCode(), value.shape().elements())));
            inputs.forEach((name, values) -> program.input(name).copyFrom(values));
            program.forward();
            float[] found = program.output("y").toArray();
            for (int image = 0; image < IMAGES; image++) {
                Map<String, double[][]> own = new HashMap<>();
                for (String name : inputs.keySet()) {
                    int width = conditions.get(name).shape().dim(-1);
                    int count = inputs.get(name).length / IMAGES / width;
                    own.put(name, rows(inputs.get(name), image, count, width));
                }
                double[][] expected = formula.of(new Given(PlainLayers.of(weights), TIMESTEPS[image], own));
                int width = y.shape().dim(-1);
                double[][] rows = rows(found, image, found.length / IMAGES / width, width);
                assertEquals(expected.length, rows.length);
                for (int i = 0; i < rows.length; i++) {
                    // weights up to 1 over 32 channels, twice: some hundred roundings of numbers up to 30
                    assertArrayEquals(expected[i], rows[i], 100 * 30 * 0x1p-24, "image " + image + ", row " + i);
                }
            }
        }
    }

    /** Cosines and sines of the timestep through two linear layers. */
    private static double[][] time(Given given) {
        double[][] encoded = new double[1][CHANNELS];
        for (int k = 0; k < CHANNELS / 2; k++) {
            double angle = given.t() * Math.pow(10_000, -(double) k / (CHANNELS / 2));
            encoded[0][k] = Math.cos(angle);
            encoded[0][CHANNELS / 2 + k] = Math.sin(angle);
        }
        PlainLayers at = given.layers().at("time_embedding");
        return at.linear("linear_2", each(at.linear("linear_1", encoded), PlainLayers::silu));
    }

    @Test
    void aTextAndAPictureAreAddedToTheTimestep() {
        requireEqual(Map.of("addition_embed_type", "text_image"), ConditionEmbedding::time, given -> {
            PlainLayers at = given.layers().at("add_embedding");
            double[][] pooled = given.conditions().get(UNet2DCondition.TEXT_EMBEDS);
            assertEquals(TOKEN_WIDTH, given.picture()[0].length);
            double[][] text = at.layerNorm("text_norm", at.linear("text_proj", pooled));
            return sum(time(given), sum(at.linear("image_proj", given.picture()), text));
        });
    }

    @Test
    void aPictureIsAddedToTheTimestep() {
        Map<String, Object> settings = Map.of(
                "addition_embed_type", "image", "encoder_hid_dim", PICTURE_WIDTH, "encoder_hid_dim_type", "image_proj");
        requireEqual(settings, ConditionEmbedding::time, given -> {
            PlainLayers at = given.layers().at("add_embedding");
            assertEquals(PICTURE_WIDTH, given.picture()[0].length);
            return sum(time(given), at.layerNorm("image_norm", at.linear("image_proj", given.picture())));
        });
    }

    @Test
    void aPictureBecomesTokens() {
        Map<String, Object> settings = Map.of("encoder_hid_dim", PICTURE_WIDTH, "encoder_hid_dim_type", "image_proj");
        Part part = (embedding, top, t, conditions) -> embedding.tokens(top, conditions);
        requireEqual(settings, part, given -> {
            PlainLayers at = given.layers().at("encoder_hid_proj");
            return at.layerNorm("norm", tokens(at, given.picture(), 32));
        });
    }

    @Test
    void aPictureBecomesTokensBeforeTheText() {
        Map<String, Object> settings = Map.of("encoder_hid_dim", 5, "encoder_hid_dim_type", "text_image_proj");
        Part part = (embedding, top, t, conditions) -> embedding.tokens(top, conditions);
        requireEqual(settings, part, given -> {
            PlainLayers at = given.layers().at("encoder_hid_proj");
            double[][] text = at.linear("text_proj", given.conditions().get(UNet2DCondition.TEXT));
            return joined(tokens(at, given.picture(), 10), text);
        });
    }

    /** One long row, cut into tokens. */
    private static double[][] tokens(PlainLayers at, double[][] picture, int count) {
        double[] row = at.linear("image_embeds", picture)[0];
        double[][] tokens = new double[count][TOKEN_WIDTH];
        for (int k = 0; k < row.length; k++) {
            tokens[k / TOKEN_WIDTH][k % TOKEN_WIDTH] = row[k];
        }
        return tokens;
    }
}
