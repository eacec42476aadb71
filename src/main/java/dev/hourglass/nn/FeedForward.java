package dev.hourglass.nn;

import dev.hourglass.graph.Value;

/**
 * The feed-forward layer of transformer blocks as in diffusers, with GEGLU (arXiv 2002.05202): parameters are {@code net.0.proj} and
 * {@code net.2}.
 */
public final class FeedForward {

    /** Hidden channels for each channel. */
    private static final int FACTOR = 4;

    private FeedForward() {}

    /**
     * Adds a layer.
     *
     * @param at its place; parameters are named under it
     * @param x {@code [N, .., C]}
     * @return {@code [N, .., C]}
     */
    public static Value apply(Scope at, Value x) {
        int channels = x.shape().dim(-1);
        Value h = at.at("net").at("0").at("proj").linear(x, 2 * FACTOR * channels);
        h = at.at("net").at("0").geglu(h);
        return at.at("net").at("2").linear(h, channels);
    }
}
