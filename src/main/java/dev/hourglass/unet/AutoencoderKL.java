package dev.hourglass.unet;

import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.Value;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.kernel.Conv2dGeometry.Window;
import dev.hourglass.nn.ResnetBlock;
import dev.hourglass.nn.Scope;
import dev.hourglass.nn.SelfAttention;
import java.util.List;

/**
 * The autoencoder between pixels and the latents that latent diffusion works on (arXiv 2112.10752; diffusers' {@code AutoencoderKL}): an
 * encoder and a decoder of the same blocks as the U-Nets, without time and without wires. Parameters are named as in diffusers.
 *
 * @param inChannels channels of pictures that come in
 * @param outChannels channels of pictures that go out
 * @param latentChannels channels of latents
 * @param channels widths of the levels, from full resolution down
 * @param layers residual blocks of a level on the way down; one more on the way up
 * @param groups groups of the norms
 * @param activation diffusers' name of the activation
 * @param middleAttends whether there is attention in the middle
 * @param projectsMoments whether a 1x1 convolution follows the encoder ({@code use_quant_conv})
 * @param projectsLatents whether a 1x1 convolution goes before the decoder ({@code use_post_quant_conv})
 */
public record AutoencoderKL(
        int inChannels,
        int outChannels,
        int latentChannels,
        List<Integer> channels,
        int layers,
        int groups,
        String activation,
        boolean middleAttends,
        boolean projectsMoments,
        boolean projectsLatents) {

    /** The name in {@code config.json}. */
    public static final String CLASS_NAME = "AutoencoderKL";

    private static final double EPS = 1e-6;
    private static final Window HALVE = new Window(2, 0, 1, 1);

    /**
     * Reads the settings.
     *
     * @throws HourglassException naming the key when a value is wrong or not supported
     */
    public static AutoencoderKL fromConfig(ModelConfig config) {
        if (!config.className().equals(CLASS_NAME)) {
            throw config.invalid(ModelConfig.CLASS_NAME, CLASS_NAME);
        }
        int groups = Rules.atLeast(config, "norm_num_groups", 32, 1);
        List<Integer> channels = Rules.channels(config, List.of(64), groups);
        requireBlocks(config, "down_block_types", "DownEncoderBlock2D", channels.size());
        requireBlocks(config, "up_block_types", "UpDecoderBlock2D", channels.size());
        return new AutoencoderKL(
                Rules.atLeast(config, "in_channels", 3, 1),
                Rules.atLeast(config, "out_channels", 3, 1),
                Rules.atLeast(config, "latent_channels", 4, 1),
                channels,
                Rules.atLeast(config, "layers_per_block", 1, 1),
                groups,
                Rules.activation(config, "act_fn", "silu"),
                config.bool("mid_block_add_attention", true),
                config.bool("use_quant_conv", true),
                config.bool("use_post_quant_conv", true));
    }

    private static void requireBlocks(ModelConfig config, String key, String type, int count) {
        List<String> names = config.has(key) ? config.strings(key) : List.of(type);
        if (names.size() != count || names.stream().anyMatch(name -> !name.equals(type))) {
            throw config.invalid(key, count + " times " + type + ", as many as block_out_channels has widths");
        }
    }

    /** How many pixels a latent stands for along each side. */
    public int scale() {
        return 1 << channels.size() - 1;
    }

    /**
     * Adds the encoder.
     *
     * @param x pictures {@code [N, H, W, inChannels]}, in [-1, 1]
     * @return moments of the latents, {@code [N, H / scale, W / scale, 2 latentChannels]}: means, then logarithms of variances
     */
    public Value encode(Scope top, Value x) {
        Scope at = top.at("encoder");
        Value h = at.at("conv_in").conv2d(x, channels.getFirst(), 3);
        for (int level = 0; level < channels.size(); level++) {
            Scope block = at.at("down_blocks").at(String.valueOf(level));
            h = blocks(block, h, channels.get(level), layers);
            if (level < channels.size() - 1) {
                h = block.at("downsamplers").at("0").at("conv").conv2d(h, channels.get(level), 3, HALVE);
            }
        }
        h = last(at, middle(at.at("mid_block"), h), 2 * latentChannels);
        return projectsMoments ? top.at("quant_conv").conv2d(h, 2 * latentChannels, 1) : h;
    }

    /**
     * Adds the decoder.
     *
     * @param z latents {@code [N, h, w, latentChannels]}
     * @return pictures {@code [N, h scale, w scale, outChannels]}
     */
    public Value decode(Scope top, Value z) {
        Scope at = top.at("decoder");
        Value h = projectsLatents ? top.at("post_quant_conv").conv2d(z, latentChannels, 1) : z;
        h = middle(at.at("mid_block"), at.at("conv_in").conv2d(h, channels.getLast(), 3));
        for (int step = 0; step < channels.size(); step++) {
            int width = channels.get(channels.size() - 1 - step);
            Scope block = at.at("up_blocks").at(String.valueOf(step));
            h = blocks(block, h, width, layers + 1);
            if (step < channels.size() - 1) {
                Scope sampler = block.at("upsamplers").at("0");
                h = sampler.resize(h, 2 * h.shape().dim(1), 2 * h.shape().dim(2));
                h = sampler.at("conv").conv2d(h, width, 3);
            }
        }
        return last(at, h, outChannels);
    }

    private Value blocks(Scope at, Value x, int width, int count) {
        Value h = x;
        for (int layer = 0; layer < count; layer++) {
            h = block().apply(at.at("resnets").at(String.valueOf(layer)), h, null, width);
        }
        return h;
    }

    private Value middle(Scope at, Value x) {
        int width = channels.getLast();
        Value h = block().apply(at.at("resnets").at("0"), x, null, width);
        if (middleAttends) {
            h = new SelfAttention(width, groups, EPS, 1)
                    .apply(at.at("attentions").at("0"), h);
        }
        return block().apply(at.at("resnets").at("1"), h, null, width);
    }

    private Value last(Scope at, Value x, int out) {
        Value h = at.at("conv_norm_out").groupNorm(x, groups, (float) EPS);
        return at.at("conv_out").conv2d(at.at("conv_norm_out").silu(h), out, 3);
    }

    private ResnetBlock block() {
        return new ResnetBlock(groups, groups, EPS, activation, false, 1, false);
    }
}
