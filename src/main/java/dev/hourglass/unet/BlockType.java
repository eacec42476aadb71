package dev.hourglass.unet;

import dev.hourglass.io.ModelConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/** What a level of a {@link UNet2D} or {@link UNet2DCondition} is made of. */
enum BlockType {
    /** Residual blocks. */
    PLAIN("DownBlock2D", "UpBlock2D"),
    /** Residual blocks, each followed by self-attention. */
    ATTENTION("AttnDownBlock2D", "AttnUpBlock2D"),
    /** Residual blocks, the size changed by one more of them. */
    RESNET("ResnetDownsampleBlock2D", "ResnetUpsampleBlock2D"),
    /** Residual blocks, and the image itself beside them, smaller and smaller ({@link SkipLevels}). */
    SKIP("SkipDownBlock2D", "SkipUpBlock2D"),
    /** The same with self-attention. */
    ATTENTION_SKIP("AttnSkipDownBlock2D", "AttnSkipUpBlock2D"),
    /** Residual blocks, each followed by a transformer that listens to a text. */
    CROSS_ATTENTION("CrossAttnDownBlock2D", "CrossAttnUpBlock2D"),
    /** Residual blocks, each followed by one attention to a text and the image, the size changed by one more of them. */
    SIMPLE_CROSS_ATTENTION("SimpleCrossAttnDownBlock2D", "SimpleCrossAttnUpBlock2D"),
    /** Residual blocks that the timestep scales and shifts, the size changed by filters ({@link KLevels}). */
    K("KDownBlock2D", "KUpBlock2D"),
    /** The same, each followed by attention to a text. */
    K_CROSS_ATTENTION("KCrossAttnDownBlock2D", "KCrossAttnUpBlock2D");

    private static final String OLD_PREFIX = "UNetRes";

    private final String down;
    private final String up;

    BlockType(String down, String up) {
        this.down = down;
        this.up = up;
    }

    /** diffusers' name on the way down. */
    String down() {
        return down;
    }

    /** diffusers' name on the way up. */
    String up() {
        return up;
    }

    boolean attends() {
        return this == ATTENTION || this == ATTENTION_SKIP;
    }

    boolean skips() {
        return this == SKIP || this == ATTENTION_SKIP;
    }

    boolean isK() {
        return this == K || this == K_CROSS_ATTENTION;
    }

    /**
     * Reads the types of all levels.
     *
     * @param name {@link #down} or {@link #up}
     * @param supported what the family may be made of
     */
    static List<BlockType> read(
            ModelConfig config,
            String key,
            List<String> fallback,
            int levels,
            Function<BlockType, String> name,
            Set<BlockType> supported) {
        List<String> names = config.has(key) ? config.strings(key) : fallback;
        if (names.size() != levels) {
            throw config.invalid(key, levels + " block types, as many as block_out_channels has widths");
        }
        List<BlockType> types = new ArrayList<>();
        for (String each : names) {
            String plain = each.startsWith(OLD_PREFIX) ? each.substring(OLD_PREFIX.length()) : each;
            types.add(supported.stream()
                    .filter(type -> name.apply(type).equals(plain))
                    .findFirst()
                    .orElseThrow(() -> config.invalid(
                            key,
                            "only "
                                    + String.join(
                                            ", ", supported.stream().map(name).toList()))));
        }
        return List.copyOf(types);
    }
}
