package dev.hourglass.bench.peer;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * diffusers' {@code UNet2DModel} with its usual settings: 32 groups in a norm, heads of 8 channels, cosines before sines, sizes changed
 * by convolutions. How many levels and blocks there are, and which have attention, the parameters' names say.
 */
final class UNet2DNetwork<V> extends Network<V> {

    private static final int GROUPS = 32;
    private static final int HEAD_WIDTH = 8;

    UNet2DNetwork(Layers<V> layers) {
        super(layers);
    }

    @Override
    V prediction(V x, V t) {
        V time = time("time_embedding.linear_1", "time_embedding.linear_2", t, true);
        Deque<V> wires = new ArrayDeque<>();
        wires.push(layers.conv("conv_in", x));
        for (int level = 0; layers.has(resnet("down_blocks." + level, 0) + ".conv1"); level++) {
            down("down_blocks." + level, time, wires);
        }
        V h = middle(wires.peek(), time);
        for (int level = 0; layers.has(resnet("up_blocks." + level, 0) + ".conv1"); level++) {
            h = up("up_blocks." + level, h, time, wires);
        }
        layers.done(time);
        V normed = layers.silu(layers.used(h, features -> norm("conv_norm_out", features)));
        return layers.used(normed, active -> layers.conv("conv_out", active));
    }

    /** Adds a wire for each block and for the downsampling. */
    private void down(String at, V time, Deque<V> wires) {
        for (int number = 0; layers.has(resnet(at, number) + ".conv1"); number++) {
            wires.push(attended(at, number, block(resnet(at, number), wires.peek(), time)));
        }
        String halving = at + ".downsamplers.0.conv";
        if (layers.has(halving)) {
            wires.push(layers.conv(halving, wires.peek(), 2, 1));
        }
    }

    private V middle(V x, V time) {
        V h = attended("mid_block", 0, block(resnet("mid_block", 0), x, time));
        return layers.used(h, features -> block(resnet("mid_block", 1), features, time));
    }

    /** Each block meets the last wire that is left. */
    private V up(String at, V x, V time, Deque<V> wires) {
        V h = x;
        for (int number = 0; layers.has(resnet(at, number) + ".conv1"); number++) {
            V wire = wires.pop();
            String name = resnet(at, number);
            V both = layers.used(h, features -> layers.concat(features, wire));
            layers.done(wire);
            h = attended(at, number, layers.used(both, features -> block(name, features, time)));
        }
        String doubling = at + ".upsamplers.0.conv";
        if (!layers.has(doubling)) {
            return h;
        }
        V large = layers.used(h, features -> layers.resized(features, wires.peek()));
        return layers.used(large, features -> layers.conv(doubling, features));
    }

    private V block(String at, V x, V time) {
        return block(at, ".time_emb_proj", ".conv_shortcut", x, time);
    }

    /** Self-attention of a block with a residual connection, where it has it; takes the image over. */
    private V attended(String block, int number, V x) {
        String at = block + ".attentions." + number;
        if (!layers.has(at + ".to_q")) {
            return x;
        }
        V tokens = layers.used(norm(at + ".group_norm", x), layers::tokens);
        V query = layers.projected(at + ".to_q", tokens);
        V key = layers.projected(at + ".to_k", tokens);
        V value = layers.projected(at + ".to_v", tokens);
        layers.done(tokens);
        V mixed = layers.attention(query, key, value, layers.size(at + ".to_q", 0) / HEAD_WIDTH);
        layers.done(query);
        layers.done(key);
        layers.done(value);
        V projected = layers.used(mixed, m -> layers.projected(at + ".to_out.0", m));
        V image = layers.used(projected, p -> layers.image(p, x));
        V sum = layers.sum(image, x);
        layers.done(x);
        return sum;
    }

    private static String resnet(String block, int number) {
        return block + ".resnets." + number;
    }

    @Override
    int groups(int channels) {
        return GROUPS;
    }
}
