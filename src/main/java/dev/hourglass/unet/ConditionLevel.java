package dev.hourglass.unet;

import dev.hourglass.io.ModelConfig;
import java.util.List;

/**
 * A level of a {@link UNet2DCondition} on its way down or up, or its neck.
 *
 * @param type what it is made of
 * @param channels its width
 * @param depths transformer blocks after each of its residual blocks
 * @param heads heads of transformers
 * @param headWidth channels of a head of other attention
 * @param onlyCrossAttention whether only the text is asked, and not the image itself
 */
record ConditionLevel(
        BlockType type, int channels, List<Integer> depths, int heads, int headWidth, boolean onlyCrossAttention) {

    /** Residual blocks. */
    int layers() {
        return depths.size();
    }

    /** Refuses heads that the channels have no room for. */
    void requireHeads(ModelConfig config) {
        String key = "attention_head_dim";
        boolean fits = switch (type) {
            case CROSS_ATTENTION -> heads <= channels;
            case SIMPLE_CROSS_ATTENTION -> channels % headWidth == 0;
            case ATTENTION, K_CROSS_ATTENTION -> headWidth <= channels;
            default -> true;
        };
        if (!fits) {
            throw config.invalid(
                    key,
                    type == BlockType.CROSS_ATTENTION
                            ? "no more heads than channels, of which a level has " + channels
                            : "a head's channels that " + channels + " channels have room for, and in "
                                    + "SimpleCrossAttn blocks divide");
        }
    }
}
