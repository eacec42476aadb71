package dev.hourglass.unet;

import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.Value;
import dev.hourglass.kernel.TimestepEncoding;
import dev.hourglass.nn.ResBlock;
import dev.hourglass.nn.Scope;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The lesson's U-Net: three levels of 32, 64 and 128 channels, one residual block each on the way down and up and one in the neck,
 * memory wires concatenated after the upsampled features. One image channel in and out; 914,915 parameters at {@code timeDim = 64}.
 *
 * @param timeDim width of the timestep embedding, even, at least 2
 */
public record TinyUNet(int timeDim) implements Architecture {

    /** The name in {@code config.json}. */
    public static final String CLASS_NAME = "TinyUNet";

    /** The width the lesson uses. */
    public static final int DEFAULT_TIME_DIM = 64;

    /** Checks the width. */
    public TinyUNet {
        if (timeDim < 2 || timeDim % 2 != 0 || timeDim > 1 << 16) {
            throw HourglassException.what("not a width for timestep embeddings")
                    .where(CLASS_NAME + ".time_dim")
                    .expected("an even number from 2 to 65536")
                    .found(timeDim)
                    .build();
        }
    }

    /** The lesson's model. */
    public TinyUNet() {
        this(DEFAULT_TIME_DIM);
    }

    @Override
    public Value build(Scope top, Value x, Value t, Map<String, Value> conditions, Set<Integer> cutWires) {
        Value time = timestepEmbedding(top.at("t_emb"), t);

        Value d1 = ResBlock.apply(top.at("d1"), x, time, 32);
        Value d2 = ResBlock.apply(top.at("d2"), top.at("d1").averagePool(d1), time, 64);
        Value d3 = ResBlock.apply(top.at("d3"), top.at("d2").averagePool(d2), time, 128);

        Value neck = ResBlock.apply(top.at("mid"), top.at("d3").averagePool(d3), time, 128);

        Value u3 = up(top.at("u3"), neck, wire(top.at("wire3"), d3, cutWires.contains(3)), time, 64);
        Value u2 = up(top.at("u2"), u3, wire(top.at("wire2"), d2, cutWires.contains(2)), time, 32);
        Value u1 = up(top.at("u1"), u2, wire(top.at("wire1"), d1, cutWires.contains(1)), time, 32);

        return top.at("out").conv2d(u1, outChannels(), 1);
    }

    /** Sinusoids through a small MLP: {@code [N]} to {@code [N, timeDim]}. The numbers are PyTorch's places in a Sequential. */
    private Value timestepEmbedding(Scope at, Value t) {
        Value encoded = at.at("0").sinusoidal(t, timeDim, TimestepEncoding.Order.SIN_COS, 0);
        Value hidden = at.at("1").linear(encoded, timeDim);
        return at.at("3").linear(at.at("2").silu(hidden), timeDim);
    }

    /** A level on the way up: to the wire's own size, odd or even, then both side by side through a block. */
    private static Value up(Scope at, Value x, Value wire, Value time, int out) {
        Value upsampled = at.resizeLike(x, wire);
        return ResBlock.apply(at, at.concat(upsampled, wire), time, out);
    }

    private static Value wire(Scope at, Value features, boolean cut) {
        return cut ? at.zerosLike(features) : features;
    }

    @Override
    public String className() {
        return CLASS_NAME;
    }

    @Override
    public Map<String, Object> config() {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("time_dim", timeDim);
        return config;
    }

    @Override
    public int inChannels() {
        return 1;
    }

    @Override
    public int outChannels() {
        return 1;
    }

    @Override
    public int minimumSize() {
        return 8;
    }

    @Override
    public int usualSize() {
        return 28;
    }

    @Override
    public int wires() {
        return 3;
    }
}
