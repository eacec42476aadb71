package dev.hourglass.bench.peer;

/**
 * A network as a chain of {@link Layers}.
 *
 * @param <V> a value
 */
abstract class Network<V> {

    /** What it is made of. */
    final Layers<V> layers;

    Network(Layers<V> layers) {
        this.layers = layers;
    }

    /** The network of a subject. */
    static <V> Network<V> of(Subject subject, Layers<V> layers) {
        return switch (subject) {
            case TINY -> new TinyUNetNetwork<>(layers);
            case LESSON -> new UNet2DNetwork<>(layers);
        };
    }

    /**
     * The prediction.
     *
     * @param x images {@code [N, C, H, W]}, left alone
     * @param t timesteps {@code [N]}, left alone
     * @return {@code [N, C, H, W]}
     */
    abstract V prediction(V x, V t);

    /** Groups of a norm over channels. */
    abstract int groups(int channels);

    /** The embedding of timesteps, activated as all blocks want it, {@code [N, width]}. */
    final V time(String first, String second, V t, boolean cosinesFirst) {
        V encoded = layers.encoded(t, layers.size(first, 1), cosinesFirst);
        V hidden = layers.silu(layers.used(encoded, e -> layers.linear(first, e)));
        return layers.silu(layers.used(hidden, h -> layers.linear(second, h)));
    }

    /**
     * A pre-norm residual block with the timestep as a shift between its convolutions.
     *
     * @param projection the name of its layer for the timestep
     * @param shortcut the name of the layer around it, which it has where its channels change
     * @param x left alone
     * @param time left alone
     */
    final V block(String at, String projection, String shortcut, V x, V time) {
        V normed = layers.silu(norm(at + ".norm1", x));
        V h = layers.used(normed, active -> layers.conv(at + ".conv1", active));
        V shifted = layers.shifted(h, layers.linear(at + projection, time));
        V again = layers.silu(layers.used(shifted, s -> norm(at + ".norm2", s)));
        V y = layers.used(again, active -> layers.conv(at + ".conv2", active));
        if (!layers.has(at + shortcut)) {
            return layers.sum(y, x);
        }
        V around = layers.conv(at + shortcut, x, 1, 0);
        V sum = layers.sum(y, around);
        layers.done(around);
        return sum;
    }

    /** Group norm. */
    final V norm(String layer, V x) {
        return layers.norm(layer, x, groups(layers.size(layer, 0)));
    }
}
