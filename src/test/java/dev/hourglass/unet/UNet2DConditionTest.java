package dev.hourglass.unet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.SessionOptions;
import dev.hourglass.UNet;
import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.Parameter;
import dev.hourglass.io.Json;
import dev.hourglass.io.ModelConfig;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UNet2DConditionTest {

    /** A small model; every setting can be replaced. */
    private static Architecture architecture(Map<String, Object> changes) {
        Map<String, Object> config = new HashMap<>(Map.of(
                "_class_name",
                "UNet2DConditionModel",
                "block_out_channels",
                List.of(8, 16),
                "down_block_types",
                List.of("CrossAttnDownBlock2D", "DownBlock2D"),
                "up_block_types",
                List.of("UpBlock2D", "CrossAttnUpBlock2D"),
                "layers_per_block",
                1,
                "norm_num_groups",
                4,
                "attention_head_dim",
                2,
                "cross_attention_dim",
                6));
        config.putAll(changes);
        return Architectures.fromConfig(ModelConfig.of("test", config));
    }

    /** What is wrong, what diffusers has and we do not, and null where diffusers has none: all would change the numbers. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "norm_num_groups; 5",
                "norm_num_groups; null",
                "layers_per_block; 0",
                "layers_per_block; [1]",
                "act_fn; \"tanh\"",
                "act_fn; null",
                "dropout; 1",
                "dropout; -0.1",
                "dropout; null",
                "flip_sin_to_cos; null",
                "attention_head_dim; null",
                "attention_head_dim; 9",
                "num_attention_heads; 2",
                "cross_attention_dim; [6, 7]",
                "cross_attention_dim; null",
                "encoder_hid_dim_type; \"ip_image_proj\"",
                "dual_cross_attention; true",
                "attention_type; \"gated\"",
                "class_embed_type; \"table\"",
                "addition_embed_type; \"image_hint\"",
                "resnet_time_scale_shift; \"spatial\"",
                "time_embedding_type; \"learned\"",
                "mid_block_type; \"UNetMidBlock3D\"",
                "down_block_types; [\"DownBlock2D\"]",
                "down_block_types; [\"DownBlock2D\", \"SkipDownBlock2D\"]",
                "up_block_types; [\"UpBlock2D\", \"UpDecoderBlock2D\"]",
                "downsample_padding; 2",
                "conv_in_kernel; 2",
                "only_cross_attention; [true]",
                "down_block_types; [\"DownBlock2D\", \"KDownBlock2D\"]",
                "encoder_hid_dim_type; \"text_proj\"",
                "addition_embed_type; \"image\"",
                "addition_embed_type; \"text\"",
                "class_embeddings_concat; true",
                "cross_attention_norm; \"batch_norm\"",
                "resnet_out_scale_factor; 0",
                "time_cond_proj_dim; 0",
                "timestep_post_act; \"tanh\"",
                "transformer_layers_per_block; [1]",
                "transformer_layers_per_block; [[1], [1]]",
                "reverse_transformer_layers_per_block; [[1], 2]",
                "reverse_transformer_layers_per_block; 1"
            })
    void aWrongSettingIsRefusedByItsKey(String key, String json) {
        Map<String, Object> changes = Json.parse("test", "{\"%s\": %s}".formatted(key, json));
        HourglassException error = assertThrows(HourglassException.class, () -> architecture(changes));
        assertTrue(error.getMessage().contains(key), error.getMessage());
    }

    /** Lists of the JDK's own, as {@code List.of} makes them, refuse to be asked for null. */
    @Test
    void listsThatCodeMakesAreAsGoodAsThoseOfAFile() {
        String key = "transformer_layers_per_block";
        List<String> ofFile = parameters(Json.parse("test", "{\"%s\": [2, 1]}".formatted(key)));
        assertEquals(ofFile, parameters(Map.of(key, List.of(2, 1))));
        assertNotEquals(ofFile, parameters(Map.of()));
    }

    private static List<String> parameters(Map<String, Object> changes) {
        return UNet.graph(architecture(changes), SessionOptions.of(1, 16, 16)).parameters().stream()
                .map(Parameter::name)
                .toList();
    }
}
