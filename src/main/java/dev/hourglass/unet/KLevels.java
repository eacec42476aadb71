package dev.hourglass.unet;

import dev.hourglass.graph.Value;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.kernel.Resample.Border;
import dev.hourglass.nn.AdaptiveAttention;
import dev.hourglass.nn.AdaptiveResnetBlock;
import dev.hourglass.nn.Scope;
import dev.hourglass.unet.UNet2DCondition.Listening;
import java.util.List;
import java.util.stream.Stream;

/**
 * Levels of a {@link UNet2DCondition} as the latent upscaler of Stable Diffusion has them (k-diffusion's; diffusers' {@code KDownBlock2D},
 * {@code KCrossAttnDownBlock2D} and their counterparts): residual blocks that the timestep scales and shifts, filters that change the
 * size, and one wire for a whole level. The deepest level has none where it attends.
 *
 * @param settings the model's settings
 */
record KLevels(UNet2DConditionSettings settings) {

    /** Channels of a group of a norm; diffusers has the number in the code. */
    private static final int GROUP_WIDTH = 32;

    /** A level on the way down; adds its wire. */
    Value down(Scope at, ConditionLevel level, boolean last, Value x, Listening listening, List<Value> wires) {
        Value h = x;
        int channels = level.channels();
        for (int layer = 0; layer < level.layers(); layer++) {
            h = block(h.shape().dim(3), channels)
                    .apply(at.at("resnets").at(String.valueOf(layer)), h, listening.time(), channels, channels);
            h = attend(at, level, layer, last, h, listening);
        }
        if (!last || level.type() == BlockType.K) {
            wires.add(h);
        }
        return last ? h : at.at("downsamplers").at("0").firHalve(h, Border.MIRROR);
    }

    /** A level on the way up, by its number from the deepest; takes its wire, then goes to the size of the wire of the next level. */
    Value up(Scope at, int number, Value x, Listening listening, List<Value> wires) {
        at.block();
        ConditionLevel level = settings.levels.ups.get(number);
        boolean alone = alone(number);
        Value h = alone ? x : at.concat(x, wires.removeLast());
        int layers = level.layers() - 1;
        for (int layer = 0; layer < layers; layer++) {
            int out = layer == layers - 1 ? next(number) : level.channels();
            int inner = level.type() == BlockType.K ? out : level.channels();
            h = block(h.shape().dim(3), level.channels())
                    .apply(at.at("resnets").at(String.valueOf(layer)), h, listening.time(), inner, out);
            h = attend(at, level, layer, alone, h, listening);
        }
        return wires.isEmpty() ? h : at.at("upsamplers").at("0").firTwice(h, wires.getLast(), Border.MIRROR);
    }

    private AdaptiveResnetBlock block(int in, int out) {
        return new AdaptiveResnetBlock(
                in / GROUP_WIDTH, out / GROUP_WIDTH, settings.eps, settings.activation, settings.dropout);
    }

    private static Value attend(
            Scope at, ConditionLevel level, int layer, boolean asksItself, Value x, Listening listening) {
        if (level.type() == BlockType.K) {
            return x;
        }
        Scope place = at.at("attentions").at(String.valueOf(layer));
        return new AdaptiveAttention(level.headWidth(), GROUP_WIDTH, asksItself)
                .apply(place, x, listening.time(), listening.text(), listening.mask());
    }

    /** The width of the level that comes after level {@code number} on the way up, of the last level its own. */
    private int next(int number) {
        return settings.levels
                .ups
                .get(Math.min(number + 1, settings.levels.ups.size() - 1))
                .channels();
    }

    /** Whether a level on the way up has no wire and attends to itself, which diffusers tells by three widths. */
    private boolean alone(int number) {
        ConditionLevel level = settings.levels.ups.get(number);
        int width = level.channels();
        return level.type() == BlockType.K_CROSS_ATTENTION
                && width == next(number)
                && width == settings.embedding.listenedWidth();
    }

    /** How many wires there are. */
    int wires() {
        return settings.levels.downs.size() - (settings.levels.downs.getLast().type() == BlockType.K ? 0 : 1);
    }

    /** Refuses what diffusers fails on when such a model is made or run. */
    void requireFit(ModelConfig config) {
        if (!Stream.concat(settings.levels.downs.stream(), settings.levels.ups.stream())
                .allMatch(level -> level.type().isK())) {
            throw config.invalid("down_block_types", "K blocks on all levels of both ways, or on none");
        }
        for (int number = 0; number < settings.levels.ups.size(); number++) {
            ConditionLevel level = settings.levels.ups.get(number);
            int width = level.channels();
            int groups = width / GROUP_WIDTH;
            boolean divided = groups > 0 && width % groups == 0 && 2 * width % (2 * width / GROUP_WIDTH) == 0;
            if (!divided || level.type() == BlockType.K && next(number) % groups != 0) {
                throw config.invalid(
                        "block_out_channels",
                        "widths that groups of " + GROUP_WIDTH + " channels divide, for K blocks");
            }
            if (level.type() == BlockType.K_CROSS_ATTENTION && level.headWidth() > next(number)) {
                throw config.invalid("attention_head_dim", "no more than the channels of a level");
            }
            boolean wired = number > 0 || settings.levels.downs.getLast().type() == BlockType.K;
            if (alone(number) == wired) {
                throw config.invalid(
                        "up_block_types",
                        wired
                                ? "no KCrossAttnUpBlock2D on a level with a wire that is as wide as the timestep's embedding"
                                : "KCrossAttnUpBlock2D first after KCrossAttnDownBlock2D, with time_embedding_dim and the "
                                        + "next level as wide as it");
            }
        }
    }
}
