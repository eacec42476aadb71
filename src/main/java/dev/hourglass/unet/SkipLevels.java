package dev.hourglass.unet;

import dev.hourglass.graph.Value;
import dev.hourglass.kernel.Resample.Border;
import dev.hourglass.nn.ResnetBlock;
import dev.hourglass.nn.ResnetBlock.Resampling;
import dev.hourglass.nn.Scope;
import dev.hourglass.nn.SelfAttention;
import java.util.List;

/**
 * Levels of a {@link UNet2D} as score-based models have them (NCSN++, arXiv 2011.13456; diffusers' {@code SkipDownBlock2D},
 * {@code AttnSkipDownBlock2D} and their counterparts): on the way down the image itself comes along, halved through a filter, and is
 * added to the features of each level; on the way up each level adds its part to an image that grows.
 *
 * @param settings the model's settings
 */
record SkipLevels(UNet2DSettings settings) {

    private static final double OUTPUT_SCALE = Math.sqrt(2);
    private static final int MOST_GROUPS = 32;
    private static final int ATTENTION_GROUPS = 32;

    /**
     * What a level hands on.
     *
     * @param features to the next level
     * @param image the image beside them; {@code null} before the first level on the way up
     */
    record Result(Value features, Value image) {}

    /** A level on the way down; adds a wire for each block and for the downsampling. */
    Result down(
            Scope at, BlockType type, Value x, Value image, Value time, int channels, boolean last, List<Value> wires) {
        Value h = x;
        for (int layer = 0; layer < settings.layers(); layer++) {
            String number = String.valueOf(layer);
            h = block(quarter(h.shape().dim(3)), channels, false)
                    .apply(at.at("resnets").at(number), h, time, channels);
            if (type.attends()) {
                h = attention(channels).apply(at.at("attentions").at(number), h);
            }
            wires.add(h);
        }
        if (last) {
            return new Result(h, image);
        }
        h = block(quarter(channels), channels, true)
                .apply(at.at("resnet_down"), h, time, channels, Resampling.FILTERED_DOWN);
        Value smaller = at.at("downsamplers").at("0").firHalve(image, Border.ZEROS);
        h = at.at("skip_conv").add(at.at("skip_conv").conv2d(smaller, channels, 1), h);
        wires.add(h);
        return new Result(h, smaller);
    }

    /** A level on the way up: each block gets the last wire that is left. */
    Result up(Scope at, BlockType type, Value x, Value image, Value time, int channels, List<Value> wires) {
        at.block();
        Value h = x;
        for (int layer = 0; layer <= settings.layers(); layer++) {
            Scope resnet = at.at("resnets").at(String.valueOf(layer));
            Value wire = wires.removeLast();
            int groups = firstGroups(type, h.shape().dim(3), wire.shape().dim(3));
            h = block(groups, channels, false).apply(resnet, resnet.concat(h, wire), time, channels);
        }
        if (type.attends()) {
            h = attention(channels).apply(at.at("attentions").at("0"), h);
        }
        Value larger = image == null ? null : at.at("upsampler").firTwice(image, h, Border.ZEROS);
        if (wires.isEmpty()) {
            return new Result(h, larger);
        }
        Value part = at.at("skip_norm").groupNorm(h, quarter(channels), (float) settings.eps());
        part = at.at("skip_conv").conv2d(at.at("skip_norm").silu(part), UNet2DSettings.SKIP_CHANNELS, 3);
        larger = larger == null ? part : at.at("skip_conv").add(larger, part);
        Resampling twice = Resampling.filteredTo(wires.getLast());
        h = block(quarter(channels), channels, true).apply(at.at("resnet_up"), h, time, channels, twice);
        return new Result(h, larger);
    }

    /** diffusers divides only the wire's channels by four where there is attention, and models were trained so. */
    private static int firstGroups(BlockType type, int channels, int wire) {
        return type.attends() ? Math.min(channels + wire / 4, MOST_GROUPS) : quarter(channels + wire);
    }

    private static int quarter(int channels) {
        return Math.min(channels / 4, MOST_GROUPS);
    }

    private ResnetBlock block(int groups, int channels, boolean shortcut) {
        return new ResnetBlock(
                        groups,
                        quarter(channels),
                        settings.eps(),
                        settings.activation(),
                        settings.scaleShift(),
                        OUTPUT_SCALE,
                        shortcut)
                .withDropout(settings.dropout());
    }

    private SelfAttention attention(int channels) {
        return new SelfAttention(settings.headWidth().orElse(channels), ATTENTION_GROUPS, settings.eps(), OUTPUT_SCALE);
    }
}
