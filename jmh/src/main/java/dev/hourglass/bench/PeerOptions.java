package dev.hourglass.bench;

import dev.hourglass.bench.peer.Job;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The options of {@link Peers}.
 *
 * @param out the file that receives the report, or {@code null}
 * @param kinds what is timed
 * @param batches of forward passes; training steps have {@link #TRAINING_BATCH}
 * @param threads numbers of threads, one after the other
 * @param rounds samples of each engine
 * @param warmUpSeconds how long an engine must have got no faster at a job before it is timed
 */
record PeerOptions(
        Path out, Set<Job.Kind> kinds, List<Integer> batches, List<Integer> threads, int rounds, double warmUpSeconds) {

    /** Images of a training step. */
    static final int TRAINING_BATCH = 128;

    /** For people. */
    static final String USAGE = """
            options:
              --out FILE             write the report there, too
              --only forward|train   one kind of work instead of both
              --batch 1,16,128       batches of the forward pass
              --threads 1,2          numbers of threads
              --rounds 15            samples of each engine
              --warmup 3             seconds without progress after which an engine counts as warm
            """;

    /**
     * Reads the command line.
     *
     * @throws IllegalArgumentException when it is wrong; the message is for people
     */
    static PeerOptions parse(String[] arguments) {
        Path out = null;
        Set<Job.Kind> kinds = EnumSet.allOf(Job.Kind.class);
        List<Integer> batches = List.of(1, 16, TRAINING_BATCH);
        List<Integer> threads = List.of(1, 2);
        int rounds = 15;
        double warmUpSeconds = 3;
        for (int k = 0; k < arguments.length; k += 2) {
            if (k + 1 == arguments.length) {
                throw wrong(arguments[k]);
            }
            String value = arguments[k + 1];
            switch (arguments[k]) {
                case "--out" -> out = Path.of(value);
                case "--only" -> kinds = Set.of(kind(value));
                case "--batch" -> batches = positives(value);
                case "--threads" -> threads = positives(value);
                case "--rounds" -> rounds = positives(value).getFirst();
                case "--warmup" -> warmUpSeconds = seconds(value);
                default -> throw wrong(arguments[k]);
            }
        }
        return new PeerOptions(out, kinds, batches, threads, rounds, warmUpSeconds);
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

    /** Everything that is to be timed. */
    List<Job> jobs() {
        List<Job> jobs = new ArrayList<>();
        for (int count : threads) {
            if (kinds.contains(Job.Kind.FORWARD)) {
                batches.forEach(batch -> jobs.add(new Job(Job.Kind.FORWARD, batch, count)));
            }
            if (kinds.contains(Job.Kind.TRAIN)) {
                jobs.add(new Job(Job.Kind.TRAIN, TRAINING_BATCH, count));
            }
        }
        return jobs;
    }
}
