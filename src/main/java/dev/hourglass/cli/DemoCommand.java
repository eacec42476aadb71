package dev.hourglass.cli;

import dev.hourglass.DenoisingPath;
import dev.hourglass.ImageSize;
import dev.hourglass.ModelCheck;
import dev.hourglass.Sampler;
import dev.hourglass.Session;
import dev.hourglass.SessionOptions;
import dev.hourglass.UNet;
import dev.hourglass.diffusion.NoiseSchedule;
import dev.hourglass.io.AtomicFiles;
import dev.hourglass.io.ImageBytes;
import dev.hourglass.io.ImageData;
import dev.hourglass.io.Images;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import dev.hourglass.train.Conditions;
import dev.hourglass.train.Evaluation;
import dev.hourglass.train.LossHistory;
import dev.hourglass.train.Trainer;
import dev.hourglass.train.TrainingOptions;
import dev.hourglass.unet.TinyUNet;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** {@code hourglass demo}. */
@Command(
        name = "demo",
        description = "Trains TinyUNet on MNIST, checks it, draws digits, and writes a report.",
        footer = {
            "",
            "DIR gets model/, samples.png, denoising.png, loss.png and report.html. A failed",
            "check is reported, and is no error: after few steps it is to be expected."
        })
final class DemoCommand implements Callable<Integer> {

    /** The noise levels that denoising.png shows. */
    private static final List<Integer> LEVELS = List.of(1000, 800, 600, 500, 400, 300, 200, 100, 50, 0);

    private static final int PATHS = 8;
    private static final int EVALUATION_BATCH = 100;
    private static final long EVALUATION_SEED = 0;

    @ParentCommand
    private Hourglass hourglass;

    @Mixin
    private Common common;

    @Option(names = "--epochs", paramLabel = "N", description = "How often each image is seen (${DEFAULT-VALUE}).")
    private int epochs = 1;

    @Option(names = "--steps", paramLabel = "N", description = "Stop after this many steps, if that is earlier.")
    private long steps = Long.MAX_VALUE;

    @Option(names = "--samples", paramLabel = "N", description = "Digits to draw (${DEFAULT-VALUE}).")
    private int samples = 64;

    @Option(names = "--seed", paramLabel = "S", description = "Decides everything that is random (${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--out", paramLabel = "DIR", description = "Where the results go (${DEFAULT-VALUE}).")
    private Path out = Path.of("runs", "demo");

    private Terminal terminal;
    private int threads;
    private final DemoReport report = new DemoReport();

    @Override
    public Integer call() {
        Common.requireAtLeast("--epochs", 1, epochs);
        Common.requireAtLeast("--steps", 1, steps);
        Common.requireAtLeast("--samples", 1, samples);
        Pictures.requireDrawable(Shape.of(samples, ImageSize.MNIST.height(), ImageSize.MNIST.width(), 1));
        threads = common.threads();
        terminal = hourglass.terminal();
        AtomicFiles.requireWritableFolder(out);
        Path folder = out.resolve("model");
        Path data = BundledMnist.folder();
        try (ImageBytes test = ImageData.open(data, "t10k")) {
            Evaluation raw = train(data, folder, test);
            try (UNet model = UNet.open(folder)) {
                evaluateAndCheck(model, test, raw);
                sample(model);
            }
        }
        AtomicFiles.write(out.resolve("report.html"), report.html());
        terminal.out().println(report.closing(out));
        return 0;
    }

    /** Trains, and measures the raw weights, which are not kept. */
    private Evaluation train(Path data, Path folder, ImageBytes test) {
        try (ImageBytes images = ImageData.open(data, "train");
                Workers workers = new Workers(threads);
                UNet model = UNet.create(new TinyUNet(), new ImageSize(images.height(), images.width()), seed)) {
            TrainingOptions options = TrainingOptions.demo(images.count(), epochs, steps, seed);
            report.settings(model, images, options, threads);
            terminal.out().println(report.opening());
            LossHistory history = new LossHistory();
            try (Trainer trainer = model.trainer(images, options, workers)) {
                report.timeTraining(() -> TrainCommand.train(terminal, model, trainer, folder, history));
            }
            BufferedImage chart = LossChart.draw(history);
            Images.writePng(out.resolve("loss.png"), chart);
            report.loss(history, chart);
            return report.time("test error", () -> evaluate("test, raw", model, test));
        }
    }

    private void evaluateAndCheck(UNet model, ImageBytes test, Evaluation raw) {
        report.evaluations(raw, report.time("test error", () -> evaluate("test, averaged", model, test)));
        terminal.out().println(report.errors());
        ModelCheck.Result checks =
                report.time("checks", () -> CheckCommand.check(terminal, model, test, Conditions.none(), threads));
        report.checks(checks);
        terminal.out().println(checks.table());
    }

    private Evaluation evaluate(String task, UNet model, ImageBytes test) {
        SessionOptions options = SessionOptions.of(
                        Math.min(EVALUATION_BATCH, test.count()), test.height(), test.width())
                .withThreads(threads);
        try (Session session = model.session(options);
                Progress progress = terminal.progress(task, "images", test.count())) {
            return Evaluation.measure(
                    session.denoiser(),
                    NoiseSchedule.ddpm(),
                    test,
                    test.count(),
                    EVALUATION_SEED,
                    Backend.kernels(),
                    progress::at);
        }
    }

    private void sample(UNet model) {
        int batch = Math.min(SampleCommand.BATCH, samples);
        try (Sampler sampler = new Sampler(model, batch, threads)) {
            Shape shape = sampler.shape(samples);
            DenoisingPath path = new DenoisingPath(shape, PATHS, LEVELS);
            float[] digits = report.time("sampling", () -> {
                try (SamplingProgress progress = new SamplingProgress(terminal, Math.ceilDiv(samples, batch))) {
                    return sampler.sample(samples, seed, progress.and(path));
                }
            });
            BufferedImage grid = Pictures.square(digits, shape);
            Images.writePng(out.resolve("samples.png"), grid);
            BufferedImage denoising = Pictures.grid(path.pictures(), path.shape(), LEVELS.size());
            Images.writePng(out.resolve("denoising.png"), denoising);
            report.pictures(grid, denoising, samples, LEVELS);
        }
    }
}
