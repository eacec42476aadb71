package dev.hourglass.cli;

import dev.hourglass.error.HourglassException;
import dev.hourglass.parallel.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParseResult;

/** Options that every command has that works on one number of threads. */
final class Common {

    /** The most threads that may be asked for. */
    static final int MOST_THREADS = 1024;

    @Option(
            names = "--threads",
            paramLabel = "T",
            description = "Threads that work; as many as there are processors by default. Results do not depend on it.")
    private int threads = Workers.defaultThreads();

    @Mixin
    private HelpOptions help;

    /** The number of threads, checked. */
    int threads() {
        require("--threads", threads >= 1 && threads <= MOST_THREADS, "1 to " + MOST_THREADS, threads);
        return threads;
    }

    /** Throws unless a number is at least {@code least}. */
    static void requireAtLeast(String option, long least, long found) {
        require(option, found >= least, "at least " + least, found);
    }

    /** Throws where an option is given, and none of those that it needs. */
    static void requireBeside(ParseResult given, String option, String... needed) {
        boolean there = Arrays.stream(needed).anyMatch(given::hasMatchedOption);
        require(option, there || !given.hasMatchedOption(option), String.join(" or ", needed) + " beside it", "none");
    }

    /** Reads whole numbers from 1 to {@code most} with commas between them; one given twice counts once. */
    static List<Integer> integers(String option, String text, int most) {
        List<Integer> numbers = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            String digits = part.strip();
            int number = digits.matches("\\d{1,9}") ? Integer.parseInt(digits) : 0;
            require(option, number >= 1 && number <= most, "whole numbers from 1 to " + most + ", such as 1,16", text);
            numbers.add(number);
        }
        return numbers.stream().distinct().toList();
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
