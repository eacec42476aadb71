package dev.hourglass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.MemoryPlan;
import dev.hourglass.graph.Node;
import dev.hourglass.graph.Parameter;
import dev.hourglass.kernel.WeightFormat;
import dev.hourglass.testing.ConditionalModels;
import dev.hourglass.testing.Floats;
import dev.hourglass.unet.Architecture;
import dev.hourglass.unet.Architectures;
import dev.hourglass.unet.TinyUNet;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Sessions with weights of 16 bits: what they predict, and the memory they need. */
class PackedSessionTest {

    private static final int IMAGES = 2;
    private static final int HEIGHT = 12;
    private static final int WIDTH = 11;
    private static final int TOKENS = 5;

    private static final SessionOptions OPTIONS = SessionOptions.of(IMAGES, HEIGHT, WIDTH)
            .withThreads(2)
            .withTokens(TOKENS)
            .withExact(true);

    static Stream<Arguments> modelsAndFormats() {
        Map<String, Architecture> models = Map.of(
                "TinyUNet", new TinyUNet(),
                "UNet2D",
                        ConditionalModels.classes(Map.of("num_class_embeds", 4, "block_out_channels", List.of(16, 32))),
                "UNet2DCondition", ConditionalModels.texts(Map.of("block_out_channels", List.of(16, 32))));
        return models.entrySet().stream()
                .flatMap(model -> Stream.of(WeightFormat.BFLOAT16, WeightFormat.FLOAT16)
                        .map(format -> Arguments.of(model.getKey(), model.getValue(), format)));
    }

    /** Rounding the weights of convolutions and linear layers is all that 16 bits change, to the last bit. */
    @ParameterizedTest(name = "{0} in {2}")
    @MethodSource("modelsAndFormats")
    void predictsWhatAnExactSessionDoesOnRoundedWeights(String name, Architecture architecture, WeightFormat format) {
        try (UNet model = UNet.create(architecture, new ImageSize(HEIGHT, WIDTH), 3)) {
            float[] packed = run(model, format);
            assertFalse(Arrays.equals(packed, run(model, WeightFormat.FLOAT32)), "rounding changes something");
            round(model, format);
            assertArrayEquals(run(model, WeightFormat.FLOAT32), packed);
            assertArrayEquals(packed, run(model, format), "nothing is rounded twice");
        }
    }

    private static float[] run(UNet model, WeightFormat format) {
        try (Session session = model.session(OPTIONS.withWeights(format))) {
            model.architecture().conditions(TOKENS).keySet().forEach(condition -> {
                long floats = session.condition(condition).shape().elements();
                session.condition(
                        condition,
                        condition.equals(ConditionalModels.TEXT)
                                ? Floats.random(5, floats)
                                : new float[Math.toIntExact(floats)]);
            });
            float[] sample = Floats.random(4, session.sampleShape().elements());
            float[] output = new float[Math.toIntExact(session.outputShape().elements())];
            session.run(sample, new float[] {3, 700}, output);
            return output;
        }
    }

    private static void round(UNet model, WeightFormat format) {
        for (Parameter parameter : packed(model.architecture())) {
            float[] values = model.weights().fileOrder(parameter);
            for (int k = 0; k < values.length; k++) {
                values[k] = format.round(values[k]);
            }
            model.weights().setFileOrder(parameter, values);
        }
    }

    /** The weights, and not the biases, of convolutions and linear layers. */
    private static Set<Parameter> packed(Architecture architecture) {
        Set<Parameter> packed = new LinkedHashSet<>();
        for (Node node : UNet.graph(architecture, OPTIONS).nodes()) {
            if (node.op().packsParameters()) {
                packed.add(node.parameters().getFirst());
            }
        }
        assertTrue(packed.stream().allMatch(parameter -> parameter.fileShape().rank() > 1));
        return packed;
    }

    @Test
    void weightsAreRoundedOnTheirWayFromTheFile(@TempDir Path folder) {
        try (UNet made = UNet.create(new TinyUNet(), ImageSize.MNIST, 3)) {
            made.save(folder);
            try (UNet opened = UNet.open(folder)) {
                assertArrayEquals(run(made, WeightFormat.BFLOAT16), run(opened, WeightFormat.BFLOAT16));
                assertFalse(opened.weights().isLoaded());
            }
        }
    }

    /** Every weight of the lesson's large model takes two bytes less; what stays in float32 beside them is less than a percent. */
    @ParameterizedTest
    @EnumSource(names = {"BFLOAT16", "FLOAT16"})
    void sixteenBitsHalveTheMemoryOfWeights(WeightFormat format) {
        Architecture lesson = Architectures.named(Architectures.UNET2D_LESSON);
        SessionOptions options = SessionOptions.of(1, 64, 64).withThreads(2).withExact(true);
        MemoryPlan whole = UNet.inferencePlan(lesson, options);
        MemoryPlan half = UNet.inferencePlan(lesson, options.withWeights(format));
        long weights = packed(lesson).stream().mapToLong(Parameter::elements).sum();
        assertTrue(half.packed() < 1.01 * weights * Short.BYTES, half.packed() + " bytes for " + weights + " weights");
        assertTrue(whole.packed() > weights * Float.BYTES);
        assertEquals(whole.activations(), half.activations());
        assertEquals(whole.unpacked(), half.unpacked());
        assertTrue(half.programBytes() < whole.programBytes() - 0.99 * weights * Short.BYTES);
        MemoryPlan withWinograd = UNet.inferencePlan(lesson, options.withExact(false));
        assertTrue(withWinograd.packed() >= whole.packed());
        assertEquals(half, UNet.inferencePlan(lesson, options.withExact(false).withWeights(format)));
    }

    @Test
    void aWeightBeyondTheFormatIsNamed() {
        try (UNet model = UNet.create(new TinyUNet(), ImageSize.MNIST, 3)) {
            List<Parameter> packed = new ArrayList<>(packed(model.architecture()));
            Parameter last = packed.getLast();
            float[] values = model.weights().fileOrder(last);
            values[values.length - 1] = -70_000;
            model.weights().setFileOrder(last, values);
            HourglassException error = assertThrows(HourglassException.class, () -> run(model, WeightFormat.FLOAT16));
            for (String part : List.of(last.name(), "float16", "-70000", "bfloat16")) {
                assertTrue(error.getMessage().contains(part), error.getMessage());
            }
            assertTrue(Floats.norm(run(model, WeightFormat.BFLOAT16)) > 1000);
        }
    }
}
