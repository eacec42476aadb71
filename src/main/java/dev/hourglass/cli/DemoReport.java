package dev.hourglass.cli;

import dev.hourglass.ModelCheck;
import dev.hourglass.UNet;
import dev.hourglass.io.ImageBytes;
import dev.hourglass.kernel.Backend;
import dev.hourglass.measure.Machine;
import dev.hourglass.train.Evaluation;
import dev.hourglass.train.LearningRate;
import dev.hourglass.train.LossHistory;
import dev.hourglass.train.TrainingOptions;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/** Collects what the demo did and found, for the screen and for the page. */
final class DemoReport {

    private static final String TRAINING = "training";
    private static final int RECENT = 100;
    private static final List<String> ERROR_HEADS = List.of("overall", "t < 250", "250-499", "500-749", "750-999");

    private final HtmlPage page = new HtmlPage("report.html");
    private final Map<String, Duration> times = new LinkedHashMap<>();
    private final Map<String, String> settings = new LinkedHashMap<>();
    private TrainingOptions options;
    private long parameters;
    private int images;
    private Evaluation raw;
    private Evaluation averaged;

    /** Runs a part of the work and takes its time; parts of one name add up. */
    <T> T time(String name, Supplier<T> part) {
        long begin = System.nanoTime();
        T result = part.get();
        times.merge(name, Duration.ofNanos(System.nanoTime() - begin), Duration::plus);
        return result;
    }

    /** Trains, and takes the time. */
    void timeTraining(Runnable training) {
        time(TRAINING, () -> {
            training.run();
            return true;
        });
    }

    /** What is trained on what, and how. */
    void settings(UNet model, ImageBytes images, TrainingOptions options, int threads) {
        this.options = options;
        this.images = images.count();
        parameters = model.parameterCount();
        settings.put("Model", format("%s, %,d parameters", model.architecture().className(), parameters));
        settings.put("Images", format("%,d of %s (MNIST)", images.count(), model.sampleSize()));
        settings.put("Steps", format("%,d of %,d images", options.steps(), options.batch()));
        settings.put("Learning rate", describe(options.rate()));
        settings.put(
                "Optimizer",
                format(
                        "AdamW, betas %s and %s, weight decay %s",
                        options.optimizer().beta1(),
                        options.optimizer().beta2(),
                        options.optimizer().weightDecay()));
        settings.put("Averaged weights", "decay " + options.emaDecay());
        settings.put("Seed", Long.toString(options.seed()));
        settings.put("Kernels", format("%s, %d threads", Backend.kernels().reason(), threads));
        settings.put("Machine", Machine.here().describe());
        settings.put("Versions", format("Hourglass %s, %s", Version.hourglass(), Version.java()));
    }

    private static String describe(LearningRate rate) {
        return switch (rate) {
            case LearningRate.Constant constant -> "constant " + constant.rate();
            case LearningRate.WarmupCosine cosine ->
                format("up to %s in %,d steps, then along a cosine to 0", cosine.peak(), cosine.warmup());
        };
    }

    /** The settings for the screen. */
    String opening() {
        StringBuilder text = new StringBuilder();
        settings.forEach((name, value) -> text.append(format("%-17s %s%n", name, value)));
        return text.toString();
    }

    /** The losses of the training and their chart. */
    void loss(LossHistory history, BufferedImage chart) {
        page.image("loss", chart);
        page.text("last_loss", format("%.4f", history.recent(RECENT)));
        page.text("last_steps", format("%,d", Math.min(RECENT, history.count())));
    }

    /** The errors on the test set. */
    void evaluations(Evaluation raw, Evaluation averaged) {
        this.raw = raw;
        this.averaged = averaged;
    }

    /** The errors for the screen. */
    String errors() {
        String heads = format("Test error (%,d images)", raw.images());
        StringBuilder text = new StringBuilder(format("%-26s", heads));
        ERROR_HEADS.forEach(head -> text.append(format("%10s", head)));
        text.append(System.lineSeparator());
        for (List<String> row : errorRows()) {
            text.append(format("%-26s", row.getFirst()));
            row.subList(1, row.size()).forEach(cell -> text.append(format("%10s", cell)));
            text.append(System.lineSeparator());
        }
        return text.toString();
    }

    private List<List<String>> errorRows() {
        return List.of(errorRow("raw weights", raw), errorRow("averaged weights", averaged));
    }

    private static List<String> errorRow(String name, Evaluation evaluation) {
        List<String> row = new ArrayList<>(List.of(name, format("%.5f", evaluation.error())));
        evaluation.quarters().forEach(error -> row.add(format("%.5f", error)));
        return row;
    }

    /** The sanity checks. */
    void checks(ModelCheck.Result checks) {
        page.table(
                "checks",
                List.of("Check", "Measured", "Required", ""),
                checks.findings().stream()
                        .map(f -> List.of(f.subject(), f.measured(), f.required(), f.passed() ? "pass" : "FAIL"))
                        .toList());
        long passed =
                checks.findings().stream().filter(ModelCheck.Finding::passed).count();
        page.text("checks_passed", passed + " of " + checks.findings().size());
    }

    /** The digits, and some of them at several noise levels. */
    void pictures(BufferedImage samples, BufferedImage denoising, int count, List<Integer> levels) {
        page.image("samples", samples);
        page.image("denoising", denoising);
        page.text("samples_count", format("%,d", count));
        page.cells("levels", levels.stream().map(String::valueOf).toList());
    }

    /** The finished page. */
    byte[] html() {
        page.text("parameters", format("%,d", parameters));
        page.text("images", format("%,d", images));
        page.text("test_images", format("%,d", raw.images()));
        page.text("steps", format("%,d", options.steps()));
        page.text("error", format("%.4f", averaged.error()));
        page.text("training_time", Progress.clock(times.get(TRAINING)));
        page.text("rate", rate());
        page.text("machine", Machine.here().describe());
        page.text("version", "Hourglass " + Version.hourglass());
        List<String> heads = new ArrayList<>(List.of("Weights"));
        heads.addAll(ERROR_HEADS);
        page.table("errors", heads, errorRows());
        page.table("settings", List.of(), rows(settings));
        Map<String, String> spent = new LinkedHashMap<>();
        times.forEach((name, time) -> spent.put(name, Progress.clock(time)));
        page.table("times", List.of(), rows(spent));
        return page.html();
    }

    private static List<List<String>> rows(Map<String, String> map) {
        return map.entrySet().stream()
                .map(entry -> List.of(entry.getKey(), entry.getValue()))
                .toList();
    }

    private String rate() {
        double seconds = times.get(TRAINING).toNanos() / 1e9;
        return format("%.0f", options.steps() * options.batch() / seconds);
    }

    /** Where everything is and how long it took. */
    String closing(Path out) {
        StringBuilder text = new StringBuilder();
        Map<String, String> files = new LinkedHashMap<>();
        files.put("report.html", "everything on one page");
        files.put("samples.png", "the digits");
        files.put("denoising.png", "some of them on their way from noise");
        files.put("loss.png", "the loss of every step");
        files.put("model", "the model folder: averaged weights, and the state of the training");
        text.append(format("Results in %s%n", out.toAbsolutePath().normalize()));
        files.forEach((file, what) -> text.append(format("  %-14s %s%n", file, what)));
        text.append("Times: ");
        text.append(String.join(
                ", ",
                times.entrySet().stream()
                        .map(entry -> entry.getKey() + " " + Progress.clock(entry.getValue()))
                        .toList()));
        return text.append(format(" (training at %s images/s)", rate())).toString();
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }
}
