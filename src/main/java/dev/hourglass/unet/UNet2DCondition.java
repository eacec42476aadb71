package dev.hourglass.unet;

import dev.hourglass.graph.Value;
import dev.hourglass.nn.AddedAttention;
import dev.hourglass.nn.BasicTransformerBlock;
import dev.hourglass.nn.ResnetBlock;
import dev.hourglass.nn.ResnetBlock.Resampling;
import dev.hourglass.nn.Scope;
import dev.hourglass.nn.SelfAttention;
import dev.hourglass.nn.Transformer2D;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The diffusion U-Net that listens to a text, of diffusers ({@code UNet2DConditionModel}): Stable Diffusion 1, 2 and XL, inpainting,
 * upscalers (of pixels and of latents), class-conditional latent diffusion, LCM, Kandinsky 2, Karlo and DeepFloyd IF. Like {@link UNet2D}, with a transformer after each residual block of the levels that
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

    /** Further input of distilled models: an embedding of the guidance, {@code [N, width]}; zeros, as if there were none, unless set. */
    public static final String TIMESTEP_COND = "timestep_cond";

    /** Further input: a picture as one embedding, {@code [N, width]}. */
    public static final String IMAGE_EMBEDS = "image_embeds";

    /** What a mask adds to the scores of tokens that do not count; diffusers' number. */
    private static final double MASKED = -10_000;

    /** What all blocks listen to. */
    record Listening(Value time, Value text, Value mask) {}

    @Override
    public Value build(Scope top, Value x, Value t, Map<String, Value> conditions, Set<Integer> cutWires) {
        ConditionEmbedding embedding = new ConditionEmbedding(settings.embedding);
        Listening listening = new Listening(
                embedding.time(top, t, conditions),
                embedding.tokens(top, conditions),
                top.at(TEXT_MASK).affine(conditions.get(TEXT_MASK), -MASKED, MASKED));
        Value input = settings.centersInput ? top.affine(x, 2, -1) : x;
        Value h = top.at("conv_in").conv2d(input, settings.channels.getFirst(), settings.inKernel);
        KLevels k = new KLevels(settings);
        List<Value> wires = new ArrayList<>(settings.levels.hasKLevels() ? List.of() : List.of(h));
        int levels = settings.channels.size();
        for (int number = 0; number < levels; number++) {
            Scope at = top.at("down_blocks").at(String.valueOf(number));
            ConditionLevel level = settings.levels.downs.get(number);
            boolean last = number == levels - 1;
            h = level.type().isK()
                    ? k.down(at, level, last, h, listening, wires)
                    : down(at, level, last, h, listening, wires);
        }
        UNet2D.cut(top, wires, cutWires);
        h = middle(top.at("mid_block"), h, listening);
        for (int number = 0; number < levels; number++) {
            Scope at = top.at("up_blocks").at(String.valueOf(number));
            ConditionLevel level = settings.levels.ups.get(number);
            h = level.type().isK() ? k.up(at, number, h, listening, wires) : up(at, level, h, listening, wires);
        }
        if (settings.normalisesOutput()) {
            h = top.at("conv_norm_out").groupNorm(h, settings.groups(h.shape().dim(3)), (float) settings.eps);
            h = top.at("conv_norm_out").activation(h, settings.activation);
        }
        return top.at("conv_out").conv2d(h, settings.outChannels, settings.outKernel);
    }

    /** A level on the way down; adds a wire for each block and for the downsampling. */
    private Value down(Scope at, ConditionLevel level, boolean last, Value x, Listening listening, List<Value> wires) {
        Value h = x;
        for (int layer = 0; layer < level.layers(); layer++) {
            Scope resnet = at.at("resnets").at(String.valueOf(layer));
            h = block(level).apply(resnet, h, listening.time(), level.channels());
            h = attend(at, level, layer, h, listening);
            wires.add(h);
        }
        if (last) {
            return h;
        }
        Scope sampler = at.at("downsamplers").at("0");
        h = resamplesByBlock(level)
                ? block(level).apply(sampler, h, listening.time(), level.channels(), Resampling.DOWN)
                : sampler.at("conv").conv2d(h, level.channels(), 3, settings.halving);
        wires.add(h);
        return h;
    }

    private Value middle(Scope at, Value x, Listening listening) {
        if (settings.levels.middle.isEmpty()) {
            return x;
        }
        ConditionLevel level = settings.levels.middle.get();
        ResnetBlock block = block(level.channels(), settings.middleScale, settings.rawTime && resamplesByBlock(level));
        Value h = block.apply(at.at("resnets").at("0"), x, listening.time(), level.channels());
        if (level.type() == BlockType.PLAIN) {
            return h;
        }
        h = attend(at, level, 0, h, listening);
        return block.apply(at.at("resnets").at("1"), h, listening.time(), level.channels());
    }

    /** A level on the way up: each block gets the last wire that is left; then to the size of the wire of the next level. */
    private Value up(Scope at, ConditionLevel level, Value x, Listening listening, List<Value> wires) {
        at.block();
        Value h = x;
        for (int layer = 0; layer < level.layers(); layer++) {
            Scope resnet = at.at("resnets").at(String.valueOf(layer));
            h = resnet.concat(h, wires.removeLast());
            h = block(level).apply(resnet, h, listening.time(), level.channels());
            h = attend(at, level, layer, h, listening);
        }
        if (wires.isEmpty()) {
            return h;
        }
        Scope sampler = at.at("upsamplers").at("0");
        Value next = wires.getLast();
        return resamplesByBlock(level)
                ? block(level).apply(sampler, h, listening.time(), level.channels(), Resampling.to(next))
                : sampler.at("conv").conv2d(sampler.resizeLike(h, next), level.channels(), 3);
    }

    /** What follows a level's residual block. */
    private Value attend(Scope at, ConditionLevel level, int layer, Value x, Listening listening) {
        Scope place = at.at("attentions").at(String.valueOf(layer));
        int groups = settings.groups(level.channels());
        return switch (level.type()) {
            case CROSS_ATTENTION -> {
                BasicTransformerBlock.Settings block = new BasicTransformerBlock.Settings(
                        level.heads(), level.channels() / level.heads(), false, level.onlyCrossAttention());
                Transformer2D.Settings transformer =
                        new Transformer2D.Settings(block, level.depths().get(layer), groups, settings.linearProjection);
                yield Transformer2D.apply(place, x, listening.text(), listening.mask(), transformer);
            }
            case SIMPLE_CROSS_ATTENTION ->
                new AddedAttention(
                                level.channels() / level.headWidth(),
                                groups,
                                settings.textNorm,
                                level.onlyCrossAttention())
                        .apply(place, x, listening.text(), listening.mask());
            case ATTENTION -> new SelfAttention(level.headWidth(), groups, settings.eps, 1).apply(place, x);
            default -> x;
        };
    }

    /** Whether a level changes the size by a residual block, which only such levels scale and give the timestep as it is. */
    private static boolean resamplesByBlock(ConditionLevel level) {
        return level.type() == BlockType.RESNET || level.type() == BlockType.SIMPLE_CROSS_ATTENTION;
    }

    private ResnetBlock block(ConditionLevel level) {
        boolean scales = resamplesByBlock(level);
        return block(level.channels(), scales ? settings.blockScale : 1, scales && settings.rawTime);
    }

    private ResnetBlock block(int channels, double scale, boolean rawTime) {
        int groups = settings.groups(channels);
        return new ResnetBlock(
                groups,
                groups,
                settings.eps,
                settings.activation,
                settings.scaleShift,
                scale,
                false,
                rawTime,
                settings.dropout);
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
        return settings.embedding.conditions(tokens);
    }

    @Override
    public Map<String, Float> optionalConditions() {
        return settings.embedding.guidanceWidth > 0 ? Map.of(TEXT_MASK, 1f, TIMESTEP_COND, 0f) : Map.of(TEXT_MASK, 1f);
    }

    @Override
    public OptionalInt classTableRows() {
        return settings.embedding.classes == EmbeddingSettings.Classes.TABLE
                ? OptionalInt.of(settings.embedding.classCount)
                : OptionalInt.empty();
    }

    @Override
    public double dropout() {
        return settings.dropout;
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
        int halvings = settings.channels.size() - 1;
        // filters that mirror the border need two pixels
        return settings.levels.hasKLevels() && halvings > 0 ? 2 << halvings : 1 << halvings;
    }

    @Override
    public int usualSize() {
        return Math.max(64, minimumSize());
    }

    @Override
    public int wires() {
        if (settings.levels.hasKLevels()) {
            return new KLevels(settings).wires();
        }
        int blocks =
                settings.levels.downs.stream().mapToInt(ConditionLevel::layers).sum();
        return blocks + settings.channels.size();
    }
}
