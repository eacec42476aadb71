package dev.hourglass.bench.peer;

import java.util.function.UnaryOperator;

/**
 * Layers by the names of their parameters. A {@link Network} is written down once, and what it is made of decides what comes of it:
 * tensors at once ({@link PyTorchEager}), or the lines of a program ({@link PyTorchScript}).
 *
 * <p>Images are {@code [N, C, H, W]}. A value is freed by {@link #done} as soon as nothing needs it, for a pass that keeps them all runs
 * out of the caches.
 *
 * @param <V> a value
 */
interface Layers<V> {

    /** Whether there is a layer of this name. */
    boolean has(String layer);

    /** The size of a layer's weight along an axis: 0 for what goes out, 1 for what comes in. */
    int size(String layer, int axis);

    /** Sines and cosines of timesteps {@code [N]} as {@code [N, width]}. */
    V encoded(V t, int width, boolean cosinesFirst);

    /** A linear layer on {@code [N, in]}. */
    V linear(String layer, V x);

    /** A linear layer on tokens {@code [N, L, in]}. */
    V projected(String layer, V tokens);

    /** A convolution. */
    V conv(String layer, V x, int stride, int padding);

    /** A convolution that keeps the size. */
    default V conv(String layer, V x) {
        return conv(layer, x, 1, 1);
    }

    /** Group norm. */
    V norm(String layer, V x, int groups);

    /** SiLU; takes the value over, and may change it in place. */
    V silu(V x);

    /** A sum; takes the first value over, and may change it in place. */
    V sum(V x, V y);

    /** An image plus one number {@code [N, C]} for each channel; takes both over. */
    V shifted(V x, V shift);

    /** The means of 2x2 pixels. */
    V halved(V x);

    /** Pixels repeated until the image is as large as another. */
    V resized(V x, V like);

    /** The channels of both. */
    V concat(V x, V y);

    /** An image as {@code [N, H W, C]}. */
    V tokens(V image);

    /** Softmax attention over tokens {@code [N, L, C]} whose channels are cut into heads. */
    V attention(V query, V key, V value, int heads);

    /** Tokens as an image of another's shape. */
    V image(V tokens, V like);

    /** Nothing needs the value any more. */
    void done(V x);

    /** Applies an operation to a value that nothing needs afterwards. */
    default V used(V x, UnaryOperator<V> operation) {
        V y = operation.apply(x);
        done(x);
        return y;
    }
}
