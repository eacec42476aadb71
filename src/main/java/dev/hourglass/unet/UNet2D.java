package dev.hourglass.unet;

import dev.hourglass.graph.Value;
import dev.hourglass.kernel.TimestepEncoding;
import dev.hourglass.nn.ResnetBlock;
import dev.hourglass.nn.ResnetBlock.Resampling;
import dev.hourglass.nn.Scope;
import dev.hourglass.nn.SelfAttention;
import dev.hourglass.nn.TimestepEmbedding;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The unconditional diffusion U-Net of diffusers ({@code UNet2DModel}): on each level some residual blocks, with or without
 * self-attention, the features of every block and of every downsampling a memory wire; parameters are named as there. Images whose sides
 * halve to odd numbers on the way down come back to the size of the wire they meet.
 *
 * @param settings what {@code config.json} says
 */
public record UNet2D(UNet2DSettings settings) implements Architecture {

    /** The name in {@code config.json}. */
    public static final String CLASS_NAME = "UNet2DModel";

    private static final double FOURIER_DEVIATION = 16;

    @Override
    public Value build(Scope top, Value x, Value t, Map<String, Value> conditions, Set<Integer> cutWires) {
        List<Integer> channels = settings.channels();
        int levels = channels.size();
        Value time = time(top, t, conditions);
        Value input = settings.centersInput() ? top.affine(x, 2, -1) : x;
        Value h = top.at("conv_in").conv2d(input, channels.getFirst(), 3);
        List<Value> wires = new ArrayList<>(List.of(h));
        SkipLevels skips = new SkipLevels(settings);
        Value image = input;
        for (int level = 0; level < levels; level++) {
            boolean last = level == levels - 1;
            Scope at = top.at("down_blocks").at(String.valueOf(level));
            BlockType type = settings.downBlocks().get(level);
            if (type.skips()) {
                SkipLevels.Result result = skips.down(at, type, h, image, time, channels.get(level), last, wires);
                h = result.features();
                image = result.image();
            } else {
                h = down(at, type, h, time, channels.get(level), last, wires);
            }
        }
        cut(top, wires, cutWires);
        if (settings.hasMiddle()) {
            h = middle(top.at("mid_block"), h, time);
        }
        image = null;
        for (int level = 0; level < levels; level++) {
            Scope at = top.at("up_blocks").at(String.valueOf(level));
            BlockType type = settings.upBlocks().get(level);
            int width = channels.get(levels - 1 - level);
            if (type.skips()) {
                SkipLevels.Result result = skips.up(at, type, h, image, time, width, wires);
                h = result.features();
                image = result.image();
            } else {
                h = up(at, type, h, time, width, wires);
            }
        }
        h = top.at("conv_norm_out").groupNorm(h, settings.groups(channels.getFirst()), (float) settings.eps());
        h = top.at("conv_out").conv2d(top.at("conv_norm_out").silu(h), settings.outChannels(), 3);
        if (image != null) {
            h = top.at("conv_out").add(h, image);
        }
        return settings.fourierTime() ? top.at("conv_out").divide(h, t) : h;
    }

    /** The embedding of timesteps, and of classes where there are any, {@code [N, timeWidth]}. */
    private Value time(Scope top, Value t, Map<String, Value> conditions) {
        Value time = TimestepEmbedding.apply(top.at("time_embedding"), encoded(top, t), settings.timeWidth(), "silu");
        if (!settings.hasClasses()) {
            return time;
        }
        Value labels = conditions.get(CLASS_LABELS);
        Scope at = top.at("class_embedding");
        Value classes = switch (settings.classes()) {
            case TABLE -> at.embedding(labels, settings.classCount().getAsInt(), settings.timeWidth());
            case TIMESTEP -> TimestepEmbedding.apply(at, encoded(top, labels), settings.timeWidth(), "silu");
            case IDENTITY -> labels;
            case NONE -> throw new IllegalStateException("no classes");
        };
        return top.at("time_embedding").add(time, classes);
    }

    private Value encoded(Scope top, Value t) {
        int width = settings.channels().getFirst();
        Scope at = top.at("time_proj");
        if (settings.fourierTime()) {
            return at.fourier(t, width, FOURIER_DEVIATION, true, TimestepEncoding.Order.SIN_COS);
        }
        OptionalInt learned = settings.learnedTimesteps();
        if (learned.isPresent()) {
            return at.embedding(t, learned.getAsInt(), width);
        }
        TimestepEncoding.Order order =
                settings.cosinesFirst() ? TimestepEncoding.Order.COS_SIN : TimestepEncoding.Order.SIN_COS;
        return at.sinusoidal(t, width, order, settings.freqShift());
    }

    /** A level on the way down; adds a wire for each block and for the downsampling. */
    private Value down(Scope at, BlockType type, Value x, Value time, int channels, boolean last, List<Value> wires) {
        Value h = x;
        for (int layer = 0; layer < settings.layers(); layer++) {
            h = block(1, channels).apply(at.at("resnets").at(String.valueOf(layer)), h, time, channels);
            if (type.attends()) {
                h = attention(channels, settings.groups(channels), 1)
                        .apply(at.at("attentions").at(String.valueOf(layer)), h);
            }
            wires.add(h);
        }
        if (last) {
            return h;
        }
        Scope sampler = at.at("downsamplers").at("0");
        h = settings.resamplesByBlock(type, settings.downsampling())
                ? block(1, channels).apply(sampler, h, time, channels, Resampling.DOWN)
                : sampler.at("conv").conv2d(h, channels, 3, settings.halving());
        wires.add(h);
        return h;
    }

    private Value middle(Scope at, Value x, Value time) {
        int channels = x.shape().dim(3);
        double scale = settings.middleScale();
        Value h = block(scale, channels).apply(at.at("resnets").at("0"), x, time, channels);
        if (settings.middleAttends()) {
            h = attention(channels, settings.middleAttentionGroups(), scale)
                    .apply(at.at("attentions").at("0"), h);
        }
        return block(scale, channels).apply(at.at("resnets").at("1"), h, time, channels);
    }

    /** A level on the way up: each block gets the last wire that is left; then to the size of the wire of the next level. */
    private Value up(Scope at, BlockType type, Value x, Value time, int channels, List<Value> wires) {
        at.block();
        Value h = x;
        for (int layer = 0; layer <= settings.layers(); layer++) {
            String number = String.valueOf(layer);
            h = at.at("resnets").at(number).concat(h, wires.removeLast());
            h = block(1, channels).apply(at.at("resnets").at(number), h, time, channels);
            if (type.attends()) {
                h = attention(channels, settings.groups(channels), 1)
                        .apply(at.at("attentions").at(number), h);
            }
        }
        if (wires.isEmpty()) {
            return h;
        }
        Scope sampler = at.at("upsamplers").at("0");
        Value next = wires.getLast();
        return settings.resamplesByBlock(type, settings.upsampling())
                ? block(1, channels).apply(sampler, h, time, channels, Resampling.to(next))
                : sampler.at("conv").conv2d(sampler.resizeLike(h, next), channels, 3);
    }

    private ResnetBlock block(double scale, int channels) {
        return new ResnetBlock(
                        settings.groups(channels),
                        settings.groups(channels),
                        settings.eps(),
                        settings.activation(),
                        settings.scaleShift(),
                        scale,
                        false)
                .withDropout(settings.dropout());
    }

    private SelfAttention attention(int channels, int groups, double scale) {
        return new SelfAttention(settings.headWidth().orElse(channels), groups, settings.eps(), scale);
    }

    /** Puts zeros in the place of some wires, which are numbered from 1. */
    static void cut(Scope top, List<Value> wires, Set<Integer> cutWires) {
        for (int wire : cutWires) {
            wires.set(wire - 1, top.at("wire" + wire).zerosLike(wires.get(wire - 1)));
        }
    }

    @Override
    public String className() {
        return CLASS_NAME;
    }

    @Override
    public Map<String, Object> config() {
        return settings.config();
    }

    @Override
    public Map<String, List<Integer>> conditions(int tokens) {
        return switch (settings.classes()) {
            case NONE -> Map.of();
            case TABLE, TIMESTEP -> Map.of(CLASS_LABELS, List.of());
            case IDENTITY -> Map.of(CLASS_LABELS, List.of(settings.timeWidth()));
        };
    }

    @Override
    public OptionalInt classTableRows() {
        return settings.classes() == UNet2DSettings.Classes.TABLE ? settings.classCount() : OptionalInt.empty();
    }

    @Override
    public double dropout() {
        return settings.dropout();
    }

    @Override
    public void requireTimesteps(double least, double most) {
        settings.requireTimesteps(least, most);
    }

    @Override
    public int inChannels() {
        return settings.inChannels();
    }

    @Override
    public int outChannels() {
        return settings.outChannels();
    }

    @Override
    public int minimumSize() {
        return 1 << settings.channels().size() - 1;
    }

    @Override
    public int usualSize() {
        return Math.max(64, minimumSize());
    }

    @Override
    public int wires() {
        return settings.channels().size() * (settings.layers() + 1);
    }
}
