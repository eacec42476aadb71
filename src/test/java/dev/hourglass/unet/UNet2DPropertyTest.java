package dev.hourglass.unet;

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
import java.util.function.Function;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Whatever valid settings a model has, it keeps the images' shape, and its loss follows its gradient. */
class UNet2DPropertyTest {

    private static final int IMAGES = 2;

    /** A model's settings and the size of its images. */
    private record Case(Map<String, Object> config, int height, int width) {}

    @Provide
    Arbitrary<Case> cases() {
        return Arbitraries.longs().map(seed -> draw(new Random(seed)));
    }

    private static Case draw(Random random) {
        int levels = 1 + random.nextInt(3);
        Map<String, Object> config = new HashMap<>();
        List<String> down = types(random, levels, true, BlockType::down);
        List<String> up = types(random, levels, false, BlockType::up);
        boolean wide = Stream.concat(down.stream(), up.stream()).anyMatch(type -> type.startsWith("AttnSkip"));
        boolean skips = Stream.concat(down.stream(), up.stream()).anyMatch(type -> type.contains("Skip"));
        config.put("_class_name", UNet2D.CLASS_NAME);
        config.put("down_block_types", down);
        config.put("up_block_types", up);
        // attention of skip blocks has a norm of 32 groups
        config.put("block_out_channels", repeat(levels, () -> wide ? 32 : 4 * (2 + random.nextInt(4))));
        config.put("norm_num_groups", random.nextBoolean() ? 4 : 2);
        config.put("layers_per_block", 1 + random.nextInt(2));
        config.put("in_channels", skips ? 3 : 1 + random.nextInt(4));
        config.put("out_channels", skips ? 3 : 1 + random.nextInt(4));
        config.put("attention_head_dim", random.nextBoolean() ? 4 : null);
        config.put("resnet_time_scale_shift", random.nextBoolean() ? "default" : "scale_shift");
        config.put("dropout", random.nextBoolean() ? 0 : 0.3);
        config.put("downsample_padding", random.nextInt(2));
        config.put("downsample_type", random.nextBoolean() ? "conv" : "resnet");
        config.put("upsample_type", random.nextBoolean() ? "conv" : "resnet");
        config.put("center_input_sample", random.nextBoolean());
        config.put("add_attention", random.nextBoolean());
        config.put("mid_block_type", random.nextInt(4) == 0 ? null : "UNetMidBlock2D");
        config.put("mid_block_scale_factor", random.nextBoolean() ? 1 : 1.5);
        config.put("freq_shift", random.nextInt(2));
        config.put("flip_sin_to_cos", random.nextBoolean());
        config.put(
                "time_embedding_type",
                List.of("positional", "learned", "fourier").get(random.nextInt(3)));
        config.put("num_train_timesteps", 20);
        switch (random.nextInt(4)) {
            case 0 -> config.put("num_class_embeds", 5);
            case 1 -> config.put("class_embed_type", "identity");
            default -> config.remove("class_embed_type");
        }
        // a norm over two numbers is nearly their sign, which no small step follows
        int least = 3 << levels - 1;
        return new Case(config, least + random.nextInt(9), least + random.nextInt(9));
    }

    /** Some levels of skip blocks, outside, and others inside of them. */
    private static List<String> types(Random random, int levels, boolean down, Function<BlockType, String> name) {
        List<BlockType> skips = List.of(BlockType.SKIP, BlockType.ATTENTION_SKIP);
        List<BlockType> others = List.of(BlockType.PLAIN, BlockType.ATTENTION, BlockType.RESNET);
        int outside = random.nextInt(3) == 0 ? 1 + random.nextInt(levels) : 0;
        List<String> names = new ArrayList<>();
        for (int level = 0; level < levels; level++) {
            List<BlockType> from = level < outside ? skips : others;
            names.add(name.apply(from.get(random.nextInt(from.size()))));
        }
        return down ? names : names.reversed();
    }

    @Property(tries = 25)
    void theShapeIsKeptAndTheLossFollowsTheGradient(@ForAll("cases") Case c) {
        Shape images = Shape.of(IMAGES, c.height(), c.width());
        DrawnModels.requireShapeAndSlope(c.config(), images, 1, (name, input) -> fill(input, name, c.config()));
    }

    @Property(tries = 25)
    void recomputingChangesNoBit(@ForAll("cases") Case c) {
        Shape images = Shape.of(IMAGES, c.height(), c.width());
        DrawnModels.requireSameBitsRecomputed(c.config(), images, 1, (name, input) -> fill(input, name, c.config()));
    }

    private static void fill(Tensor input, String name, Map<String, Object> config) {
        int count = (int) input.shape().elements();
        float[] values = Floats.random(name.hashCode(), count);
        if (name.equals(Architecture.TIMESTEP)) {
            // noise levels for Fourier features, rows of the table for learned ones
            Arrays.fill(values, "fourier".equals(config.get("time_embedding_type")) ? 0.75f : 7);
        } else if (name.equals(UNet2D.CLASS_LABELS) && config.containsKey("num_class_embeds")) {
            Arrays.fill(values, 3);
        }
        input.copyFrom(values);
    }
}
