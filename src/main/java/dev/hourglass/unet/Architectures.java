package dev.hourglass.unet;

import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ModelConfig;

/** Finds the U-Net family that a configuration asks for. */
public final class Architectures {

    /** The short name of the lesson's {@link TinyUNet}. */
    public static final String TINY = "tiny";

    private Architectures() {}

    /**
     * A family with its usual settings, by its short name.
     *
     * @throws HourglassException when there is none of this name
     */
    public static Architecture named(String name) {
        return switch (name) {
            case TINY -> new TinyUNet();
            default ->
                throw HourglassException.what("no architecture of this name")
                        .expected("one of " + TINY)
                        .found(name)
                        .build();
        };
    }

    /**
     * Reads the settings of a model; keys that are missing have their defaults, unknown ones are left alone.
     *
     * @throws dev.hourglass.error.HourglassException when the class name is unknown or a setting is wrong
     */
    public static Architecture fromConfig(ModelConfig config) {
        return switch (config.className()) {
            case TinyUNet.CLASS_NAME -> new TinyUNet(config.integer("time_dim", TinyUNet.DEFAULT_TIME_DIM));
            default -> throw config.invalid("_class_name", "one of " + TinyUNet.CLASS_NAME);
        };
    }
}
