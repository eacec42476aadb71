package dev.hourglass.testing;

import dev.hourglass.io.ModelConfig;
import dev.hourglass.memory.Shape;
import dev.hourglass.train.Conditions;
import dev.hourglass.unet.Architecture;
import dev.hourglass.unet.Architectures;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Small models that are told more than images, and what to tell them. */
public final class ConditionalModels {

    /** The input of texts. */
    public static final String TEXT = "encoder_hidden_states";

    private static final int TEXT_WIDTH = 6;

    private ConditionalModels() {}

    /** A small {@code UNet2DModel} for images of one channel, with these settings beside the usual. */
    public static Architecture classes(Map<String, Object> changes) {
        return architecture("UNet2DModel", "AttnDownBlock2D", "AttnUpBlock2D", changes);
    }

    /** A small {@code UNet2DConditionModel} for texts of width 6. */
    public static Architecture texts() {
        return texts(Map.of());
    }

    /** The same with these settings beside the usual. */
    public static Architecture texts(Map<String, Object> changes) {
        Map<String, Object> all = new HashMap<>(Map.of("cross_attention_dim", TEXT_WIDTH, "attention_head_dim", 2));
        all.putAll(changes);
        return architecture("UNet2DConditionModel", "CrossAttnDownBlock2D", "CrossAttnUpBlock2D", all);
    }

    private static Architecture architecture(String name, String down, String up, Map<String, Object> changes) {
        Map<String, Object> config = new HashMap<>(Map.of(
                "_class_name",
                name,
                "in_channels",
                1,
                "out_channels",
                1,
                "block_out_channels",
                List.of(8, 16),
                "down_block_types",
                List.of("DownBlock2D", down),
                "up_block_types",
                List.of(up, "UpBlock2D"),
                "layers_per_block",
                1,
                "norm_num_groups",
                4));
        config.putAll(changes);
        return Architectures.fromConfig(ModelConfig.of("test", config));
    }

    /** Random texts for {@link #texts}. */
    public static Conditions text(int images, int tokens) {
        Conditions conditions = Conditions.none();
        Shape shape = Shape.of(images, tokens, TEXT_WIDTH);
        conditions.add(TEXT, shape).copyFrom(Floats.random(1, shape.elements()));
        return conditions;
    }
}
