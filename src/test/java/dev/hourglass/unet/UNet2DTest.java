package dev.hourglass.unet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.ImageSize;
import dev.hourglass.Session;
import dev.hourglass.SessionOptions;
import dev.hourglass.UNet;
import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.op.GroupNorm;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.testing.Floats;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UNet2DTest {

    /** A small model; every setting can be replaced. */
    private static Architecture architecture(Map<String, Object> changes) {
        Map<String, Object> config = new HashMap<>(Map.of(
                "_class_name",
                "UNet2DModel",
                "block_out_channels",
                List.of(8, 16),
                "down_block_types",
                List.of("DownBlock2D", "AttnDownBlock2D"),
                "up_block_types",
                List.of("AttnUpBlock2D", "UpBlock2D"),
                "layers_per_block",
                1,
                "norm_num_groups",
                4));
        config.putAll(changes);
        return Architectures.fromConfig(ModelConfig.of("test", config));
    }

    /** Score-based models are saved without a number of groups: a quarter of the channels then, 32 at most. */
    @Test
    void skipLevelsNeedNoNumberOfGroups() {
        Map<String, Object> changes = new HashMap<>();
        changes.put("norm_num_groups", null);
        HourglassException error = assertThrows(HourglassException.class, () -> architecture(changes));
        assertTrue(error.getMessage().contains("norm_num_groups"), error.getMessage());
        changes.put("down_block_types", List.of("SkipDownBlock2D", "SkipDownBlock2D"));
        changes.put("up_block_types", List.of("SkipUpBlock2D", "SkipUpBlock2D"));
        List<String> norms = UNet.graph(architecture(changes), SessionOptions.of(1, 8, 8)).nodes().stream()
                .filter(node -> node.op() instanceof GroupNorm)
                .map(node -> node.path() + " " + ((GroupNorm) node.op()).groups())
                .toList();
        assertTrue(norms.contains("conv_norm_out 2"), norms.toString());
        assertTrue(norms.contains("mid_block.attentions.0.group_norm 4"), norms.toString());
    }

    /** What PyTorch's library counts for the lesson's configuration. */
    @Test
    void theLessonsModelHasItsParameters() {
        long parameters =
                UNet.graph(Architectures.named("unet2d-lesson"), SessionOptions.of(2, 64, 64)).parameters().stream()
                        .mapToLong(Parameter::elements)
                        .sum();
        assertEquals(107_698_435, parameters);
    }

    @ParameterizedTest
    @CsvSource({
        "norm_num_groups, 5",
        "layers_per_block, 0",
        "act_fn, tanh",
        "dropout, 1",
        "time_embedding_type, fancy",
        "mid_block_type, UNetMidBlock3D",
        "attention_head_dim, 9",
        "downsample_padding, 2",
        "resnet_time_scale_shift, spatial",
        "class_embed_type, table",
        "in_channels, none"
    })
    void aWrongSettingIsRefusedByItsKey(String key, String value) {
        Object parsed = value.matches("[0-9]+") ? Integer.valueOf(value) : value;
        HourglassException error = assertThrows(HourglassException.class, () -> architecture(Map.of(key, parsed)));
        assertTrue(error.getMessage().contains(key), error.getMessage());
    }

    @Test
    void anUnknownBlockIsNamedWithThoseThatAreKnown() {
        HourglassException error = assertThrows(
                HourglassException.class,
                () -> architecture(Map.of("down_block_types", List.of("DownBlock2D", "SpiralDownBlock2D"))));
        assertTrue(error.getMessage().contains("SpiralDownBlock2D"), error.getMessage());
        assertTrue(error.getMessage().contains("AttnDownBlock2D"), error.getMessage());
    }

    /** Odd sides halve to what a wire further out does not double to: features come back to the wire's size. */
    @ParameterizedTest
    @CsvSource({"16, 16", "15, 9", "3, 2", "2, 7"})
    void everySizeKeepsItsShape(int height, int width) {
        Architecture architecture = architecture(Map.of("sample_size", 16));
        try (UNet model = UNet.create(architecture, new ImageSize(16, 16), 1);
                Session session = model.session(SessionOptions.of(2, height, width))) {
            float[] sample = Floats.random(1, 2L * 3 * height * width);
            float[] output = new float[sample.length];
            session.run(sample, new float[] {0, 999}, output);
            assertTrue(Floats.norm(output) > 0);
            assertTrue(Float.isFinite((float) Floats.norm(output)));
        }
    }

    /** Weights and settings survive the folder, bit for bit. */
    @Test
    void aSavedModelPredictsTheSame(@TempDir Path folder) {
        Map<String, Object> changes =
                Map.of("resnet_time_scale_shift", "scale_shift", "num_class_embeds", 3, "downsample_type", "resnet");
        float[] sample = Floats.random(1, 3 * 8 * 8);
        try (UNet model = UNet.create(architecture(changes), new ImageSize(8, 8), 1)) {
            model.save(folder);
            try (UNet read = UNet.open(folder)) {
                assertEquals(
                        model.architecture().config(),
                        withoutSize(read.architecture().config()));
                assertArrayEquals(predict(model, sample, 2), predict(read, sample, 2));
            }
        }
    }

    private static Map<String, Object> withoutSize(Map<String, Object> config) {
        config.remove("sample_size");
        return config;
    }

    @Test
    void aLabelOutsideTheTableIsRefused() {
        try (UNet model = UNet.create(architecture(Map.of("num_class_embeds", 3)), new ImageSize(8, 8), 1)) {
            HourglassException error =
                    assertThrows(HourglassException.class, () -> predict(model, new float[3 * 8 * 8], 3));
            assertTrue(error.getMessage().contains("label"), error.getMessage());
        }
    }

    @Test
    void aModelOfClassesAsksForThem() {
        try (UNet model = UNet.create(architecture(Map.of("num_class_embeds", 3)), new ImageSize(8, 8), 1);
                Session session = model.session(SessionOptions.of(1, 8, 8))) {
            float[] image = new float[3 * 8 * 8];
            HourglassException error =
                    assertThrows(HourglassException.class, () -> session.run(image, new float[] {1}, image));
            assertTrue(error.getMessage().contains("class_labels"), error.getMessage());
            error = assertThrows(HourglassException.class, () -> session.condition("classes", new float[] {1}));
            assertTrue(error.getMessage().contains("classes"), error.getMessage());
        }
    }

    private static float[] predict(UNet model, float[] sample, float label) {
        try (Session session = model.session(SessionOptions.of(1, 8, 8))) {
            session.condition("class_labels", new float[] {label});
            float[] output = new float[sample.length];
            session.run(sample, new float[] {500}, output);
            return output;
        }
    }
}
