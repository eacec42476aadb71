package dev.hourglass.unet;

import static dev.hourglass.testing.PlainLayers.rows;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.ImageSize;
import dev.hourglass.Session;
import dev.hourglass.SessionOptions;
import dev.hourglass.UNet;
import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.Graph;
import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.Program;
import dev.hourglass.graph.Value;
import dev.hourglass.graph.Weights;
import dev.hourglass.io.Json;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.Floats;
import dev.hourglass.testing.PlainLayers;
import dev.hourglass.train.TrainingStep;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Latent upscalers, whose levels are K blocks. */
class KLevelsTest {

    private static final int IMAGES = 2;
    private static final int TOKENS = 3;
    private static final int TEXT_WIDTH = 12;
    private static final int GUIDANCE_WIDTH = 9;
    private static final int IN = 8;
    private static final int OUT = 5;
    private static final int HEAD_WIDTH = 16;
    private static final int DEPTH = 2;
    private static final int SIDE = 16;
    private static final List<Integer> WIDTHS = List.of(32, 32, 64, 64);

    /** What the U-Net of the x2 latent upscaler of Stable Diffusion says about itself, in small. */
    private static Map<String, Object> config() {
        Map<String, Object> config = new HashMap<>();
        config.put("_class_name", UNet2DCondition.CLASS_NAME);
        config.put("act_fn", "gelu");
        config.put("attention_head_dim", HEAD_WIDTH);
        config.put("block_out_channels", WIDTHS);
        config.put("conv_in_kernel", 1);
        config.put("conv_out_kernel", 1);
        config.put("cross_attention_dim", TEXT_WIDTH);
        config.put("cross_attention_norm", "layer_norm");
        config.put(
                "down_block_types",
                List.of("KDownBlock2D", "KCrossAttnDownBlock2D", "KCrossAttnDownBlock2D", "KCrossAttnDownBlock2D"));
        config.put("in_channels", IN);
        config.put("layers_per_block", DEPTH);
        config.put("mid_block_type", null);
        config.put("norm_num_groups", null);
        config.put("only_cross_attention", false);
        config.put("out_channels", OUT);
        config.put("resnet_time_scale_shift", "scale_shift");
        config.put("time_cond_proj_dim", GUIDANCE_WIDTH);
        config.put("time_embedding_type", "fourier");
        config.put("timestep_post_act", "gelu");
        config.put(
                "up_block_types",
                List.of("KCrossAttnUpBlock2D", "KCrossAttnUpBlock2D", "KCrossAttnUpBlock2D", "KUpBlock2D"));
        return config;
    }

    private static Architecture architecture(Map<String, Object> changes) {
        Map<String, Object> config = config();
        config.putAll(changes);
        return Architectures.fromConfig(ModelConfig.of("test", config));
    }

    /** Numbers for all inputs; the timestep is a quarter of the logarithm of a noise level, as the pipeline has it. */
    private static Map<String, float[]> inputs(Graph graph) {
        Map<String, float[]> inputs = new LinkedHashMap<>();
        for (Map.Entry<String, Value> input : graph.inputs().entrySet()) {
            long elements = input.getValue().shape().elements();
            inputs.put(input.getKey(), Floats.random(input.getKey().hashCode(), elements));
        }
        inputs.put(Architecture.TIMESTEP, new float[] {0.6f, -0.4f});
        float[] mask = new float[IMAGES * TOKENS];
        Arrays.fill(mask, 1);
        mask[1] = 0;
        inputs.put(UNet2DCondition.TEXT_MASK, mask);
        return inputs;
    }

    @Test
    void computesWhatDiffusersDoes() {
        Graph graph = new Graph();
        Value y = architecture(Map.of()).build(graph, IMAGES, SIDE, SIDE, TOKENS, Set.of());
        graph.output("y", y);
        Map<String, float[]> inputs = inputs(graph);
        try (Workers workers = new Workers(2);
                Weights weights = Weights.open("w", graph.parameters());
                Program program = Program.forInference(graph, weights, Backend.kernels(), workers)) {
            weights.initialize(1);
            inputs.forEach((name, values) -> program.input(name).copyFrom(values));
            program.forward();
            float[] found = program.output("y").toArray();
            PlainUpscaler plain = new PlainUpscaler(PlainLayers.of(weights), WIDTHS, DEPTH, HEAD_WIDTH);
            double largest = Floats.maxAbs(found);
            for (int image = 0; image < IMAGES; image++) {
                double[] mask = new double[TOKENS];
                for (int k = 0; k < TOKENS; k++) {
                    mask[k] = (1 - inputs.get(UNet2DCondition.TEXT_MASK)[image * TOKENS + k]) * -10_000;
                }
                double[][] expected = plain.predict(
                        rows(inputs.get(Architecture.SAMPLE), image, SIDE * SIDE, IN),
                        SIDE,
                        SIDE,
                        inputs.get(Architecture.TIMESTEP)[image],
                        rows(inputs.get(UNet2DCondition.TIMESTEP_COND), image, 1, GUIDANCE_WIDTH)[0],
                        rows(inputs.get(UNet2DCondition.TEXT), image, TOKENS, TEXT_WIDTH),
                        mask);
                double[][] rows = rows(found, image, SIDE * SIDE, OUT);
                for (int p = 0; p < rows.length; p++) {
                    // 16 residual blocks and 12 attentions, each some ten roundings of its largest number
                    assertArrayEquals(expected[p], rows[p], 28 * 10 * 0x1p-24 * largest, "image " + image + " " + p);
                }
            }
        }
    }

    /** Also where diffusers does not go: to sides that halve to odd numbers. */
    @ParameterizedTest
    @CsvSource({"16, 16, 0", "17, 23, 0.3"})
    void theLossFollowsTheGradient(int height, int width, double dropout) {
        Graph graph = TrainingStep.graph(architecture(Map.of("dropout", dropout)), IMAGES, height, width, TOKENS);
        Map<String, float[]> inputs = inputs(graph);
        Slope.requireFollowsGradient(graph, (name, input) -> input.copyFrom(inputs.get(name)));
    }

    @Test
    void parametersAreCalledAsInDiffusers() {
        Map<String, Shape> shapes = new HashMap<>();
        for (Parameter parameter :
                UNet.graph(architecture(Map.of()), SessionOptions.of(1, 16, 16)).parameters()) {
            shapes.put(parameter.name(), parameter.fileShape());
        }
        Map<String, Shape> some = Map.of(
                "conv_in.weight", Shape.of(32, 8, 1, 1),
                "time_embedding.cond_proj.weight", Shape.of(64, GUIDANCE_WIDTH),
                "down_blocks.0.resnets.0.norm1.linear.weight", Shape.of(64, 64),
                "down_blocks.2.resnets.0.conv_shortcut.weight", Shape.of(64, 32, 1, 1),
                "down_blocks.3.attentions.1.attn1.to_q.bias", Shape.of(64),
                "down_blocks.1.attentions.0.attn2.norm_cross.weight", Shape.of(TEXT_WIDTH),
                "up_blocks.1.resnets.1.conv2.weight", Shape.of(32, 64, 3, 3),
                "up_blocks.1.attentions.1.norm2.linear.weight", Shape.of(64, 64),
                "up_blocks.3.resnets.0.conv1.weight", Shape.of(32, 64, 3, 3));
        some.forEach((name, shape) -> assertEquals(shape, shapes.get(name), name));
        for (String absent : List.of(
                "down_blocks.2.resnets.0.conv_shortcut.bias",
                "down_blocks.2.attentions.0.attn1.to_q.weight",
                "up_blocks.1.attentions.0.attn1.to_q.weight",
                "up_blocks.0.resnets.0.conv_shortcut.weight",
                "up_blocks.3.attentions.0.attn2.to_q.weight",
                "down_blocks.0.downsamplers.0.conv.weight",
                "conv_norm_out.weight",
                "mid_block.resnets.0.conv1.weight")) {
            assertTrue(!shapes.containsKey(absent), absent);
        }
    }

    @Test
    void aFolderOpensAndItsWiresCanBeCut(@TempDir Path folder) {
        try (UNet model = UNet.create(architecture(Map.of()), new ImageSize(SIDE, SIDE), 1)) {
            model.save(folder);
        }
        try (UNet model = UNet.open(folder)) {
            assertEquals(3, model.architecture().wires());
            float[] intact = predict(model, Set.of());
            for (int wire = 1; wire <= 3; wire++) {
                assertTrue(Floats.maxError(predict(model, Set.of(wire)), intact) > 1e-3, "wire " + wire);
            }
        }
    }

    private static float[] predict(UNet model, Set<Integer> cutWires) {
        SessionOptions options = SessionOptions.of(1, SIDE, SIDE).withThreads(2).withTokens(1);
        try (Session session = model.session(options.withCutWires(cutWires))) {
            session.condition(UNet2DCondition.TEXT, Floats.random(3, TEXT_WIDTH));
            float[] y = new float[OUT * SIDE * SIDE];
            session.run(Floats.random(1, IN * SIDE * SIDE), new float[] {0.5f}, y);
            return y;
        }
    }

    /** A neck between K blocks, and a norm before the last convolution where there is a number of groups. */
    @Test
    void aNeckAndANormGoWithKBlocks() {
        Map<String, Object> changes = new HashMap<>(Map.of("mid_block_type", "UNetMidBlock2D"));
        List<String> few = names(architecture(changes));
        assertTrue(few.contains("mid_block.resnets.0.norm1.weight") && !few.contains("conv_norm_out.weight"));
        changes.put("norm_num_groups", 8);
        assertTrue(names(architecture(changes)).contains("conv_norm_out.weight"));
    }

    private static List<String> names(Architecture architecture) {
        return UNet.graph(architecture, SessionOptions.of(1, 16, 16)).parameters().stream()
                .map(Parameter::name)
                .toList();
    }

    /** What diffusers cannot make or run. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "down_block_types; [\"DownBlock2D\", \"KDownBlock2D\", \"KDownBlock2D\", \"KDownBlock2D\"]",
                "up_block_types; [\"KUpBlock2D\", \"KUpBlock2D\", \"KUpBlock2D\", \"KUpBlock2D\"]",
                "up_block_types; [\"KCrossAttnUpBlock2D\", \"KUpBlock2D\", \"KUpBlock2D\", \"UpBlock2D\"]",
                "time_embedding_dim; 32",
                "block_out_channels; [32, 32, 32, 64]",
                "block_out_channels; [16, 32, 64, 64]",
                "block_out_channels; [32, 50, 64, 64]",
                "attention_head_dim; 33"
            })
    void whatDoesNotFitIsRefused(String key, String json) {
        Map<String, Object> changes = Json.parse("test", "{\"%s\": %s}".formatted(key, json));
        String message = assertThrows(HourglassException.class, () -> architecture(changes))
                .getMessage();
        assertTrue(message.contains(key) || message.contains("block_types"), message);
    }

    @Test
    void imagesAreLargeEnoughToBeMirrored() {
        assertEquals(16, architecture(Map.of()).minimumSize());
        HourglassException error = assertThrows(
                HourglassException.class, () -> UNet.graph(architecture(Map.of()), SessionOptions.of(1, 15, 16)));
        assertTrue(error.getMessage().contains("16"), error.getMessage());
    }
}
