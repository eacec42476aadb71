package dev.hourglass.measure;

import dev.hourglass.ImageSize;
import dev.hourglass.UNet;
import dev.hourglass.error.HourglassException;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.MemoryBudget;
import dev.hourglass.parallel.Workers;
import dev.hourglass.unet.Architecture;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Measures how fast a model runs on this machine. Jobs take turns: a round takes one sample of each, the order reversed in every other
 * round, so that a machine that slows down for a while slows all of them. The processor's peak is measured before each sample.
 */
public final class Benchmark {

    private final Subject subject;
    private final BenchmarkOptions options;
    private final Listener listener;
    private final Architecture architecture;
    private final long parameters;
    private final ImageSize size;
    private final Map<Job, Long> multiplyAdds = new HashMap<>();
    private final Map<Job, Long> plannedBytes = new HashMap<>();
    private final Map<Job, ColdStart.Result> coldStarts = new HashMap<>();
    private final List<String> notes = new ArrayList<>();
    private int done;

    /** Told about the progress. */
    @FunctionalInterface
    public interface Listener {

        /**
         * Called after each part of the work.
         *
         * @param done parts done, of {@link BenchmarkOptions#parts}
         * @param what what was done just now, in a few words
         */
        void at(int done, String what);
    }

    private Benchmark(Subject subject, BenchmarkOptions options, Listener listener) {
        this.subject = subject;
        this.options = options;
        this.listener = listener;
        try (UNet model = subject.open()) {
            architecture = model.architecture();
            parameters = model.parameterCount();
            size = options.size() == null ? model.sampleSize() : options.size();
        }
        for (Job job : options.jobs()) {
            // Before anything runs: the graph refuses a size that does not fit the model.
            multiplyAdds.put(job, job.multiplyAdds(architecture, size));
            long bytes = job.plannedBytes(architecture, size, !subject.isBuiltIn());
            MemoryBudget.require(job.label(), bytes);
            plannedBytes.put(job, bytes);
        }
    }

    /**
     * Measures all jobs.
     *
     * @throws HourglassException when the model cannot be opened, the size does not fit it, or there is too little memory for a job
     */
    public static BenchmarkReport run(Subject subject, BenchmarkOptions options, Listener listener) {
        return new Benchmark(subject, options, listener).run();
    }

    private BenchmarkReport run() {
        Machine machine = Machine.here();
        if (options.coldStarts()) {
            startCold();
        }
        List<Measurement> results = new ArrayList<>();
        try (Resources open = new Resources()) {
            Map<Integer, Peak> peaks = new HashMap<>();
            options.jobs().forEach(job -> peaks.computeIfAbsent(job.threads(), threads -> peak(open, threads)));
            for (List<Job> group : groups()) {
                results.addAll(measure(group, peaks));
            }
        }
        return new BenchmarkReport(
                subject.name(), architecture.className(), parameters, size, machine, options, results, notes);
    }

    private void startCold() {
        for (Job job : options.jobs()) {
            try {
                coldStarts.put(job, ColdStart.measure(subject, job, size));
            } catch (HourglassException e) {
                notes.add(e.getMessage());
            }
            report("cold start", job);
        }
    }

    /** Neighbours that fit into half of the memory together take turns with each other. */
    private List<List<Job>> groups() {
        List<List<Job>> groups = new ArrayList<>();
        long room = 0;
        for (Job job : options.jobs()) {
            long bytes = plannedBytes.get(job);
            if (groups.isEmpty() || bytes > room) {
                groups.add(new ArrayList<>());
                room = MemoryBudget.limit() / 2;
            }
            groups.getLast().add(job);
            room -= bytes;
        }
        return groups;
    }

    private List<Measurement> measure(List<Job> jobs, Map<Integer, Peak> peaks) {
        try (Resources open = new Resources()) {
            List<Series> all = new ArrayList<>();
            for (Job job : jobs) {
                Work work = Work.open(open, subject, job, size);
                Series series = new Series(job, work, peaks.get(job.threads()));
                series.warmUp(options.warmUpSeconds());
                all.add(series);
                report("warm-up", job);
            }
            for (int round = 0; round < options.rounds(); round++) {
                for (Series series : round % 2 == 0 ? all : all.reversed()) {
                    series.sample();
                    report("round " + (round + 1), series.job());
                }
            }
            List<Measurement> results = new ArrayList<>();
            for (Series series : all) {
                Job job = series.job();
                results.add(series.measurement(multiplyAdds.get(job), plannedBytes.get(job), coldStarts.get(job)));
                report("layers", job);
            }
            return results;
        }
    }

    private Peak peak(Resources open, int threads) {
        Workers workers = new Workers(threads);
        open.add(workers, workers::close);
        Peak peak = new Peak(Backend.kernels(), workers);
        peak.warmUp(options.warmUpSeconds() > 0);
        return peak;
    }

    private void report(String what, Job job) {
        listener.at(++done, what + " " + job.mode().label() + " " + job.batch());
    }
}
