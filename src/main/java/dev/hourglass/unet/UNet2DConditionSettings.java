package dev.hourglass.unet;

import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.kernel.Conv2dGeometry.Window;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The settings of a {@link UNet2DCondition}, by diffusers' keys: those that are missing have diffusers' defaults; what is not supported is
 * refused by its key.
 */
public final class UNet2DConditionSettings {

    /** Numbers that come with a picture in models of the size and crop of pictures: two each of size, crop and target. */
    private static final int TIME_IDS = 6;

    /** Refiners have a score in place of the target. */
    private static final int REFINER_TIME_IDS = 5;

    private static final int REFINER_WIDTH = 1280;

    /** How classes come in. */
    enum Classes {
        NONE,
        TABLE,
        TIMESTEP,
        IDENTITY,
        PROJECTION,
        SIMPLE_PROJECTION
    }

    /** What the neck is made of. */
    enum Middle {
        NONE,
        PLAIN,
        CROSS_ATTENTION
    }

    private final Map<String, Object> config;
    final int inChannels;
    final int outChannels;
    final boolean centersInput;
    final boolean cosinesFirst;
    final double freqShift;
    final List<Integer> channels;
    final List<String> downBlocks;
    final List<String> upBlocks;
    final Middle middle;
    final double middleScale;
    final List<Integer> layers;
    final List<Integer> transformerLayers;
    final List<Integer> upTransformerLayers;
    final List<Integer> heads;
    final List<Boolean> onlyCrossAttention;
    final List<Integer> textWidths;
    final int encoderWidth;
    final boolean projectsText;
    final boolean linearProjection;
    final Window halving;
    final String activation;
    final int groups;
    final double eps;
    final boolean scaleShift;
    final int timeWidth;
    final String timeActivation;
    final int inKernel;
    final int outKernel;
    final Classes classes;
    final int classCount;
    final int projectionWidth;
    final boolean sizeIds;
    final int sizeIdWidth;

    /**
     * Reads and checks the settings.
     *
     * @throws HourglassException naming the key when a value is wrong or not supported
     */
    public UNet2DConditionSettings(ModelConfig config) {
        this.config = new LinkedHashMap<>(config.asMap());
        this.config.remove(ModelConfig.CLASS_NAME);
        refuseUnsupported(config);
        Rules.requireValues(
                config,
                "in_channels",
                "out_channels",
                "flip_sin_to_cos",
                "freq_shift",
                "down_block_types",
                "up_block_types",
                "only_cross_attention",
                "block_out_channels",
                "layers_per_block",
                "downsample_padding",
                "mid_block_scale_factor",
                "act_fn",
                "norm_num_groups",
                "norm_eps",
                "cross_attention_dim",
                "transformer_layers_per_block",
                "attention_head_dim",
                "resnet_time_scale_shift",
                "resnet_out_scale_factor",
                "time_embedding_type",
                "conv_in_kernel",
                "conv_out_kernel",
                "attention_type");
        inChannels = Rules.atLeast(config, "in_channels", 4, 1);
        outChannels = Rules.atLeast(config, "out_channels", 4, 1);
        centersInput = config.bool("center_input_sample", false);
        cosinesFirst = config.bool("flip_sin_to_cos", true);
        freqShift = config.number("freq_shift", 0);
        groups = Rules.atLeast(config, "norm_num_groups", 32, 1);
        channels = Rules.channels(config, List.of(320, 640, 1280, 1280), groups);
        Rules.requireFrequencies(config, channels, freqShift);
        downBlocks = blocks(config, "down_block_types", "Down", UNet2DCondition.CROSS_DOWN, UNet2DCondition.DOWN);
        upBlocks = blocks(config, "up_block_types", "Up", UNet2DCondition.CROSS_UP, UNet2DCondition.UP);
        middle = middle(config);
        middleScale = Rules.positive(config, "mid_block_scale_factor", 1);
        layers = perLevel(config, "layers_per_block", 2, ModelConfig::integers);
        transformerLayers = perLevel(config, "transformer_layers_per_block", 1, ModelConfig::integers);
        upTransformerLayers = config.has("reverse_transformer_layers_per_block")
                ? perLevel(config, "reverse_transformer_layers_per_block", 1, ModelConfig::integers)
                : transformerLayers.reversed();
        // diffusers' misnaming: this is the number of heads
        heads = perLevel(config, "attention_head_dim", 8, ModelConfig::integers);
        for (int level = 0; level < channels.size(); level++) {
            if (heads.get(level) > channels.get(level)) {
                throw config.invalid("attention_head_dim", "no more heads than channels");
            }
        }
        onlyCrossAttention = config.isList("only_cross_attention")
                ? sized(config, "only_cross_attention", config.bools("only_cross_attention"))
                : Collections.nCopies(channels.size(), config.bool("only_cross_attention", false));
        textWidths = perLevel(config, "cross_attention_dim", 1280, ModelConfig::integers);
        if (textWidths.stream().distinct().count() > 1) {
            throw config.invalid("cross_attention_dim", "one width, since all levels listen to one text");
        }
        projectsText = config.has("encoder_hid_dim");
        if (!projectsText && config.has("encoder_hid_dim_type")) {
            throw config.invalid("encoder_hid_dim", "the width of what is projected, as encoder_hid_dim_type is set");
        }
        encoderWidth = projectsText ? Rules.atLeast(config, "encoder_hid_dim", 1, 1) : textWidths.getFirst();
        linearProjection = config.bool("use_linear_projection", false);
        halving = Rules.halving(config);
        activation = Rules.activation(config, "act_fn", "silu");
        eps = Rules.positive(config, "norm_eps", 1e-5);
        scaleShift = Rules.scaleShift(config);
        timeWidth = Rules.atLeast(config, "time_embedding_dim", 4 * channels.getFirst(), 1);
        timeActivation =
                config.has("time_embedding_act_fn") ? Rules.activation(config, "time_embedding_act_fn", "") : null;
        inKernel = kernel(config, "conv_in_kernel");
        outKernel = kernel(config, "conv_out_kernel");
        classCount = config.has("num_class_embeds") ? Rules.atLeast(config, "num_class_embeds", 1, 1) : 0;
        classes = classes(config);
        sizeIds = config.has("addition_embed_type");
        projectionWidth = projectionWidth(config);
        sizeIdWidth = sizeIds ? sizeIdWidth(config) : 0;
    }

    private static void refuseUnsupported(ModelConfig config) {
        require(config, "dual_cross_attention", false);
        require(config, "class_embeddings_concat", false);
        require(config, "resnet_skip_time_act", false);
        config.choice("attention_type", "default", "default");
        config.choice("time_embedding_type", "positional", "positional");
        config.choice("encoder_hid_dim_type", "text_proj", "text_proj");
        config.choice("addition_embed_type", "text_time", "text_time");
        for (String key : List.of("num_attention_heads", "timestep_post_act", "time_cond_proj_dim")) {
            if (config.has(key)) {
                throw config.invalid(key, "null: the setting is not supported");
            }
        }
        if (config.number("resnet_out_scale_factor", 1) != 1) {
            throw config.invalid("resnet_out_scale_factor", "1: other factors are not supported");
        }
    }

    private static void require(ModelConfig config, String key, boolean value) {
        if (config.bool(key, value) != value) {
            throw config.invalid(key, value + ": anything else is not supported");
        }
    }

    private static int kernel(ModelConfig config, String key) {
        int kernel = Rules.atLeast(config, key, 3, 1);
        if (kernel % 2 == 0) {
            throw config.invalid(key, "an odd number");
        }
        return kernel;
    }

    private List<String> blocks(ModelConfig config, String key, String way, String cross, String plain) {
        List<String> fallback =
                way.equals("Down") ? List.of(cross, cross, cross, plain) : List.of(plain, cross, cross, cross);
        List<String> names = config.has(key) ? config.strings(key) : fallback;
        if (names.stream().anyMatch(name -> !name.equals(cross) && !name.equals(plain))) {
            throw config.invalid(key, "only " + cross + ", " + plain);
        }
        return sized(config, key, names);
    }

    private <T> List<T> sized(ModelConfig config, String key, List<T> values) {
        if (values.size() != channels.size()) {
            throw config.invalid(key, channels.size() + " values, as many as block_out_channels has widths");
        }
        return List.copyOf(values);
    }

    @FunctionalInterface
    private interface ReadList {
        List<Integer> read(ModelConfig config, String key);
    }

    /** One number for all levels, or one for each. */
    private List<Integer> perLevel(ModelConfig config, String key, int fallback, ReadList list) {
        List<Integer> values = config.isList(key)
                ? sized(config, key, list.read(config, key))
                : Collections.nCopies(channels.size(), config.integer(key, fallback));
        if (values.stream().anyMatch(value -> value < 1 || value > 1 << 16)) {
            throw config.invalid(key, "whole numbers from 1 to " + (1 << 16));
        }
        return values;
    }

    private static Middle middle(ModelConfig config) {
        if (config.asMap().containsKey("mid_block_type") && !config.has("mid_block_type")) {
            return Middle.NONE;
        }
        String attending = "UNetMidBlock2DCrossAttn";
        return config.choice("mid_block_type", attending, attending, "UNetMidBlock2D")
                        .equals(attending)
                ? Middle.CROSS_ATTENTION
                : Middle.PLAIN;
    }

    private Classes classes(ModelConfig config) {
        if (!config.has("class_embed_type")) {
            return classCount > 0 ? Classes.TABLE : Classes.NONE;
        }
        return switch (config.choice(
                "class_embed_type", "", "timestep", "identity", "projection", "simple_projection")) {
            case "timestep" -> Classes.TIMESTEP;
            case "identity" -> Classes.IDENTITY;
            case "projection" -> Classes.PROJECTION;
            default -> Classes.SIMPLE_PROJECTION;
        };
    }

    private int projectionWidth(ModelConfig config) {
        boolean needed = sizeIds || classes == Classes.PROJECTION || classes == Classes.SIMPLE_PROJECTION;
        if (needed && !config.has("projection_class_embeddings_input_dim")) {
            throw config.invalid("projection_class_embeddings_input_dim", "the width of what is projected");
        }
        return needed ? Rules.atLeast(config, "projection_class_embeddings_input_dim", 1, 1) : 0;
    }

    private int sizeIdWidth(ModelConfig config) {
        if (!config.has("addition_time_embed_dim")) {
            throw config.invalid("addition_time_embed_dim", "the width of a number's encoding");
        }
        int width = Rules.atLeast(config, "addition_time_embed_dim", 2, 2);
        if (projectionWidth <= TIME_IDS * width) {
            throw config.invalid(
                    "projection_class_embeddings_input_dim",
                    "more than " + TIME_IDS + " times addition_time_embed_dim");
        }
        return width;
    }

    /** How many numbers come with a picture; the rest of what is projected is the text's. */
    int sizeIdCount() {
        boolean refiner = projectionWidth - REFINER_TIME_IDS * sizeIdWidth == REFINER_WIDTH;
        return refiner ? REFINER_TIME_IDS : TIME_IDS;
    }

    /** Width of the text's embedding that goes with {@link #sizeIdCount} numbers. */
    int pooledTextWidth() {
        return projectionWidth - sizeIdCount() * sizeIdWidth;
    }

    /** The settings as they stand in {@code config.json}, beside the class name. */
    Map<String, Object> config() {
        return new LinkedHashMap<>(config);
    }
}
