package dev.hourglass.unet;

import static dev.hourglass.unet.DrawnModels.one;
import static dev.hourglass.unet.DrawnModels.perLevel;
import static dev.hourglass.unet.DrawnModels.repeat;

import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Tensor;
import dev.hourglass.testing.Floats;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever valid settings a model that listens to a text has, it keeps the images' shape, and its loss follows its gradient. */
class UNet2DConditionPropertyTest {

    private static final int IMAGES = 2;
    private static final int TOKENS = 3;
    private static final String[] DOWN = {
        "CrossAttnDownBlock2D",
        "DownBlock2D",
        "AttnDownBlock2D",
        "ResnetDownsampleBlock2D",
        "SimpleCrossAttnDownBlock2D"
    };
    private static final String[] UP = {
        "CrossAttnUpBlock2D", "UpBlock2D", "AttnUpBlock2D", "ResnetUpsampleBlock2D", "SimpleCrossAttnUpBlock2D"
    };

    private record Case(Map<String, Object> config, int height, int width) {}

    @Provide
    Arbitrary<Case> cases() {
        return Arbitraries.longs().map(seed -> draw(new Random(seed)));
    }

    private static Case draw(Random random) {
        int levels = 1 + random.nextInt(3);
        Map<String, Object> config = new HashMap<>();
        config.put("_class_name", UNet2DCondition.CLASS_NAME);
        config.put("down_block_types", repeat(levels, () -> one(random, DOWN)));
        config.put("up_block_types", repeat(levels, () -> one(random, UP)));
        config.put(
                "mid_block_type",
                one(random, "UNetMidBlock2DCrossAttn", "UNetMidBlock2DSimpleCrossAttn", "UNetMidBlock2D", null));
        config.put("block_out_channels", repeat(levels, () -> 4 * (2 + random.nextInt(4))));
        config.put("norm_num_groups", one(random, 2, 4));
        config.put("layers_per_block", perLevel(random, levels, () -> 1 + random.nextInt(2)));
        config.put("transformer_layers_per_block", perLevel(random, levels, () -> 1 + random.nextInt(2)));
        config.put("attention_head_dim", perLevel(random, levels, () -> one(random, 1, 2, 4)));
        config.put("only_cross_attention", perLevel(random, levels, random::nextBoolean));
        config.put("cross_attention_dim", 32);
        config.put("encoder_hid_dim", one(random, null, 32));
        if (config.get("encoder_hid_dim") != null) {
            config.put("encoder_hid_dim_type", one(random, null, "text_proj", "text_image_proj", "image_proj"));
        }
        config.put("cross_attention_norm", one(random, null, "group_norm"));
        config.put("dropout", one(random, 0, 0.3));
        config.put("resnet_skip_time_act", random.nextBoolean());
        config.put("resnet_out_scale_factor", one(random, 1, 1.5));
        config.put("mid_block_only_cross_attention", one(random, null, true, false));
        config.put("time_embedding_type", one(random, "positional", "fourier"));
        config.put("timestep_post_act", one(random, null, "silu"));
        config.put("time_cond_proj_dim", one(random, null, 7));
        config.put("addition_embed_type_num_heads", 4);
        config.put("use_linear_projection", random.nextBoolean());
        config.put("in_channels", one(random, 4, 8, 9));
        config.put("out_channels", 1 + random.nextInt(4));
        config.put("downsample_padding", random.nextInt(2));
        config.put("mid_block_scale_factor", one(random, 1, 1.5));
        config.put("resnet_time_scale_shift", one(random, "default", "scale_shift"));
        config.put("act_fn", one(random, "silu", "gelu", "mish"));
        config.put("center_input_sample", random.nextBoolean());
        config.put("freq_shift", random.nextInt(2));
        config.put("time_embedding_dim", one(random, null, 12));
        config.put("time_embedding_act_fn", one(random, null, "gelu"));
        config.put("conv_in_kernel", one(random, 1, 3, 5));
        config.put("conv_out_kernel", one(random, 1, 3));
        config.put("projection_class_embeddings_input_dim", 31);
        config.put("class_embed_type", one(random, null, "timestep", "identity", "projection", "simple_projection"));
        config.put("num_class_embeds", one(random, null, 5));
        boolean pictured = config.get("encoder_hid_dim") != null;
        config.put(
                "addition_embed_type", one(random, null, "text_time", "text", "text_image", pictured ? "image" : null));
        boolean classes = config.get("class_embed_type") != null || config.get("num_class_embeds") != null;
        config.put(
                "class_embeddings_concat",
                classes && config.get("addition_embed_type") == null && random.nextBoolean());
        config.put("addition_time_embed_dim", 4);
        // a norm over two numbers is nearly their sign, which no small step follows
        int least = 3 << levels - 1;
        return new Case(config, least + random.nextInt(5), least + random.nextInt(5));
    }

    @Property(tries = 25)
    void theShapeIsKeptAndTheLossFollowsTheGradient(@ForAll("cases") Case c) {
        Shape images = Shape.of(IMAGES, c.height(), c.width());
        DrawnModels.requireShapeAndSlope(c.config(), images, TOKENS, (name, input) -> fill(input, name, c.config()));
    }

    /** Settings of latent upscalers: all levels are K blocks. */
    @Provide
    Arbitrary<Case> upscalers() {
        return Arbitraries.longs().map(seed -> drawUpscaler(new Random(seed)));
    }

    private static Case drawUpscaler(Random random) {
        Case drawn = draw(random);
        Map<String, Object> config = new HashMap<>(drawn.config());
        int levels = 1 + random.nextInt(3);
        boolean alone = random.nextBoolean();
        int deepest = 128;
        List<Integer> widths = new ArrayList<>(repeat(levels, () -> one(random, 32, 64)));
        // the deepest level attends to itself where it, the next one and the timestep's embedding are of one width
        widths.set(levels - 1, deepest);
        if (alone && levels > 1) {
            widths.set(levels - 2, deepest);
        }
        List<String> down = new ArrayList<>(repeat(levels, () -> one(random, "KDownBlock2D", "KCrossAttnDownBlock2D")));
        List<String> up = new ArrayList<>(repeat(levels, () -> one(random, "KUpBlock2D", "KCrossAttnUpBlock2D")));
        down.set(levels - 1, alone ? "KCrossAttnDownBlock2D" : "KDownBlock2D");
        if (alone) {
            up.set(0, "KCrossAttnUpBlock2D");
            if (levels == 2) {
                up.set(1, "KUpBlock2D"); // as wide as the timestep's embedding, but with a wire
            }
        }
        config.put("block_out_channels", widths);
        config.put("down_block_types", down);
        config.put("up_block_types", up);
        config.put("time_embedding_dim", alone ? deepest : 20);
        config.put("class_embeddings_concat", false);
        config.put("norm_num_groups", one(random, null, 4));
        for (String key : List.of("layers_per_block", "transformer_layers_per_block", "only_cross_attention")) {
            config.remove(key);
        }
        config.put("layers_per_block", 1 + random.nextInt(2));
        config.put("attention_head_dim", one(random, 8, 16));
        config.put("cross_attention_norm", null);
        config.put("downsample_padding", 1);
        int least = 2 << levels - 1;
        return new Case(config, least + random.nextInt(4), least + random.nextInt(4));
    }

    @Property(tries = 15)
    void theSameHoldsForUpscalers(@ForAll("upscalers") Case c) {
        theShapeIsKeptAndTheLossFollowsTheGradient(c);
        recomputingChangesNoBit(c);
    }

    @Property(tries = 25)
    void recomputingChangesNoBit(@ForAll("cases") Case c) {
        Shape images = Shape.of(IMAGES, c.height(), c.width());
        DrawnModels.requireSameBitsRecomputed(
                c.config(), images, TOKENS, (name, input) -> fill(input, name, c.config()));
    }

    private static void fill(Tensor input, String name, Map<String, Object> config) {
        float[] values = Floats.random(name.hashCode(), input.shape().elements());
        boolean table = config.get("class_embed_type") == null && config.get("num_class_embeds") != null;
        switch (name) {
            case Architecture.TIMESTEP -> Arrays.fill(values, 7);
            case UNet2DCondition.TEXT_MASK -> Arrays.fill(values, 1);
            case UNet2DCondition.CLASS_LABELS -> {
                if (table) {
                    Arrays.fill(values, 3);
                }
            }
            default -> {}
        }
        input.copyFrom(values);
    }
}
