package dev.hourglass.cli;

import dev.hourglass.StartImage;
import dev.hourglass.diffusion.Resampling;
import dev.hourglass.io.Images;
import dev.hourglass.memory.Shape;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;

/** Options of drawing that starts from a picture. */
final class StartOptions {

    @Option(names = "--image", paramLabel = "PNG", description = "A picture to start from, of the size of those drawn.")
    private Path image;

    @Option(
            names = "--strength",
            paramLabel = "S",
            description = "How much of --image may change, up to 1 (${DEFAULT-VALUE}).")
    private double strength = 0.8;

    @Option(
            names = "--mask",
            paramLabel = "PNG",
            description =
                    "Where --image is drawn anew: white; black stays exactly as it is, or what the vae makes of it. Usually"
                            + " with --strength 1.")
    private Path mask;

    @Option(
            names = "--resample",
            paramLabel = "N",
            description =
                    "Take every stretch of --jump steps so often, so that what is drawn anew comes to fit the rest of"
                            + " --image (${DEFAULT-VALUE}); for ddpm, ddim, euler, euler-ancestral and lcm.")
    private int resample = 1;

    @Option(names = "--jump", paramLabel = "N", description = "Steps of a stretch of --resample (${DEFAULT-VALUE}).")
    private int jump = 10;

    /** Throws where an option is given without the one that it belongs to. */
    void requireBeside(ParseResult given) {
        Common.requireBeside(given, "--image", "--scheduler");
        Common.requireBeside(given, "--strength", "--image");
        Common.requireBeside(given, "--mask", "--image");
        Common.requireBeside(given, "--resample", "--mask");
        Common.requireBeside(given, "--jump", "--resample");
        Common.requireAtLeast("--resample", 1, resample);
        Common.requireAtLeast("--jump", 1, jump);
    }

    /**
     * The picture to start from.
     *
     * @param shape the pictures to draw, {@code [N, H, W, C]}
     */
    Optional<StartImage> read(Shape shape) {
        if (image == null) {
            return Optional.empty();
        }
        StartImage start = new StartImage(read("--image", image, shape, shape.dim(3)), strength);
        return Optional.of(
                mask == null
                        ? start
                        : start.repainting(white(read("--mask", mask, shape, 1)))
                                .resampling(new Resampling(resample, jump)));
    }

    private static boolean[] white(float[] shades) {
        boolean[] white = new boolean[shades.length];
        for (int pixel = 0; pixel < white.length; pixel++) {
            white[pixel] = shades[pixel] > 0;
        }
        return white;
    }

    private static float[] read(String option, Path file, Shape shape, int channels) {
        BufferedImage picture = Images.readPng(file);
        Common.require(
                option,
                picture.getHeight() == shape.dim(1) && picture.getWidth() == shape.dim(2),
                "a picture of " + shape.dim(1) + "x" + shape.dim(2),
                picture.getHeight() + "x" + picture.getWidth());
        return Images.toFloats(picture, channels);
    }
}
