package dev.hourglass.unet;

import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ModelConfig;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** The part of {@link UNet2DConditionSettings} about what the levels of both ways and the neck between them are made of. */
final class ConditionLevels {

    private static final Set<BlockType> BLOCKS = EnumSet.of(
            BlockType.CROSS_ATTENTION,
            BlockType.PLAIN,
            BlockType.ATTENTION,
            BlockType.RESNET,
            BlockType.SIMPLE_CROSS_ATTENTION,
            BlockType.K,
            BlockType.K_CROSS_ATTENTION);
    private static final String DEPTHS = "transformer_layers_per_block";
    private static final String UP_DEPTHS = "reverse_transformer_layers_per_block";
    private static final String ONLY_CROSS = "only_cross_attention";

    private final List<Integer> channels;
    final List<ConditionLevel> downs = new ArrayList<>();
    final List<ConditionLevel> ups = new ArrayList<>();

    /** The neck: two residual blocks around an attention, or one residual block, or nothing. */
    final Optional<ConditionLevel> middle;

    /**
     * Reads the levels of both ways and the neck.
     *
     * @param channels their widths, from full resolution down
     * @throws HourglassException naming the key when a value is wrong or not supported
     */
    ConditionLevels(ModelConfig config, List<Integer> channels) {
        this.channels = channels;
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
        middle = middle(config).map(type -> {
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

    private <T> List<T> sized(ModelConfig config, String key, List<T> values) {
        if (values.size() != channels.size()) {
            throw config.invalid(key, channels.size() + " values, as many as block_out_channels has widths");
        }
        return List.copyOf(values);
    }

    /** One number for all levels, or one for each. */
    List<Integer> perLevel(ModelConfig config, String key, int fallback) {
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
        if (!(config.asMap().get(key) instanceof List<?> values)
                || values.stream().anyMatch(Objects::isNull)) {
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

    /** The levels of both ways and the neck. */
    Stream<ConditionLevel> all() {
        return Stream.of(downs.stream(), ups.stream(), middle.stream()).flatMap(each -> each);
    }

    /** Whether the levels are K blocks; then all are. */
    boolean hasKLevels() {
        return Stream.concat(downs.stream(), ups.stream())
                .anyMatch(level -> level.type().isK());
    }
}
