package dev.hourglass.unet;

import dev.hourglass.io.ModelConfig;
import dev.hourglass.kernel.Conv2dGeometry.Window;
import java.util.List;

/** What the settings of all families of diffusers have in common; everything wrong is refused by its key. */
final class Rules {

    private static final String CHANNELS = "block_out_channels";
    private static final String PADDING = "downsample_padding";

    private Rules() {}

    /** Keys that diffusers has no {@code null} for: it would not be the default. */
    static void requireValues(ModelConfig config, String... keys) {
        for (String key : keys) {
            if (config.asMap().containsKey(key) && !config.has(key)) {
                throw config.invalid(key, "a value, or no such key for the default");
            }
        }
    }

    /** A whole number, {@code least} or more, and small enough to be a size. */
    static int atLeast(ModelConfig config, String key, int fallback, int least) {
        int value = config.integer(key, fallback);
        if (value < least || value > 1 << 20) {
            throw config.invalid(key, "a whole number from " + least + " to " + (1 << 20));
        }
        return value;
    }

    static double positive(ModelConfig config, String key, double fallback) {
        double value = config.number(key, fallback);
        if (!(value > 0)) {
            throw config.invalid(key, "a number above 0");
        }
        return value;
    }

    /** The share of features that training drops. */
    static double dropout(ModelConfig config) {
        double rate = config.number("dropout", 0);
        if (!(rate >= 0 && rate < 1)) {
            throw config.invalid("dropout", "a number at least 0 and below 1");
        }
        return rate;
    }

    /** The name of an activation that {@code Scope.activation} knows. */
    static String activation(ModelConfig config, String key, String fallback) {
        return config.choice(key, fallback, "silu", "swish", "mish", "gelu", "relu");
    }

    /** The widths of the levels, which the groups of the norms divide. */
    static List<Integer> channels(ModelConfig config, List<Integer> fallback, int groups) {
        List<Integer> channels = config.has(CHANNELS) ? config.integers(CHANNELS) : fallback;
        boolean fitting = channels.stream().allMatch(width -> width >= 1 && width <= 1 << 16);
        if (channels.isEmpty() || channels.size() > 16 || !fitting) {
            throw config.invalid(CHANNELS, "1 to 16 widths from 1 to " + (1 << 16));
        }
        requireGroups(config, CHANNELS, channels, groups);
        return List.copyOf(channels);
    }

    static void requireGroups(ModelConfig config, String key, List<Integer> channels, int groups) {
        if (groups < 1 || channels.stream().anyMatch(width -> width % groups != 0)) {
            throw config.invalid(key, "widths that " + groups + " groups divide (norm_num_groups)");
        }
    }

    /** Sinusoids are told apart by frequencies, of which there must be some. */
    static void requireFrequencies(ModelConfig config, List<Integer> channels, double freqShift) {
        if (!(channels.getFirst() / 2 > freqShift)) {
            throw config.invalid("freq_shift", "less than half of the first of " + CHANNELS);
        }
    }

    /** How a 3x3 convolution halves the size; without padding there is still a row and a column of zeros at the end. */
    static Window halving(ModelConfig config) {
        int padding = config.integer(PADDING, 1);
        if (padding != 0 && padding != 1) {
            throw config.invalid(PADDING, "0 or 1");
        }
        return new Window(2, padding, 1, 1);
    }

    /** Whether timesteps scale, too. */
    static boolean scaleShift(ModelConfig config) {
        return config.choice("resnet_time_scale_shift", "default", "default", "scale_shift")
                .equals("scale_shift");
    }
}
