package dev.hourglass.cli;

import dev.hourglass.error.HourglassException;
import dev.hourglass.parallel.Workers;
import picocli.CommandLine.Option;

/** Options that every command has. */
final class Common {

    private static final int MOST_THREADS = 1024;

    @Option(
            names = "--threads",
            paramLabel = "T",
            description = "Threads that work; as many as there are processors by default. Results do not depend on it.")
    private int threads = Workers.defaultThreads();

    @Option(names = "--verbose", description = "Show where an error happened.")
    private boolean verbose;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this text.")
    private boolean help;

    /** The number of threads, checked. */
    int threads() {
        require("--threads", threads >= 1 && threads <= MOST_THREADS, "1 to " + MOST_THREADS, threads);
        return threads;
    }

    /** Throws unless a number is at least {@code least}. */
    static void requireAtLeast(String option, long least, long found) {
        require(option, found >= least, "at least " + least, found);
    }

    /** Throws unless {@code holds}. */
    static void require(String option, boolean holds, String expected, Object found) {
        if (!holds) {
            throw HourglassException.what("not a value for this option")
                    .where(option)
                    .expected(expected)
                    .found(found)
                    .mend("see --help")
                    .build();
        }
    }
}
