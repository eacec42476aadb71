package dev.hourglass.unet;

import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.kernel.Conv2dGeometry.Window;
import dev.hourglass.nn.AddedAttention;
import dev.hourglass.nn.AddedAttention.TextNorm;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The settings of a {@link UNet2DCondition}, by diffusers' keys: those that are missing have diffusers' defaults; what is not supported is
 * refused by its key.
 */
public final class UNet2DConditionSettings {

    private static final Set<BlockType> BLOCKS = EnumSet.of(
            BlockType.CROSS_ATTENTION,
            BlockType.PLAIN,
            BlockType.ATTENTION,
            BlockType.RESNET,
            BlockType.SIMPLE_CROSS_ATTENTION,
            BlockType.K,
            BlockType.K_CROSS_ATTENTION);
    private static final String GROUPS = "norm_num_groups";
    private static final int MOST_GROUPS = 32;
    private static final String DEPTHS = "transformer_layers_per_block";
    private static final String UP_DEPTHS = "reverse_transformer_layers_per_block";
    private static final String ONLY_CROSS = "only_cross_attention";

    private final Map<String, Object> config;
    final int inChannels;
    final int outChannels;
    final boolean centersInput;
    final List<Integer> channels;
    final List<ConditionLevel> downs = new ArrayList<>();
    final List<ConditionLevel> ups = new ArrayList<>();

    /** The neck: two residual blocks around an attention, or one residual block, or nothing. */
    final Optional<ConditionLevel> middle;

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
        List<Integer> textWidths = perLevel(config, "cross_attention_dim", 1280);
        if (textWidths.stream().distinct().count() > 1) {
            throw config.invalid("cross_attention_dim", "one width, since all levels listen to one text");
        }
        embedding = new EmbeddingSettings(config, channels, textWidths.getFirst());
        middle = levels(config);
        Stream.of(downs.stream(), ups.stream(), middle.stream())
                .flatMap(each -> each)
                .forEach(level -> {
                    level.requireHeads(config);
                    requireTextNorm(config, level);
                });
        if (hasKLevels()) {
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

    /** Reads the levels of both ways. */
    private Optional<ConditionLevel> levels(ModelConfig config) {
        String cross = BlockType.CROSS_ATTENTION.down();
        String crossUp = BlockType.CROSS_ATTENTION.up();
        List<BlockType> downTypes = BlockType.read(
                config,
                "down_block_types",
                List.of(cross, cross, cross, BlockType.PLAIN.down()),
                channels.size(),
                BlockType::down,
                BLOCKS);
        List<BlockType> upTypes = BlockType.read(
                config,
                "up_block_types",
                List.of(BlockType.PLAIN.up(), crossUp, crossUp, crossUp),
                channels.size(),
                BlockType::up,
                BLOCKS);
        List<Integer> layers = perLevel(config, "layers_per_block", 2);
        List<Integer> upLayers =
                layers.reversed().stream().map(each -> each + 1).toList();
        // diffusers' misnaming: this is the number of heads of transformers, and what it says elsewhere
        List<Integer> heads = perLevel(config, "attention_head_dim", 8);
        List<Boolean> onlyCross = config.isList(ONLY_CROSS)
                ? sized(config, ONLY_CROSS, config.bools(ONLY_CROSS))
                : Collections.nCopies(channels.size(), config.bool(ONLY_CROSS, false));
        List<?> given = depthsOfLevels(config);
        boolean nested = given.stream().anyMatch(List.class::isInstance);
        if (nested && !config.has(UP_DEPTHS)) {
            throw config.invalid(UP_DEPTHS, "the numbers of the way up, since those of the way down differ in a level");
        }
        List<?> givenUp = config.has(UP_DEPTHS) ? listOf(config, UP_DEPTHS) : given.reversed();
        for (int k = 0; k < channels.size(); k++) {
            downs.add(new ConditionLevel(
                    downTypes.get(k),
                    channels.get(k),
                    depths(config, DEPTHS, given.get(k), layers.get(k)),
                    heads.get(k),
                    heads.get(k),
                    onlyCross.get(k)));
            ups.add(new ConditionLevel(
                    upTypes.get(k),
                    channels.reversed().get(k),
                    depths(config, config.has(UP_DEPTHS) ? UP_DEPTHS : DEPTHS, givenUp.get(k), upLayers.get(k)),
                    heads.reversed().get(k),
                    heads.get(k), // diffusers forgets to turn this list around, and models were trained so
                    onlyCross.reversed().get(k)));
        }
        return middle(config).map(type -> {
            ConditionLevel deepest = downs.getLast();
            boolean fallback = !config.isList(ONLY_CROSS) && onlyCross.getLast();
            boolean only =
                    type == BlockType.SIMPLE_CROSS_ATTENTION && config.bool("mid_block_only_cross_attention", fallback);
            return new ConditionLevel(
                    type,
                    deepest.channels(),
                    List.of(deepest.depths().getFirst()),
                    deepest.heads(),
                    deepest.headWidth(),
                    only);
        });
    }

    private static Optional<BlockType> middle(ModelConfig config) {
        String key = "mid_block_type";
        if (config.asMap().containsKey(key) && !config.has(key)) {
            return Optional.empty();
        }
        String attending = "UNetMidBlock2DCrossAttn";
        String simple = "UNetMidBlock2DSimpleCrossAttn";
        String plain = "UNetMidBlock2D";
        String type = config.choice(key, attending, attending, simple, plain);
        return Optional.of(
                type.equals(plain)
                        ? BlockType.PLAIN
                        : type.equals(simple) ? BlockType.SIMPLE_CROSS_ATTENTION : BlockType.CROSS_ATTENTION);
    }

    /** Without a number of groups, as latent upscalers are saved, only K blocks and necks know what to do. */
    private void requireGroups(ModelConfig config) {
        boolean neckDivided =
                middle.isEmpty() || channels.getLast() >= 4 && channels.getLast() % groups(channels.getLast()) == 0;
        if (groups == 0 && !(hasKLevels() && neckDivided)) {
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

    private <T> List<T> sized(ModelConfig config, String key, List<T> values) {
        if (values.size() != channels.size()) {
            throw config.invalid(key, channels.size() + " values, as many as block_out_channels has widths");
        }
        return List.copyOf(values);
    }

    /** One number for all levels, or one for each. */
    private List<Integer> perLevel(ModelConfig config, String key, int fallback) {
        List<Integer> values = config.isList(key)
                ? sized(config, key, config.integers(key))
                : Collections.nCopies(channels.size(), config.integer(key, fallback));
        if (values.stream().anyMatch(value -> value < 1 || value > 1 << 16)) {
            throw config.invalid(key, "whole numbers from 1 to " + (1 << 16));
        }
        return values;
    }

    private List<?> depthsOfLevels(ModelConfig config) {
        return config.isList(DEPTHS)
                ? listOf(config, DEPTHS)
                : Collections.nCopies(channels.size(), config.integer(DEPTHS, 1));
    }

    private List<?> listOf(ModelConfig config, String key) {
        if (!(config.asMap().get(key) instanceof List<?> values) || values.contains(null)) {
            throw config.invalid(key, "a list of whole numbers, or of lists of them");
        }
        return sized(config, key, values);
    }

    /** The transformer blocks after each residual block of a level: one number for all, or one for each. */
    private static List<Integer> depths(ModelConfig config, String key, Object given, int layers) {
        List<?> values = given instanceof List<?> list ? list : Collections.nCopies(layers, given);
        boolean fits = values.size() == layers
                && values.stream().allMatch(value -> value instanceof Integer depth && depth >= 0 && depth <= 1 << 10);
        if (!fits) {
            throw config.invalid(
                    key, "for each level a whole number from 0 to " + (1 << 10) + ", or " + layers + " of them");
        }
        return values.stream().map(Integer.class::cast).toList();
    }

    /** Whether the levels are K blocks; then all are. */
    boolean hasKLevels() {
        return Stream.concat(downs.stream(), ups.stream())
                .anyMatch(level -> level.type().isK());
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
