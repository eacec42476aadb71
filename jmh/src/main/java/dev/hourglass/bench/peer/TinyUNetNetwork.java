package dev.hourglass.bench.peer;

/** The lesson's TinyUNet. */
final class TinyUNetNetwork<V> extends Network<V> {

    TinyUNetNetwork(Layers<V> layers) {
        super(layers);
    }

    @Override
    V prediction(V x, V t) {
        V time = time("t_emb.1", "t_emb.3", t, false);
        V d1 = block("d1", x, time);
        V d2 = layers.used(layers.halved(d1), half -> block("d2", half, time));
        V d3 = layers.used(layers.halved(d2), half -> block("d3", half, time));
        V neck = layers.used(layers.halved(d3), half -> block("mid", half, time));
        V u3 = layers.used(up(neck, d3), both -> block("u3", both, time));
        V u2 = layers.used(up(u3, d2), both -> block("u2", both, time));
        V u1 = layers.used(up(u2, d1), both -> block("u1", both, time));
        layers.done(time);
        return layers.used(u1, features -> layers.conv("out", features, 1, 0));
    }

    private V block(String at, V x, V time) {
        return block(at, ".t_proj", ".skip", x, time);
    }

    /** To the wire's size, then both side by side; nothing needs the two afterwards. */
    private V up(V x, V wire) {
        V resized = layers.used(x, small -> layers.resized(small, wire));
        V both = layers.concat(resized, wire);
        layers.done(resized);
        layers.done(wire);
        return both;
    }

    /** The largest of 8, 4, 2 and 1 that divides the channels. */
    @Override
    int groups(int channels) {
        int groups = 8;
        while (channels % groups != 0) {
            groups /= 2;
        }
        return groups;
    }
}
