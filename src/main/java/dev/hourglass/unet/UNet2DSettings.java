package dev.hourglass.unet;

import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.kernel.Conv2dGeometry.Window;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The settings of a {@link UNet2D}, by diffusers' keys: those that are missing have diffusers' defaults, those that nothing depends on
 * are kept for writing.
 */
public final class UNet2DSettings {

    /** Channels of the image that {@link SkipLevels} carry along; diffusers has it in the code. */
    static final int SKIP_CHANNELS = 3;

    private static final Set<BlockType> BLOCKS = EnumSet.range(BlockType.PLAIN, BlockType.ATTENTION_SKIP);
    private static final int MOST_GROUPS = 32;
    private static final String GROUPS = "norm_num_groups";
    private static final String TIME_TYPE = "time_embedding_type";
    private static final String TRAIN_STEPS = "num_train_timesteps";
    private static final String FOURIER = "fourier";

    /** How classes come in. */
    enum Classes {
        NONE,
        TABLE,
        TIMESTEP,
        IDENTITY
    }

    private final Map<String, Object> config;
    private final int inChannels;
    private final int outChannels;
    private final boolean centersInput;
    private final boolean fourierTime;
    private final OptionalInt learnedTimesteps;
    private final int timeWidth;
    private final double freqShift;
    private final boolean cosinesFirst;
    private final List<BlockType> downBlocks;
    private final List<BlockType> upBlocks;
    private final boolean middle;
    private final List<Integer> channels;
    private final int layers;
    private final double middleScale;
    private final Window halving;
    private final String downsampling;
    private final String upsampling;
    private final String activation;
    private final OptionalInt headWidth;
    private final int groups;
    private final int middleAttentionGroups;
    private final double eps;
    private final double dropout;
    private final boolean scaleShift;
    private final boolean middleAttends;
    private final Classes classes;
    private final OptionalInt classCount;

    /**
     * Reads and checks the settings.
     *
     * @throws HourglassException naming the key when a value is wrong or not supported
     */
    public UNet2DSettings(ModelConfig config) {
        this.config = new LinkedHashMap<>(config.asMap());
        this.config.remove(ModelConfig.CLASS_NAME);
        Rules.requireValues(
                config,
                "in_channels",
                "out_channels",
                "flip_sin_to_cos",
                "freq_shift",
                "down_block_types",
                "up_block_types",
                "block_out_channels",
                "layers_per_block",
                "mid_block_scale_factor",
                "dropout",
                "downsample_padding",
                "act_fn",
                "norm_eps",
                "resnet_time_scale_shift",
                "time_embedding_type");
        inChannels = Rules.atLeast(config, "in_channels", 3, 1);
        outChannels = Rules.atLeast(config, "out_channels", 3, 1);
        centersInput = config.bool("center_input_sample", false);
        boolean grouped = !config.asMap().containsKey(GROUPS) || config.has(GROUPS);
        groups = grouped ? Rules.atLeast(config, GROUPS, 32, 1) : 0;
        channels = Rules.channels(config, List.of(224, 448, 672, 896), grouped ? groups : 1);
        dropout = Rules.dropout(config);
        eps = Rules.positive(config, "norm_eps", 1e-5);
        timeWidth = Rules.atLeast(config, "time_embedding_dim", 4 * channels.getFirst(), 1);
        fourierTime = config.choice(TIME_TYPE, "positional", "positional", FOURIER, "learned")
                .equals(FOURIER);
        learnedTimesteps = learnedTimesteps(config);
        freqShift = config.number("freq_shift", 0);
        if (!fourierTime && learnedTimesteps.isEmpty()) {
            Rules.requireFrequencies(config, channels, freqShift);
        }
        cosinesFirst = config.bool("flip_sin_to_cos", true);
        downBlocks = BlockType.read(
                config,
                "down_block_types",
                List.of("DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D"),
                channels.size(),
                BlockType::down,
                BLOCKS);
        upBlocks = BlockType.read(
                config,
                "up_block_types",
                List.of("AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D"),
                channels.size(),
                BlockType::up,
                BLOCKS);
        requireSkips(config);
        if (!grouped) {
            requireOwnGroups(config);
        }
        middle = !config.asMap().containsKey("mid_block_type") || config.has("mid_block_type");
        config.choice("mid_block_type", "UNetMidBlock2D", "UNetMidBlock2D");
        layers = Rules.atLeast(config, "layers_per_block", 2, 1);
        middleScale = Rules.positive(config, "mid_block_scale_factor", 1);
        halving = Rules.halving(config);
        downsampling = config.choice("downsample_type", "conv", "conv", "resnet");
        upsampling = config.choice("upsample_type", "conv", "conv", "resnet");
        activation = Rules.activation(config, "act_fn", "silu");
        headWidth = headWidth(config);
        scaleShift = Rules.scaleShift(config);
        middleAttends = config.bool("add_attention", true);
        middleAttentionGroups = config.integer("attn_norm_num_groups", scaleShift ? 0 : groups(channels.getLast()));
        if (config.has("attn_norm_num_groups")) {
            Rules.requireGroups(config, "attn_norm_num_groups", channels, middleAttentionGroups);
        }
        classCount = config.has("num_class_embeds")
                ? OptionalInt.of(Rules.atLeast(config, "num_class_embeds", 1, 1))
                : OptionalInt.empty();
        classes = classes(config);
    }

    private OptionalInt learnedTimesteps(ModelConfig config) {
        if (!config.string(TIME_TYPE, "").equals("learned")) {
            return OptionalInt.empty();
        }
        if (!config.has(TRAIN_STEPS)) {
            throw config.invalid(TRAIN_STEPS, "the number of timesteps, since their embedding is learned");
        }
        return OptionalInt.of(Rules.atLeast(config, TRAIN_STEPS, 1, 1));
    }

    /** The image that comes along has three channels, and only the levels that carry it change its size. */
    private void requireSkips(ModelConfig config) {
        boolean down = downBlocks.stream().anyMatch(BlockType::skips);
        boolean up = upBlocks.stream().anyMatch(BlockType::skips);
        for (int level = 1; level < channels.size(); level++) {
            boolean last = level == channels.size() - 1;
            if (downBlocks.get(level).skips() && !downBlocks.get(level - 1).skips() && !last) {
                throw config.invalid("down_block_types", "no skip block below another, except at the bottom");
            }
            if (upBlocks.get(level - 1).skips() && !upBlocks.get(level).skips()) {
                throw config.invalid("up_block_types", "only skip blocks above a skip block");
            }
        }
        if (down && inChannels != SKIP_CHANNELS) {
            throw config.invalid("in_channels", SKIP_CHANNELS + ", since a level carries the image along");
        }
        if (up && outChannels != SKIP_CHANNELS) {
            throw config.invalid("out_channels", SKIP_CHANNELS + ", since a level carries the image along");
        }
    }

    /** Without a number of groups, as score-based models are saved, only skip levels know what to do. */
    private void requireOwnGroups(ModelConfig config) {
        boolean skips = downBlocks.stream().allMatch(BlockType::skips)
                && upBlocks.stream().allMatch(BlockType::skips);
        boolean divided = channels.stream().allMatch(width -> width >= 4 && width % groups(width) == 0);
        if (!skips || !divided) {
            throw config.invalid(GROUPS, "a number, unless all levels are skip blocks of fitting widths");
        }
    }

    private OptionalInt headWidth(ModelConfig config) {
        boolean absent = !config.asMap().containsKey("attention_head_dim");
        if (!absent && !config.has("attention_head_dim")) {
            return OptionalInt.empty(); // null: one head
        }
        int width = Rules.atLeast(config, "attention_head_dim", 8, 1);
        if (channels.stream().anyMatch(each -> each < width)) {
            throw config.invalid("attention_head_dim", "no more than each of block_out_channels");
        }
        return OptionalInt.of(width);
    }

    private Classes classes(ModelConfig config) {
        if (!config.has("class_embed_type")) {
            return classCount.isPresent() ? Classes.TABLE : Classes.NONE;
        }
        return config.choice("class_embed_type", "", "timestep", "identity").equals("timestep")
                ? Classes.TIMESTEP
                : Classes.IDENTITY;
    }

    /** The settings as they stand in {@code config.json}, beside the class name. */
    Map<String, Object> config() {
        return new LinkedHashMap<>(config);
    }

    int inChannels() {
        return inChannels;
    }

    int outChannels() {
        return outChannels;
    }

    boolean centersInput() {
        return centersInput;
    }

    /** Refuses timesteps that have no logarithm or no row in the learned table. */
    void requireTimesteps(double least, double most) {
        if (fourierTime && least <= 0) {
            throw HourglassException.what(
                            "the model is told levels of noise, which are above 0, and not timesteps from 0")
                    .where(TIME_TYPE)
                    .expected("positional or learned, for timesteps 0 to " + (long) most)
                    .found(FOURIER)
                    .mend("use another " + TIME_TYPE + ", or a scheduler whose timesteps stay above 0")
                    .build();
        }
        long steps = (long) most + 1;
        if (learnedTimesteps.isPresent() && learnedTimesteps.getAsInt() < steps) {
            throw HourglassException.what("the learned table of timesteps is shorter than the schedule")
                    .where(TRAIN_STEPS)
                    .expected("at least " + steps)
                    .found(learnedTimesteps.getAsInt())
                    .mend("raise " + TRAIN_STEPS)
                    .build();
        }
    }

    /** Whether timesteps are noise levels, encoded by Gaussian Fourier features, and divide the output. */
    boolean fourierTime() {
        return fourierTime;
    }

    /** How many timesteps the table has, where their embedding is learned. */
    OptionalInt learnedTimesteps() {
        return learnedTimesteps;
    }

    int timeWidth() {
        return timeWidth;
    }

    double freqShift() {
        return freqShift;
    }

    boolean cosinesFirst() {
        return cosinesFirst;
    }

    List<BlockType> downBlocks() {
        return downBlocks;
    }

    List<BlockType> upBlocks() {
        return upBlocks;
    }

    boolean hasMiddle() {
        return middle;
    }

    List<Integer> channels() {
        return channels;
    }

    int layers() {
        return layers;
    }

    double middleScale() {
        return middleScale;
    }

    Window halving() {
        return halving;
    }

    String downsampling() {
        return downsampling;
    }

    String upsampling() {
        return upsampling;
    }

    /** Whether a level changes the size by a residual block. Plain levels never do. */
    boolean resamplesByBlock(BlockType type, String how) {
        return type == BlockType.RESNET || type == BlockType.ATTENTION && how.equals("resnet");
    }

    String activation() {
        return activation;
    }

    /** Channels of an attention head; empty for one head of all channels. */
    OptionalInt headWidth() {
        return headWidth;
    }

    /** Groups of a norm of some channels, where a level has no rule of its own. */
    int groups(int width) {
        return groups > 0 ? groups : Math.min(width / 4, MOST_GROUPS);
    }

    /** Groups of the norm before the neck's attention, 0 for no norm. */
    int middleAttentionGroups() {
        return middleAttentionGroups;
    }

    double eps() {
        return eps;
    }

    /** The share of features that training drops in each residual block. */
    double dropout() {
        return dropout;
    }

    boolean scaleShift() {
        return scaleShift;
    }

    boolean middleAttends() {
        return middleAttends;
    }

    Classes classes() {
        return classes;
    }

    boolean hasClasses() {
        return classes != Classes.NONE;
    }

    OptionalInt classCount() {
        return classCount;
    }
}
