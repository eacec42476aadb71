package dev.hourglass.unet;

import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.kernel.Conv2dGeometry.Window;
import dev.hourglass.nn.AddedAttention;
import dev.hourglass.nn.AddedAttention.TextNorm;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The settings of a {@link UNet2DCondition}, by diffusers' keys: those that are missing have diffusers' defaults; what is not supported is
 * refused by its key.
 */
public final class UNet2DConditionSettings {

    private static final String GROUPS = "norm_num_groups";
    private static final int MOST_GROUPS = 32;

    private final Map<String, Object> config;
    final int inChannels;
    final int outChannels;
    final boolean centersInput;
    final List<Integer> channels;
    final ConditionLevels levels;

    final double middleScale;
    final boolean linearProjection;
    final Window halving;
    final String activation;

    /** Groups of the norms; 0 for no norm before the last convolution, where all levels are K blocks. */
    private final int groups;

    final double eps;
    final boolean scaleShift;
    final boolean rawTime;
    final double blockScale;

    /** The share of features that training drops in each residual block. */
    final double dropout;

    final TextNorm textNorm;
    final int inKernel;
    final int outKernel;
    final EmbeddingSettings embedding;

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
                "dropout",
                "act_fn",
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
        boolean grouped = !config.asMap().containsKey(GROUPS) || config.has(GROUPS);
        groups = grouped ? Rules.atLeast(config, GROUPS, 32, 1) : 0;
        channels = Rules.channels(config, List.of(320, 640, 1280, 1280), grouped ? groups : 1);
        middleScale = Rules.positive(config, "mid_block_scale_factor", 1);
        linearProjection = config.bool("use_linear_projection", false);
        halving = Rules.halving(config);
        activation = Rules.activation(config, "act_fn", "silu");
        eps = Rules.positive(config, "norm_eps", 1e-5);
        scaleShift = Rules.scaleShift(config);
        rawTime = config.bool("resnet_skip_time_act", false);
        dropout = Rules.dropout(config);
        blockScale = Rules.positive(config, "resnet_out_scale_factor", 1);
        textNorm = config.has("cross_attention_norm")
                ? config.choice("cross_attention_norm", "", "layer_norm", "group_norm")
                                .equals("layer_norm")
                        ? TextNorm.LAYER
                        : TextNorm.GROUP
                : TextNorm.NONE;
        inKernel = kernel(config, "conv_in_kernel");
        outKernel = kernel(config, "conv_out_kernel");
        levels = new ConditionLevels(config, channels);
        List<Integer> textWidths = levels.perLevel(config, "cross_attention_dim", 1280);
        if (textWidths.stream().distinct().count() > 1) {
            throw config.invalid("cross_attention_dim", "one width, since all levels listen to one text");
        }
        embedding = new EmbeddingSettings(config, channels, textWidths.getFirst());
        levels.all().forEach(level -> {
            level.requireHeads(config);
            requireTextNorm(config, level);
        });
        if (levels.hasKLevels()) {
            new KLevels(this).requireFit(config);
        }
        requireGroups(config);
    }

    private static void refuseUnsupported(ModelConfig config) {
        if (config.bool("dual_cross_attention", false)) {
            throw config.invalid(
                    "dual_cross_attention",
                    "false: diffusers makes such models but cannot run them, since its attention to two texts takes no mask, "
                            + "which its blocks hand on");
        }
        if (!config.string("attention_type", "default").equals("default")) {
            throw config.invalid("attention_type", "default: attention to boxes (GLIGEN) is not supported");
        }
        if (config.has("num_attention_heads")) {
            throw config.invalid("num_attention_heads", "null, as in diffusers: heads stand in attention_head_dim");
        }
    }

    private static int kernel(ModelConfig config, String key) {
        int kernel = Rules.atLeast(config, key, 3, 1);
        if (kernel % 2 == 0) {
            throw config.invalid(key, "an odd number");
        }
        return kernel;
    }

    /** Without a number of groups, as latent upscalers are saved, only K blocks and necks know what to do. */
    private void requireGroups(ModelConfig config) {
        boolean neckDivided = levels.middle.isEmpty()
                || channels.getLast() >= 4 && channels.getLast() % groups(channels.getLast()) == 0;
        if (groups == 0 && !(levels.hasKLevels() && neckDivided)) {
            throw config.invalid(GROUPS, "a number, unless all levels are K blocks and fit a neck, if there is one");
        }
    }

    private void requireTextNorm(ModelConfig config, ConditionLevel level) {
        if (level.type() != BlockType.SIMPLE_CROSS_ATTENTION) {
            return;
        }
        int width = embedding.tokenWidth;
        if (textNorm == TextNorm.LAYER && width != level.channels()) {
            throw config.invalid("cross_attention_norm", "not layer_norm, unless a level is as wide as the text");
        }
        if (textNorm == TextNorm.GROUP && width % AddedAttention.TEXT_GROUPS != 0) {
            throw config.invalid(
                    "cross_attention_norm",
                    "not group_norm, unless " + AddedAttention.TEXT_GROUPS + " groups divide cross_attention_dim");
        }
    }

    /** Whether there are a norm and an activation before the last convolution. */
    boolean normalisesOutput() {
        return groups > 0;
    }

    /** Groups of a norm of some channels. */
    int groups(int width) {
        return groups > 0 ? groups : Math.min(width / 4, MOST_GROUPS);
    }

    /** The settings as they stand in {@code config.json}, beside the class name. */
    Map<String, Object> config() {
        return new LinkedHashMap<>(config);
    }
}
