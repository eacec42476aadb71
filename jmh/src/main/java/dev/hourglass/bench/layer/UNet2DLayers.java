package dev.hourglass.bench.layer;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The layers of the lesson's production example: diffusers' {@code UNet2DModel} with 128, 256, 512 and 512 channels, two residual blocks
 * a level and attention in the last three, on images of 3x64x64; 107,698,435 parameters.
 */
public final class UNet2DLayers {

    private static final int[] CHANNELS = {128, 256, 512, 512};
    private static final int BLOCKS = 2;
    private static final int SIDE = 64;
    private static final int IMAGE_CHANNELS = 3;
    private static final int GROUPS = 32;
    private static final int HEAD_WIDTH = 8;
    private static final int TIME = 4 * CHANNELS[0];
    private static final long PARAMETERS = 107_698_435;

    private final int batch;
    private final Map<Layer, Integer> layers = new LinkedHashMap<>();

    private UNet2DLayers(int batch) {
        this.batch = batch;
    }

    /** The distinct layers in the order of a forward pass, each with how often it occurs. */
    public static Map<Layer, Integer> of(int batch) {
        UNet2DLayers model = new UNet2DLayers(batch);
        model.build();
        long parameters = 0;
        for (Map.Entry<Layer, Integer> entry : model.layers.entrySet()) {
            parameters += entry.getKey().parameters() * entry.getValue();
        }
        if (parameters != PARAMETERS) {
            throw new AssertionError(parameters + " parameters, the model has " + PARAMETERS);
        }
        return model.layers;
    }

    private void build() {
        int levels = CHANNELS.length;
        linear(batch, CHANNELS[0], TIME);
        linear(batch, TIME, TIME);
        conv(SIDE, IMAGE_CHANNELS, CHANNELS[0], 3, 1);
        int side = SIDE;
        int channels = CHANNELS[0];
        for (int level = 0; level < levels; level++) {
            for (int block = 0; block < BLOCKS; block++) {
                residual(side, channels, CHANNELS[level], level > 0);
                channels = CHANNELS[level];
            }
            if (level + 1 < levels) {
                conv(side, channels, channels, 3, 2);
                side /= 2;
            }
        }
        residual(side, channels, channels, true);
        residual(side, channels, channels, false);
        for (int level = levels - 1; level >= 0; level--) {
            for (int block = 0; block <= BLOCKS; block++) {
                // the last block of a level meets what the level above left behind
                int skip = block < BLOCKS ? CHANNELS[level] : CHANNELS[Math.max(level - 1, 0)];
                residual(side, channels + skip, CHANNELS[level], level > 0);
                channels = CHANNELS[level];
            }
            if (level > 0) {
                side *= 2;
                conv(side, channels, channels, 3, 1);
            }
        }
        norm(side, channels, true);
        conv(side, channels, IMAGE_CHANNELS, 3, 1);
    }

    private void residual(int side, int in, int out, boolean attention) {
        norm(side, in, true);
        conv(side, in, out, 3, 1);
        linear(batch, TIME, out);
        norm(side, out, true);
        conv(side, out, out, 3, 1);
        if (in != out) {
            conv(side, in, out, 1, 1);
        }
        if (attention) {
            attention(side, out);
        }
    }

    /**
     * Attention over pixels: a norm, the projections to queries, keys, values and back, and what lies between them. As many heads as
     * the channels hold.
     */
    private void attention(int side, int channels) {
        norm(side, channels, false);
        for (int projection = 0; projection < 4; projection++) {
            linear(batch * side * side, channels, channels);
        }
        add(new Layer.Attention(batch, side * side, channels / HEAD_WIDTH, HEAD_WIDTH));
    }

    private void conv(int side, int in, int out, int kernel, int stride) {
        add(new Layer.Convolution(batch, side, in, out, kernel, stride));
    }

    private void norm(int side, int channels, boolean silu) {
        add(new Layer.Norm(batch, side, channels, GROUPS, silu));
    }

    private void linear(int rows, int in, int out) {
        add(new Layer.Linear(rows, in, out));
    }

    private void add(Layer layer) {
        layers.merge(layer, 1, Integer::sum);
    }
}
