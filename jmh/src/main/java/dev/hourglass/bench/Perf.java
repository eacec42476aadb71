package dev.hourglass.bench;

import dev.hourglass.bench.PerfOptions.Part;
import dev.hourglass.bench.layer.Efficiency;
import dev.hourglass.bench.layer.LayerComparison;
import dev.hourglass.bench.layer.LayerReport;
import dev.hourglass.bench.layer.UNet2DLayers;
import dev.hourglass.bench.peer.Comparison;
import dev.hourglass.bench.peer.Engine;
import dev.hourglass.bench.peer.HourglassEngine;
import dev.hourglass.bench.peer.Job;
import dev.hourglass.bench.peer.OnnxRuntimeEngine;
import dev.hourglass.bench.peer.PeakMemory;
import dev.hourglass.bench.peer.PyTorchEngine;
import dev.hourglass.bench.peer.PythonEngine;
import dev.hourglass.bench.peer.Report;
import dev.hourglass.bench.peer.Timings;
import dev.hourglass.bench.peer.Turns;
import dev.hourglass.bench.roofline.Kernel;
import dev.hourglass.bench.roofline.RooflineReport;
import dev.hourglass.measure.Machine;
import java.io.IOException;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.IntFunction;

/** Everything that is measured against others, in turns; see the README beside this project. */
public final class Perf {

    private static final String OPENBLAS_THREADS = "OPENBLAS_NUM_THREADS";

    private final PerfOptions options;
    private final Turns turns;
    private final String machine;
    private List<Engine> engines;

    private Perf(PerfOptions options) {
        this.options = options;
        turns = new Turns(options.rounds(), options.warmUpSeconds());
        Machine here = Machine.here();
        machine = String.format(
                Locale.ROOT, "%s; %s; %s; load %.1f", here.describe(), here.java(), LocalDate.now(), here.load());
    }

    /** Options as in {@link PerfOptions#USAGE}; exit code 1 when the engines disagree, 2 for a wrong option or setting. */
    public static void main(String[] arguments) throws Exception {
        PerfOptions options;
        try {
            options = PerfOptions.parse(arguments);
            requireSettings();
        } catch (IllegalArgumentException | IllegalStateException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        try {
            new Perf(options).run();
        } catch (IllegalStateException e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    private static void requireSettings() {
        Twin.VECTOR.kernels();
        if (!"1".equals(System.getenv(OPENBLAS_THREADS))) {
            throw new IllegalArgumentException(
                    "set " + OPENBLAS_THREADS + "=1, or PyTorch is timed with more threads than it was given");
        }
    }

    private void run() throws Exception {
        System.err.println(machine);
        for (Part part : Part.values()) {
            if (options.has(part) && options.into() != null) {
                GeneratedParts.require(options.into(), part.label());
            }
        }
        section(Part.TINY, this::tiny);
        section(Part.LESSON, this::lesson);
        section(Part.LAYERS, this::layers);
        section(Part.EFFICIENCY, this::efficiency);
        section(Part.ALONE, this::alone);
        section(Part.KERNELS, this::kernels);
        section(Part.SCALING, this::scaling);
        section(Part.ROUNDING, Rounding::table);
    }

    /** Each part is written as soon as it is there: a run takes an hour and more. */
    private void section(Part part, Callable<String> measure) throws Exception {
        if (!options.has(part)) {
            return;
        }
        String text = "Machine: " + machine + ".\n" + measure.call();
        if (options.into() == null) {
            System.out.println("## " + part.label() + "\n\n" + text);
        } else {
            GeneratedParts.replace(options.into(), part.label(), text);
        }
    }

    private String tiny() {
        Comparison comparison = new Comparison(engines(), turns);
        return Report.of(comparison, run(comparison, options.tinyJobs()));
    }

    private String lesson() throws IOException {
        Comparison comparison = new Comparison(engines(), turns);
        List<Comparison.Outcome> outcomes = run(comparison, options.lessonJobs());
        String report = Report.of(comparison, outcomes);
        return PeakMemory.isKnown() ? report + memory(outcomes) : report;
    }

    /** With the largest number of threads: memory hardly depends on it. */
    private static String memory(List<Comparison.Outcome> outcomes) throws IOException {
        int threads = outcomes.getLast().job().threads();
        List<PeakMemory> peaks = new ArrayList<>();
        for (Comparison.Outcome outcome : outcomes) {
            for (Timings timings : outcome.timings()) {
                if (outcome.job().threads() == threads) {
                    System.err.println("memory, " + outcome.job().label() + ", " + timings.engine());
                    peaks.add(PeakMemory.of(outcome.job(), timings.engine()));
                }
            }
        }
        return Report.memory(peaks, PeakMemory.ofBareJvm());
    }

    private static List<Comparison.Outcome> run(Comparison comparison, List<Job> jobs) {
        List<Comparison.Outcome> outcomes = new ArrayList<>();
        for (Job job : jobs) {
            System.err.println(job.label() + ", threads " + job.threads());
            outcomes.add(comparison.run(job));
        }
        return outcomes;
    }

    /** Hourglass first, then those that are there; looked for once. */
    private List<Engine> engines() {
        if (engines != null) {
            return engines;
        }
        engines = new ArrayList<>();
        engines.add(new HourglassEngine());
        try {
            engines.addAll(PyTorchEngine.all());
        } catch (LinkageError e) {
            System.err.println("PyTorch is not here: " + e);
        }
        try {
            engines.add(new OnnxRuntimeEngine());
        } catch (LinkageError e) {
            System.err.println("ONNX Runtime is not here: " + e);
        }
        List<Engine> python = PythonEngine.start(options.python(), options.compiled());
        if (python.isEmpty()) {
            System.err.println("no torch in " + options.python());
        }
        engines.addAll(python);
        return engines;
    }

    /** A layer's kernels are warm from the layers before. */
    private Turns layerTurns() {
        return new Turns(options.rounds(), options.warmUpSeconds() / 3);
    }

    private String layers() {
        return forThreads(
                this::withPeers,
                comparison -> LayerReport.network(
                        comparison, comparison.run(options.layers(UNet2DLayers.of(options.layerBatch())))));
    }

    private String efficiency() {
        return forThreads(this::withPeers, this::efficiency);
    }

    private String alone() {
        return forThreads(threads -> LayerComparison.alone(layerTurns(), threads), this::efficiency);
    }

    private String efficiency(LayerComparison comparison) {
        return LayerReport.efficiency(comparison, comparison.run(options.layers(Efficiency.layers())));
    }

    private LayerComparison withPeers(int threads) {
        return new LayerComparison(layerTurns(), threads, options.nd4j());
    }

    private String forThreads(IntFunction<LayerComparison> open, Function<LayerComparison, String> report) {
        StringBuilder text = new StringBuilder();
        for (int threads : options.threads()) {
            try (LayerComparison comparison = open.apply(threads)) {
                text.append(report.apply(comparison));
            }
        }
        return text.toString();
    }

    /** Nothing takes turns with them that could disturb them, so a third of the rounds do. */
    private String kernels() {
        Turns fewer = new Turns(Math.ceilDiv(options.rounds(), 3), options.warmUpSeconds() / 10);
        return RooflineReport.of(all -> options.some(all, Kernel::name), fewer);
    }

    private String scaling() throws IOException {
        Comparison comparison = new Comparison(engines(), turns);
        List<Comparison.Outcome> byThreads = run(comparison, options.threadJobs());
        List<Comparison.Outcome> byBatch = run(comparison, options.batchJobs());
        ScalingCharts charts = new ScalingCharts(options.into());
        return charts.write("threads", "threads", Job::threads, byThreads)
                + charts.write("batch", "images at a time", Job::batch, byBatch);
    }
}
