package dev.hourglass.unet;

import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ModelConfig;
import java.util.List;
import java.util.Map;

/** Finds the U-Net family that a configuration asks for. */
public final class Architectures {

    /** The short name of the lesson's {@link TinyUNet}. */
    public static final String TINY = "tiny";

    /** The short name of the lesson's production example: {@link UNet2D} with 107,698,435 parameters. */
    public static final String UNET2D_LESSON = "unet2d-lesson";

    private Architectures() {}

    /** Whether there is a family of this short name. */
    public static boolean isName(String name) {
        return name.equals(TINY) || name.equals(UNET2D_LESSON);
    }

    /**
     * A family with its usual settings, by its short name.
     *
     * @throws HourglassException when there is none of this name
     */
    public static Architecture named(String name) {
        return switch (name) {
            case TINY -> new TinyUNet();
            case UNET2D_LESSON -> fromConfig(ModelConfig.of(UNET2D_LESSON, lesson()));
            default ->
                throw HourglassException.what("no architecture of this name")
                        .expected("one of " + TINY + ", " + UNET2D_LESSON)
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
            case UNet2D.CLASS_NAME -> new UNet2D(new UNet2DSettings(config));
            case UNet2DCondition.CLASS_NAME -> new UNet2DCondition(new UNet2DConditionSettings(config));
            default ->
                throw config.invalid(
                        "_class_name",
                        "one of "
                                + String.join(
                                        ", ", TinyUNet.CLASS_NAME, UNet2D.CLASS_NAME, UNet2DCondition.CLASS_NAME));
        };
    }

    private static Map<String, Object> lesson() {
        return Map.of(
                ModelConfig.CLASS_NAME,
                UNet2D.CLASS_NAME,
                "sample_size",
                64,
                "block_out_channels",
                List.of(128, 256, 512, 512),
                "layers_per_block",
                2);
    }
}
