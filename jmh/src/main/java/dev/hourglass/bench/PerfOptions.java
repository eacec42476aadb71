package dev.hourglass.bench;

import dev.hourglass.bench.layer.Layer;
import dev.hourglass.bench.peer.Job;
import dev.hourglass.bench.peer.Subject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/** The options of {@link Perf}. */
final class PerfOptions {

    /** For people. */
    static final String USAGE = """
            options:
              --parts tiny,lesson,layers,efficiency,alone,kernels,scaling,rounding   what is measured; all by default
              --into FILE              rewrite the generated parts of this file, charts beside it in docs/perf;
                                       without it the report is printed
              --only forward|train     tiny, lesson: one kind of work instead of both
              --batch 1,16,128         tiny: batches of the forward pass
              --layer-batch 2          layers: images at a time
              --layers "conv 3x3"      layers, efficiency, alone, kernels: only those with this in their names
              --threads 1,2            numbers of threads; 1 and all processors by default
              --rounds 15              samples of each engine
              --warmup 3               seconds without progress after which an engine counts as warm
              --quick                  as short as shows that everything works: the figures mean nothing
              --python python3         the Python whose torch takes part, if it has one
              --compile                let torch.compile take part, too; it compiles for minutes
              --nd4j jmh/nd4j/target   where the project of ND4J was built, if it was
            """;

    private static final String QUICK = "--quick";
    private static final int TRAINING_BATCH = 128;
    private static final int LARGEST_SCALED_BATCH = 128;
    private static final int SCALED_BATCH = 16;
    private static final int LESSON_BATCH = 2;
    private static final int LESSON_TRAINING_BATCH = 4;
    private static final int QUICK_LAYERS = 3;

    private final int processors = Runtime.getRuntime().availableProcessors();
    private Set<Part> parts = EnumSet.allOf(Part.class);
    private Path into;
    private Set<Job.Kind> kinds = EnumSet.allOf(Job.Kind.class);
    private List<Integer> batches = List.of(1, 16, TRAINING_BATCH);
    private int layerBatch = 2;
    private String layerName = "";
    private List<Integer> threads = processors == 1 ? List.of(1) : List.of(1, processors);
    private int rounds = 15;
    private double warmUpSeconds = 3;
    private boolean quick;
    private String python = "python3";
    private boolean compiled;
    private Path nd4j = Path.of("jmh", "nd4j", "target");

    /** What can be measured by itself, and replaced in the file by itself. */
    enum Part {
        /** TinyUNet against peers. */
        TINY,
        /** A large network against peers. */
        LESSON,
        /** The layers of a large network against peers. */
        LAYERS,
        /** Matrix products and convolutions against the processor. */
        EFFICIENCY,
        /** The same without peers. */
        ALONE,
        /** Every kernel family against the processor and its memory. */
        KERNELS,
        /** Threads and batches. */
        SCALING,
        /** Convolution algorithms against float64. */
        ROUNDING;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private PerfOptions() {}

    /**
     * Reads the command line.
     *
     * @throws IllegalArgumentException when it is wrong; the message is for people
     */
    static PerfOptions parse(String[] arguments) {
        PerfOptions options = new PerfOptions();
        if (List.of(arguments).contains(QUICK)) {
            // first, so that other options count wherever they stand
            options.shorten();
        }
        for (int k = 0; k < arguments.length; k++) {
            switch (arguments[k]) {
                case QUICK -> {}
                case "--compile" -> options.compiled = true;
                default -> {
                    if (k + 1 == arguments.length) {
                        throw wrong(arguments[k]);
                    }
                    options.set(arguments[k], arguments[k + 1]);
                    k++;
                }
            }
        }
        return options;
    }

    private void shorten() {
        quick = true;
        rounds = 3;
        warmUpSeconds = 0.2;
        batches = List.of(1);
        threads = List.of(1);
    }

    private void set(String option, String value) {
        switch (option) {
            case "--parts" -> parts = parts(value);
            case "--into" -> into = Path.of(value).toAbsolutePath();
            case "--only" -> kinds = Set.of(kind(value));
            case "--batch" -> batches = positives(value);
            case "--layer-batch" -> layerBatch = positives(value).getFirst();
            case "--layers" -> layerName = value;
            case "--threads" -> threads = positives(value);
            case "--rounds" -> rounds = positives(value).getFirst();
            case "--warmup" -> warmUpSeconds = seconds(value);
            case "--python" -> python = value;
            case "--nd4j" -> nd4j = Path.of(value);
            default -> throw wrong(option);
        }
    }

    private static Set<Part> parts(String value) {
        Set<Part> parts = EnumSet.noneOf(Part.class);
        for (String name : value.split(",")) {
            parts.add(Stream.of(Part.values())
                    .filter(part -> part.label().equals(name))
                    .findFirst()
                    .orElseThrow(() -> wrong(name)));
        }
        return parts;
    }

    private static Job.Kind kind(String value) {
        return switch (value) {
            case "forward" -> Job.Kind.FORWARD;
            case "train" -> Job.Kind.TRAIN;
            default -> throw wrong(value);
        };
    }

    private static List<Integer> positives(String value) {
        if (!value.matches("[1-9]\\d{0,5}(,[1-9]\\d{0,5})*")) {
            throw wrong(value);
        }
        return Stream.of(value.split(",")).map(Integer::valueOf).toList();
    }

    private static double seconds(String value) {
        if (!value.matches("\\d{1,4}(\\.\\d{1,3})?")) {
            throw wrong(value);
        }
        return Double.parseDouble(value);
    }

    private static IllegalArgumentException wrong(String argument) {
        return new IllegalArgumentException("not understood: " + argument + "\n" + USAGE);
    }

    boolean has(Part part) {
        return parts.contains(part);
    }

    /** The file to rewrite, or {@code null}. */
    Path into() {
        return into;
    }

    List<Integer> threads() {
        return threads;
    }

    int layerBatch() {
        return layerBatch;
    }

    int rounds() {
        return rounds;
    }

    double warmUpSeconds() {
        return warmUpSeconds;
    }

    String python() {
        return python;
    }

    boolean compiled() {
        return compiled;
    }

    Path nd4j() {
        return nd4j;
    }

    /** The layers of a list that are timed. */
    Map<Layer, Integer> layers(Map<Layer, Integer> all) {
        Map<Layer, Integer> some = new LinkedHashMap<>();
        some(List.copyOf(all.keySet()), Layer::label).forEach(layer -> some.put(layer, all.get(layer)));
        return some;
    }

    /** Those of a list that are timed. */
    <T> List<T> some(List<T> all, Function<T, String> name) {
        return all.stream()
                .filter(element -> name.apply(element).contains(layerName))
                .limit(quick ? QUICK_LAYERS : Integer.MAX_VALUE)
                .toList();
    }

    /** TinyUNet's jobs. */
    List<Job> tinyJobs() {
        List<Job> jobs = new ArrayList<>();
        for (int count : threads) {
            if (kinds.contains(Job.Kind.FORWARD)) {
                batches.forEach(batch -> jobs.add(new Job(Subject.TINY, Job.Kind.FORWARD, batch, count)));
            }
            if (kinds.contains(Job.Kind.TRAIN)) {
                jobs.add(new Job(Subject.TINY, Job.Kind.TRAIN, quick ? 1 : TRAINING_BATCH, count));
            }
        }
        return jobs;
    }

    /** Jobs of the lesson's production example. */
    List<Job> lessonJobs() {
        List<Job> jobs = new ArrayList<>();
        for (int count : threads) {
            if (kinds.contains(Job.Kind.FORWARD)) {
                jobs.add(new Job(Subject.LESSON, Job.Kind.FORWARD, quick ? 1 : LESSON_BATCH, count));
            }
            if (kinds.contains(Job.Kind.TRAIN)) {
                jobs.add(new Job(Subject.LESSON, Job.Kind.TRAIN, quick ? 1 : LESSON_TRAINING_BATCH, count));
            }
        }
        return jobs;
    }

    /** Forward passes with one thread, then more, up to all processors; powers of two where there are many. */
    List<Job> threadJobs() {
        List<Job> jobs = new ArrayList<>();
        for (int count = 1; count <= processors; count = processors <= 8 ? count + 1 : nextPower(count)) {
            jobs.add(new Job(Subject.TINY, Job.Kind.FORWARD, SCALED_BATCH, count));
        }
        return jobs;
    }

    private int nextPower(int count) {
        return count < processors ? Math.min(2 * count, processors) : count + 1;
    }

    /** Forward passes of ever larger batches on all processors. */
    List<Job> batchJobs() {
        List<Job> jobs = new ArrayList<>();
        for (int batch = 1; batch <= (quick ? 2 : LARGEST_SCALED_BATCH); batch *= 2) {
            jobs.add(new Job(Subject.TINY, Job.Kind.FORWARD, batch, processors));
        }
        return jobs;
    }
}
