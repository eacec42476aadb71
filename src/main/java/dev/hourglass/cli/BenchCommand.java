package dev.hourglass.cli;

import dev.hourglass.ImageSize;
import dev.hourglass.io.AtomicFiles;
import dev.hourglass.io.Json;
import dev.hourglass.kernel.WeightFormat;
import dev.hourglass.measure.Benchmark;
import dev.hourglass.measure.BenchmarkOptions;
import dev.hourglass.measure.BenchmarkReport;
import dev.hourglass.measure.Job;
import dev.hourglass.measure.Mode;
import dev.hourglass.measure.Subject;
import dev.hourglass.parallel.Workers;
import dev.hourglass.unet.Architectures;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code hourglass bench}. */
@Command(
        name = "bench",
        description = "Measures how fast a model runs on this machine, against what its processor can do.",
        footer = {
            "",
            "Every combination of mode, batch and threads is a job. Each is first run once",
            "in a fresh JVM, for the time to its first result and its peak memory; then all",
            "are warmed up and timed in turns. A training step counts as three forward",
            "passes, and its weights are float32 whatever --weights says. Figures mean",
            "something on a machine that does nothing else."
        })
final class BenchCommand implements Callable<Integer> {

    private static final int MOST_IMAGES = 1 << 20;

    /** Layers of a job that the screen shows; files have all of them. */
    private static final int LAYERS = 10;

    @ParentCommand
    private Hourglass hourglass;

    @Mixin
    private HelpOptions help;

    @Parameters(
            arity = "0..1",
            paramLabel = "MODEL_DIR|" + Architectures.TINY,
            description = "A model folder, or a built-in architecture with random weights (${DEFAULT-VALUE}).")
    private String model = Architectures.TINY;

    @Option(
            names = "--mode",
            paramLabel = "MODES",
            description = "infer (forward passes), train (training steps), or both (${DEFAULT-VALUE}).")
    private String modes = "infer,train";

    @Option(
            names = "--batch",
            paramLabel = "N,N",
            description = "Images at a time, in all modes; by default 1,16,128 for infer and 128 for train.")
    private String batches;

    @Option(
            names = "--threads",
            paramLabel = "T,T",
            description = "Threads that work; by default 1 and all processors.")
    private String threads;

    @Option(names = "--size", paramLabel = "HxW", description = "Height and width; the model's own by default.")
    private String size;

    @Option(names = "--rounds", paramLabel = "N", description = "Times taken of each job (${DEFAULT-VALUE}).")
    private int rounds = 15;

    @Option(
            names = "--warmup",
            paramLabel = "S",
            description = "Seconds without a faster run after which a job counts as warm (${DEFAULT-VALUE}).")
    private double warmUp = 3;

    @Mixin
    private WeightsOption weights;

    @Option(names = "--skip-cold-start", description = "Do not run each job in a fresh JVM first.")
    private boolean skipColdStart;

    @Option(names = "--json", paramLabel = "FILE", description = "Write all figures as JSON.")
    private Path json;

    @Option(names = "--html", paramLabel = "FILE", description = "Write one page with charts and all layers.")
    private Path html;

    @Override
    public Integer call() {
        Common.requireAtLeast("--rounds", 1, rounds);
        Common.require("--warmup", warmUp >= 0 && warmUp <= 600, "0 to 600 seconds", warmUp);
        ImageSize imageSize = size == null ? null : ImageSize.parse(size);
        BenchmarkOptions options = new BenchmarkOptions(jobs(), imageSize, rounds, warmUp, !skipColdStart);
        Stream.of(json, html).filter(file -> file != null).forEach(AtomicFiles::requireWritable);
        BenchmarkReport report = measure(options);
        print(report);
        if (json != null) {
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put("hourglass", Version.hourglass());
            figures.putAll(report.json());
            Json.write(json, figures);
            hourglass.terminal().say("figures in %s", json);
        }
        if (html != null) {
            AtomicFiles.write(html, BenchPage.html(report));
            hourglass.terminal().say("page in %s", html);
        }
        return 0;
    }

    private List<Job> jobs() {
        WeightFormat format = weights.format();
        List<Mode> kinds = Stream.of(modes.split(",", -1))
                .map(BenchCommand::mode)
                .distinct()
                .toList();
        List<Integer> workers = threads == null
                ? Stream.of(1, Workers.defaultThreads()).distinct().toList()
                : Common.integers("--threads", threads, Common.MOST_THREADS);
        List<Integer> images = batches == null ? null : Common.integers("--batch", batches, MOST_IMAGES);
        List<Job> jobs = new ArrayList<>();
        for (Mode kind : kinds) {
            for (int batch : images == null ? kind.usualBatches() : images) {
                workers.forEach(count ->
                        jobs.add(new Job(kind, batch, count, kind == Mode.INFER ? format : WeightFormat.FLOAT32)));
            }
        }
        return jobs;
    }

    private static Mode mode(String text) {
        String name = text.strip();
        List<String> names = Arrays.stream(Mode.values()).map(Mode::label).toList();
        Common.require("--mode", names.contains(name), "one or more of " + String.join(",", names), text);
        return Mode.values()[names.indexOf(name)];
    }

    private BenchmarkReport measure(BenchmarkOptions options) {
        try (Progress progress = hourglass.terminal().progress("bench", "parts", options.parts())) {
            return Benchmark.run(new Subject(model), options, progress::at);
        }
    }

    /** The settings, all jobs, and of each mode the layers of the last job: that of the largest batch on most threads, usually. */
    private void print(BenchmarkReport report) {
        Terminal terminal = hourglass.terminal();
        report.settings().forEach((name, value) -> terminal.say("%-12s %s", name, value));
        terminal.say("%n%s", report.table());
        for (Mode mode : Mode.values()) {
            report.results().stream()
                    .filter(result -> result.job().mode() == mode)
                    .reduce((first, second) -> second)
                    .ifPresent(result -> terminal.say(
                            "%s: the slowest layers%n%s",
                            result.job().label(), BenchmarkReport.layerTable(result, LAYERS)));
        }
        report.notes().forEach(note -> terminal.say("Note: %s", note));
    }
}
