package dev.hourglass.unet;

import dev.hourglass.graph.Value;
import dev.hourglass.kernel.TimestepEncoding;
import dev.hourglass.nn.BasicTransformerBlock;
import dev.hourglass.nn.ResnetBlock;
import dev.hourglass.nn.Scope;
import dev.hourglass.nn.TimestepEmbedding;
import dev.hourglass.nn.Transformer2D;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The diffusion U-Net that listens to a text, of diffusers ({@code UNet2DConditionModel}): Stable Diffusion 1, 2 and XL, inpainting,
 * upscalers and class-conditional latent diffusion. Like {@link UNet2D}, with a transformer after each residual block of the levels that
 * attend; parameters are named as in diffusers. Sides that halve to odd numbers come back to the size of the wire they meet.
 *
 * @param settings what {@code config.json} says
 */
public record UNet2DCondition(UNet2DConditionSettings settings) implements Architecture {

    /** The name in {@code config.json}. */
    public static final String CLASS_NAME = "UNet2DConditionModel";

    /** Further input: the text's tokens, {@code [N, T, encoder width]}. */
    public static final String TEXT = "encoder_hidden_states";

    /** Further input: 1 for tokens that count and 0 for others, {@code [N, T]}; all count unless it is set. */
    public static final String TEXT_MASK = "encoder_attention_mask";

    /** Further input of XL models: the text as one embedding, {@code [N, width]}. */
    public static final String TEXT_EMBEDS = "text_embeds";

    /** Further input of XL models: sizes and crops of the pictures, {@code [N, 6]}; five for refiners. */
    public static final String TIME_IDS = "time_ids";

    static final String CROSS_DOWN = "CrossAttnDownBlock2D";
    static final String CROSS_UP = "CrossAttnUpBlock2D";
    static final String DOWN = "DownBlock2D";
    static final String UP = "UpBlock2D";

    /** What a mask adds to the scores of tokens that do not count; diffusers' number. */
    private static final double MASKED = -10_000;

    /** What all blocks listen to. */
    private record Listening(Value time, Value text, Value mask) {}

    @Override
    public Value build(Scope top, Value x, Value t, Map<String, Value> conditions, Set<Integer> cutWires) {
        List<Integer> channels = settings.channels;
        int levels = channels.size();
        Value text = conditions.get(TEXT);
        if (settings.projectsText) {
            text = top.at("encoder_hid_proj").linear(text, settings.textWidths.getFirst());
        }
        Value mask = top.at(TEXT_MASK).affine(conditions.get(TEXT_MASK), -MASKED, MASKED);
        Listening listening = new Listening(time(top, t, conditions), text, mask);
        Value input = settings.centersInput ? top.affine(x, 2, -1) : x;
        Value h = top.at("conv_in").conv2d(input, channels.getFirst(), settings.inKernel);
        List<Value> wires = new ArrayList<>(List.of(h));
        for (int level = 0; level < levels; level++) {
            h = down(top.at("down_blocks").at(String.valueOf(level)), level, h, listening, wires);
        }
        UNet2D.cut(top, wires, cutWires);
        h = middle(top.at("mid_block"), h, listening);
        for (int level = 0; level < levels; level++) {
            h = up(top.at("up_blocks").at(String.valueOf(level)), level, h, listening, wires);
        }
        h = top.at("conv_norm_out").groupNorm(h, settings.groups, (float) settings.eps);
        h = top.at("conv_norm_out").activation(h, settings.activation);
        return top.at("conv_out").conv2d(h, settings.outChannels, settings.outKernel);
    }

    /** The embedding of timesteps and of whatever else goes into every residual block, {@code [N, timeWidth]}. */
    private Value time(Scope top, Value t, Map<String, Value> conditions) {
        Value time = TimestepEmbedding.apply(
                top.at("time_embedding"), encoded(top.at("time_proj"), t), settings.timeWidth, settings.activation);
        if (settings.classes != UNet2DConditionSettings.Classes.NONE) {
            time = top.at("class_embedding").add(time, classes(top, conditions.get(CLASS_LABELS)));
        }
        if (settings.sizeIds) {
            TimestepEncoding.Order order = order();
            Value ids = top.at("add_time_proj")
                    .sinusoidal(conditions.get(TIME_IDS), settings.sizeIdWidth, order, settings.freqShift);
            Value both = top.at("add_embedding").concat(conditions.get(TEXT_EMBEDS), ids);
            time = top.at("add_embedding")
                    .add(time, TimestepEmbedding.apply(top.at("add_embedding"), both, settings.timeWidth, "silu"));
        }
        return settings.timeActivation == null
                ? time
                : top.at("time_embed_act").activation(time, settings.timeActivation);
    }

    private Value classes(Scope top, Value labels) {
        Scope at = top.at("class_embedding");
        return switch (settings.classes) {
            case TABLE -> at.embedding(labels, settings.classCount, settings.timeWidth);
            case TIMESTEP ->
                TimestepEmbedding.apply(
                        at, encoded(top.at("time_proj"), labels), settings.timeWidth, settings.activation);
            case IDENTITY -> labels;
            case PROJECTION -> TimestepEmbedding.apply(at, labels, settings.timeWidth, "silu");
            case SIMPLE_PROJECTION -> at.linear(labels, settings.timeWidth);
            case NONE -> throw new IllegalStateException("no classes");
        };
    }

    private TimestepEncoding.Order order() {
        return settings.cosinesFirst ? TimestepEncoding.Order.COS_SIN : TimestepEncoding.Order.SIN_COS;
    }

    private Value encoded(Scope at, Value t) {
        return at.sinusoidal(t, settings.channels.getFirst(), order(), settings.freqShift);
    }

    /** A level on the way down; adds a wire for each block and for the downsampling. */
    private Value down(Scope at, int level, Value x, Listening listening, List<Value> wires) {
        int channels = settings.channels.get(level);
        boolean attends = settings.downBlocks.get(level).equals(CROSS_DOWN);
        Value h = x;
        for (int layer = 0; layer < settings.layers.get(level); layer++) {
            String number = String.valueOf(layer);
            h = block(1).apply(at.at("resnets").at(number), h, listening.time(), channels);
            if (attends) {
                int depth = settings.transformerLayers.get(level);
                h = transformer(at.at("attentions").at(number), level, depth, h, listening, onlyCross(level));
            }
            wires.add(h);
        }
        if (level == settings.channels.size() - 1) {
            return h;
        }
        h = at.at("downsamplers").at("0").at("conv").conv2d(h, channels, 3, settings.halving);
        wires.add(h);
        return h;
    }

    private Value middle(Scope at, Value x, Listening listening) {
        int deepest = settings.channels.size() - 1;
        int channels = settings.channels.get(deepest);
        ResnetBlock block = block(settings.middleScale);
        return switch (settings.middle) {
            case NONE -> x;
            case PLAIN -> block.apply(at.at("resnets").at("0"), x, listening.time(), channels);
            case CROSS_ATTENTION -> {
                Value h = block.apply(at.at("resnets").at("0"), x, listening.time(), channels);
                int depth = settings.transformerLayers.get(deepest);
                h = transformer(at.at("attentions").at("0"), deepest, depth, h, listening, false);
                yield block.apply(at.at("resnets").at("1"), h, listening.time(), channels);
            }
        };
    }

    /** A level on the way up: each block gets the last wire that is left; then to the size of the wire of the next level. */
    private Value up(Scope at, int step, Value x, Listening listening, List<Value> wires) {
        int level = settings.channels.size() - 1 - step;
        int channels = settings.channels.get(level);
        boolean attends = settings.upBlocks.get(step).equals(CROSS_UP);
        Value h = x;
        for (int layer = 0; layer <= settings.layers.get(level); layer++) {
            String number = String.valueOf(layer);
            h = at.at("resnets").at(number).concat(h, wires.removeLast());
            h = block(1).apply(at.at("resnets").at(number), h, listening.time(), channels);
            if (attends) {
                int depth = settings.upTransformerLayers.get(step);
                h = transformer(at.at("attentions").at(number), level, depth, h, listening, onlyCross(level));
            }
        }
        if (wires.isEmpty()) {
            return h;
        }
        Scope sampler = at.at("upsamplers").at("0");
        return sampler.at("conv").conv2d(sampler.resizeLike(h, wires.getLast()), channels, 3);
    }

    private boolean onlyCross(int level) {
        return settings.onlyCrossAttention.get(level);
    }

    private Value transformer(
            Scope at, int level, int depth, Value x, Listening listening, boolean onlyCrossAttention) {
        int heads = settings.heads.get(level);
        BasicTransformerBlock.Settings block = new BasicTransformerBlock.Settings(
                heads, settings.channels.get(level) / heads, false, onlyCrossAttention);
        return Transformer2D.apply(
                at,
                x,
                listening.text(),
                listening.mask(),
                new Transformer2D.Settings(block, depth, settings.groups, settings.linearProjection));
    }

    private ResnetBlock block(double scale) {
        return new ResnetBlock(
                settings.groups, settings.groups, settings.eps, settings.activation, settings.scaleShift, scale, false);
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
        Map<String, List<Integer>> conditions = new LinkedHashMap<>();
        conditions.put(TEXT, List.of(tokens, settings.encoderWidth));
        conditions.put(TEXT_MASK, List.of(tokens));
        switch (settings.classes) {
            case NONE -> {}
            case TABLE, TIMESTEP -> conditions.put(CLASS_LABELS, List.of());
            case IDENTITY -> conditions.put(CLASS_LABELS, List.of(settings.timeWidth));
            case PROJECTION, SIMPLE_PROJECTION -> conditions.put(CLASS_LABELS, List.of(settings.projectionWidth));
        }
        if (settings.sizeIds) {
            conditions.put(TEXT_EMBEDS, List.of(settings.pooledTextWidth()));
            conditions.put(TIME_IDS, List.of(settings.sizeIdCount()));
        }
        return conditions;
    }

    @Override
    public Set<String> optionalConditions() {
        return Set.of(TEXT_MASK);
    }

    @Override
    public OptionalInt classTableRows() {
        return settings.classes == UNet2DConditionSettings.Classes.TABLE
                ? OptionalInt.of(settings.classCount)
                : OptionalInt.empty();
    }

    @Override
    public int inChannels() {
        return settings.inChannels;
    }

    @Override
    public int outChannels() {
        return settings.outChannels;
    }

    @Override
    public int minimumSize() {
        return 1 << settings.channels.size() - 1;
    }

    @Override
    public int usualSize() {
        return Math.max(64, minimumSize());
    }

    @Override
    public int wires() {
        int blocks = settings.layers.stream().mapToInt(Integer::intValue).sum();
        return blocks + settings.channels.size();
    }
}
