package dev.hourglass.cli;

import dev.hourglass.Arithmetic;
import dev.hourglass.ImageSize;
import dev.hourglass.LatentDrawing;
import dev.hourglass.Prompt;
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
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** {@code hourglass sample}. */
@Command(name = "sample", description = "Draws images and puts them side by side in a PNG file.")
final class SampleCommand implements Callable<Integer> {

    /** Images drawn at a time: more would not be faster, and cost memory. */
    static final int BATCH = 64;

    @ParentCommand
    private Hourglass hourglass;

    @Spec
    private CommandSpec spec;

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

    @Option(
            names = "--previews",
            paramLabel = "N",
            description =
                    "Every N steps a PNG file beside --out, numbered by the step: what the first batch is to become.")
    private Integer previews;

    @Mixin
    private ConditionOptions conditions;

    @Mixin
    private StartOptions start;

    @Override
    public Integer call() {
        requireOptions();
        ModelConfig settings = scheduler == null
                ? null
                : SchedulerName.of("--scheduler", scheduler).from(Schedulers.of(folder));
        AtomicFiles.requireWritable(out);
        try (UNet model = UNet.open(folder);
                Vae vae = settings != null && hasVae() ? Vae.open(folder) : null) {
            ImageSize size = model.sampleSize();
            Shape drawn = Shape.of(
                    count, size.height(), size.width(), model.architecture().inChannels());
            Shape shape = vae == null ? drawn : LatentDrawing.shape(vae, drawn);
            Pictures.requireDrawable(shape);
            float[] images = settings == null ? draw(model) : draw(model, vae, settings, shape);
            float[] pictures = vae == null
                    ? images
                    : LatentDrawing.pictures(vae, images, drawn, common.threads(), precision.exact());
            Images.writePng(out, Pictures.square(pictures, shape));
            hourglass.terminal().say("%,d images of %s in %s", count, new ImageSize(shape.dim(1), shape.dim(2)), out);
        }
        return 0;
    }

    private void requireOptions() {
        ParseResult given = spec.commandLine().getParseResult();
        Common.requireBeside(given, "--steps", "--scheduler");
        conditions.requireBeside(given);
        start.requireBeside(given);
        Common.requireAtLeast("--count", 1, count);
        Common.requireAtLeast("--batch", 1, batch);
        Common.requireAtLeast("--previews", 1, previews == null ? 1 : previews);
        common.threads();
    }

    private boolean hasVae() {
        return PipelineFolder.isPipeline(folder)
                && PipelineFolder.open(folder).parts().containsKey(PipelineFolder.VAE);
    }

    private int batch() {
        return Math.min(batch, count);
    }

    private SamplingProgress progress() {
        return new SamplingProgress(hourglass.terminal(), Math.ceilDiv(count, batch()));
    }

    private Sampler.Watcher previews(Vae vae) {
        return previews == null
                ? Sampler.Watcher.NONE
                : new Previews(out, previews, vae, common.threads(), precision.exact());
    }

    private float[] draw(UNet model) {
        try (Sampler sampler = new Sampler(model, batch(), common.threads(), arithmetic());
                SamplingProgress progress = progress()) {
            return sampler.sample(count, seed, progress.and(previews(null)));
        }
    }

    private float[] draw(UNet model, Vae vae, ModelConfig settings, Shape shape) {
        try (Prompt prompt = conditions.open(model);
                SamplingProgress progress = progress()) {
            SamplingOptions plain = SamplingOptions.of(settings, steps).withPrompt(prompt, conditions.guidance());
            SamplingOptions options = start.read(shape)
                    .map(image -> vae == null ? image : encoded(vae, image, shape))
                    .map(plain::withImage)
                    .orElse(plain);
            return ScheduledDrawing.sample(
                    model, options, count, batch(), seed, common.threads(), arithmetic(), progress.and(previews(vae)));
        }
    }

    private Arithmetic arithmetic() {
        return new Arithmetic(precision.exact(), weights.format());
    }

    private StartImage encoded(Vae vae, StartImage image, Shape shape) {
        return LatentDrawing.start(vae, image, shape, seed, common.threads(), precision.exact());
    }
}
