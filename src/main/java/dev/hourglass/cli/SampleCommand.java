package dev.hourglass.cli;

import dev.hourglass.Arithmetic;
import dev.hourglass.ImageSize;
import dev.hourglass.LatentDrawing;
import dev.hourglass.Sampler;
import dev.hourglass.SamplingOptions;
import dev.hourglass.ScheduledDrawing;
import dev.hourglass.StartImage;
import dev.hourglass.UNet;
import dev.hourglass.Vae;
import dev.hourglass.diffusion.scheduler.SchedulerName;
import dev.hourglass.diffusion.scheduler.Schedulers;
import dev.hourglass.io.AtomicFiles;
import dev.hourglass.io.Images;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.io.PipelineFolder;
import dev.hourglass.memory.Shape;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code hourglass sample}. */
@Command(name = "sample", description = "Draws images and puts them side by side in a PNG file.")
final class SampleCommand implements Callable<Integer> {

    /** Images drawn at a time: more would not be faster, and cost memory. */
    static final int BATCH = 64;

    @ParentCommand
    private Hourglass hourglass;

    @Mixin
    private Common common;

    @Mixin
    private Precision precision;

    @Mixin
    private WeightsOption weights;

    @Parameters(paramLabel = "MODEL_DIR", description = "A model folder.")
    private Path folder;

    @Option(names = "--count", paramLabel = "N", description = "Images to draw (${DEFAULT-VALUE}).")
    private int count = 64;

    @Option(
            names = "--seed",
            paramLabel = "S",
            description = "The same seed gives the same images (${DEFAULT-VALUE}), whatever the batch.")
    private long seed;

    @Option(names = "--out", paramLabel = "PNG", description = "The file to write (${DEFAULT-VALUE}).")
    private Path out = Path.of("samples.png");

    @Option(names = "--batch", paramLabel = "B", description = "Images drawn at a time (${DEFAULT-VALUE}).")
    private int batch = BATCH;

    @Option(
            names = "--scheduler",
            paramLabel = "NAME",
            description =
                    "ddpm, ddim, pndm, euler, euler-ancestral, heun, lms, dpmsolver, dpmsolver-sde, unipc or lcm, with"
                            + " the betas of a pipeline's own scheduler or DDPM's.")
    private String scheduler;

    @Option(names = "--steps", paramLabel = "N", description = "Steps of the scheduler (${DEFAULT-VALUE}).")
    private int steps = 50;

    @Option(names = "--class", paramLabel = "K", description = "The class to draw, for models of classes.")
    private Integer label;

    @Option(
            names = "--guidance",
            paramLabel = "G",
            description = "How strongly the class counts (${DEFAULT-VALUE}); above 1 it needs --class.")
    private double guidance = 1;

    @Option(
            names = "--null-class",
            paramLabel = "K",
            description = "The class that stands for none (the last one of the model's table).")
    private Integer nullClass;

    @Option(
            names = "--image",
            paramLabel = "PNG",
            description = "A picture of the model's size to start from; for ddpm, ddim, euler and euler-ancestral.")
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
                    "Where --image is drawn anew: white; black stays exactly as it is. Usually with --strength 1.")
    private Path mask;

    @Override
    public Integer call() {
        if (scheduler != null) {
            return scheduled();
        }
        Common.require(
                "--steps, --class, --guidance, --image, --mask",
                steps == 50 && label == null && guidance == 1 && image == null && mask == null,
                "a --scheduler",
                "none");
        Common.requireAtLeast("--count", 1, count);
        Common.requireAtLeast("--batch", 1, batch);
        int threads = common.threads();
        Arithmetic arithmetic = new Arithmetic(precision.exact(), weights.format());
        AtomicFiles.requireWritable(out);
        try (UNet model = UNet.open(folder);
                Sampler sampler = new Sampler(model, Math.min(batch, count), threads, arithmetic)) {
            Shape shape = sampler.shape(count);
            Pictures.requireDrawable(shape);
            float[] images = sample(hourglass.terminal(), sampler, count, seed, Sampler.Watcher.NONE);
            Images.writePng(out, Pictures.square(images, shape));
            hourglass.terminal().say("%,d images of %s in %s", count, model.sampleSize(), out);
        }
        return 0;
    }

    private int scheduled() {
        Common.requireAtLeast("--count", 1, count);
        Common.requireAtLeast("--batch", 1, batch);
        Common.require("--guidance", guidance <= 1 || label != null, "--class beside it", guidance);
        Common.require("--mask", mask == null || image != null, "--image beside it", "none");
        int threads = common.threads();
        Arithmetic arithmetic = new Arithmetic(precision.exact(), weights.format());
        AtomicFiles.requireWritable(out);
        ModelConfig own = PipelineFolder.isPipeline(folder)
                ? Schedulers.read(PipelineFolder.partOrSelf(folder, PipelineFolder.SCHEDULER)
                        .resolve("scheduler_config.json"))
                : ModelConfig.of("DDPM's defaults", Map.of(ModelConfig.CLASS_NAME, "DDPMScheduler"));
        ModelConfig settings = SchedulerName.of("--scheduler", scheduler).from(own);
        try (UNet model = UNet.open(folder);
                Vae vae = hasVae() ? Vae.open(folder) : null;
                SamplingProgress progress =
                        new SamplingProgress(hourglass.terminal(), Math.ceilDiv(count, Math.min(batch, count)))) {
            SamplingOptions options = new SamplingOptions(
                    settings, steps, guidance, label == null ? List.of() : List.of(label), noClass(model));
            ImageSize size = model.sampleSize();
            Shape drawn = Shape.of(
                    count, size.height(), size.width(), model.architecture().inChannels());
            Shape shape = vae == null ? drawn : LatentDrawing.shape(vae, drawn);
            Pictures.requireDrawable(shape);
            if (image != null) {
                Common.require("--image", vae == null, "a model of pictures", "a pipeline on latents");
                options = options.withImage(startImage(drawn));
            }
            float[] images = ScheduledDrawing.sample(
                    model, options, count, Math.min(batch, count), seed, threads, arithmetic, progress);
            float[] pictures =
                    vae == null ? images : LatentDrawing.pictures(vae, images, drawn, threads, precision.exact());
            Images.writePng(out, Pictures.square(pictures, shape));
            hourglass.terminal().say("%,d images of %s in %s", count, new ImageSize(shape.dim(1), shape.dim(2)), out);
        }
        return 0;
    }

    /** The last row of a table is what training leaves for no class. */
    private int noClass(UNet model) {
        if (nullClass != null) {
            return nullClass;
        }
        OptionalInt rows = model.architecture().classTableRows();
        Common.require(
                "--guidance",
                guidance <= 1 || rows.isPresent(),
                "--null-class beside it, as the model has no table of classes",
                guidance);
        return rows.orElse(1) - 1;
    }

    private StartImage startImage(Shape drawn) {
        StartImage start = new StartImage(read("--image", image, drawn, drawn.dim(3)), strength);
        if (mask == null) {
            return start;
        }
        float[] shades = read("--mask", mask, drawn, 1);
        boolean[] repaint = new boolean[shades.length];
        for (int pixel = 0; pixel < repaint.length; pixel++) {
            repaint[pixel] = shades[pixel] > 0;
        }
        return start.repainting(repaint);
    }

    private static float[] read(String option, Path file, Shape drawn, int channels) {
        BufferedImage picture = Images.readPng(file);
        Common.require(
                option,
                picture.getHeight() == drawn.dim(1) && picture.getWidth() == drawn.dim(2),
                "a picture of " + drawn.dim(1) + "x" + drawn.dim(2),
                picture.getHeight() + "x" + picture.getWidth());
        return Images.toFloats(picture, channels);
    }

    private boolean hasVae() {
        return PipelineFolder.isPipeline(folder)
                && PipelineFolder.open(folder).parts().containsKey(PipelineFolder.VAE);
    }

    /** Samples with a progress bar. */
    static float[] sample(Terminal terminal, Sampler sampler, int count, long seed, Sampler.Watcher watcher) {
        try (Progress progress = terminal.progress("sampling", "steps", sampler.steps(count))) {
            return sampler.sample(count, seed, (first, present, level, images) -> {
                watcher.at(first, present, level, images);
                progress.at(sampler.steps(first) + sampler.steps(1) - level);
            });
        }
    }
}
