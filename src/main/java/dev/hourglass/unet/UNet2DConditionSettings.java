package dev.hourglass.unet;

import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ModelConfig;
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
    final int downsamplePadding;
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
        inChannels = UNet2DSettings.atLeast(config, "in_channels", 4, 1);
        outChannels = UNet2DSettings.atLeast(config, "out_channels", 4, 1);
        centersInput = config.bool("center_input_sample", false);
        cosinesFirst = config.bool("flip_sin_to_cos", true);
        freqShift = config.number("freq_shift", 0);
        channels = config.has("block_out_channels") ? UNet2DSettings.channels(config) : List.of(320, 640, 1280, 1280);
        groups = UNet2DSettings.atLeast(config, "norm_num_groups", 32, 1);
        if (channels.stream().anyMatch(width -> width % groups != 0)) {
            throw config.invalid("block_out_channels", "widths that " + groups + " groups divide (norm_num_groups)");
        }
        if (!(channels.getFirst() / 2 > freqShift)) {
            throw config.invalid("freq_shift", "less than half of the first of block_out_channels");
        }
        downBlocks = blocks(config, "down_block_types", "Down", UNet2DCondition.CROSS_DOWN, UNet2DCondition.DOWN);
        upBlocks = blocks(config, "up_block_types", "Up", UNet2DCondition.CROSS_UP, UNet2DCondition.UP);
        middle = middle(config);
        middleScale = UNet2DSettings.positive(config, "mid_block_scale_factor", 1);
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
        projectsText = config.has("encoder_hid_dim");
        encoderWidth = projectsText ? UNet2DSettings.atLeast(config, "encoder_hid_dim", 1, 1) : textWidths.getFirst();
        linearProjection = config.bool("use_linear_projection", false);
        downsamplePadding = config.integer("downsample_padding", 1);
        if (downsamplePadding != 0 && downsamplePadding != 1) {
            throw config.invalid("downsample_padding", "0 or 1");
        }
        activation = UNet2DSettings.oneOf(config, "act_fn", "silu", UNet2DSettings.ACTIVATIONS);
        eps = UNet2DSettings.positive(config, "norm_eps", 1e-5);
        scaleShift = UNet2DSettings.oneOf(
                        config, "resnet_time_scale_shift", "default", List.of("default", "scale_shift"))
                .equals("scale_shift");
        timeWidth = UNet2DSettings.atLeast(config, "time_embedding_dim", 4 * channels.getFirst(), 1);
        timeActivation = config.has("time_embedding_act_fn")
                ? UNet2DSettings.oneOf(config, "time_embedding_act_fn", "", UNet2DSettings.ACTIVATIONS)
                : null;
        inKernel = kernel(config, "conv_in_kernel");
        outKernel = kernel(config, "conv_out_kernel");
        classCount = config.has("num_class_embeds") ? UNet2DSettings.atLeast(config, "num_class_embeds", 1, 1) : 0;
        classes = classes(config);
        sizeIds = config.has("addition_embed_type");
        projectionWidth = projectionWidth(config);
        sizeIdWidth = sizeIds ? sizeIdWidth(config) : 0;
    }

    private static void refuseUnsupported(ModelConfig config) {
        require(config, "dual_cross_attention", false);
        require(config, "class_embeddings_concat", false);
        require(config, "resnet_skip_time_act", false);
        UNet2DSettings.oneOf(config, "attention_type", "default", List.of("default"));
        UNet2DSettings.oneOf(config, "time_embedding_type", "positional", List.of("positional"));
        UNet2DSettings.oneOf(config, "encoder_hid_dim_type", "text_proj", List.of("text_proj"));
        UNet2DSettings.oneOf(config, "addition_embed_type", "text_time", List.of("text_time"));
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
        int kernel = UNet2DSettings.atLeast(config, key, 3, 1);
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
        List<String> known = List.of("UNetMidBlock2DCrossAttn", "UNetMidBlock2D");
        return UNet2DSettings.oneOf(config, "mid_block_type", known.getFirst(), known)
                        .equals(known.getFirst())
                ? Middle.CROSS_ATTENTION
                : Middle.PLAIN;
    }

    private Classes classes(ModelConfig config) {
        if (!config.has("class_embed_type")) {
            return classCount > 0 ? Classes.TABLE : Classes.NONE;
        }
        List<String> known = List.of("timestep", "identity", "projection", "simple_projection");
        return switch (UNet2DSettings.oneOf(config, "class_embed_type", "", known)) {
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
        return needed ? UNet2DSettings.atLeast(config, "projection_class_embeddings_input_dim", 1, 1) : 0;
    }

    private int sizeIdWidth(ModelConfig config) {
        int width = UNet2DSettings.atLeast(config, "addition_time_embed_dim", 256, 2);
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
