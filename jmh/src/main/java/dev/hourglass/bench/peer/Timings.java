package dev.hourglass.bench.peer;

import java.util.Arrays;

/**
 * The times of one engine at one job.
 *
 * @param engine its name
 * @param milliseconds one run's time in each round
 */
record Timings(String engine, double[] milliseconds) {

    double median() {
        return median(milliseconds);
    }

    double min() {
        return Arrays.stream(milliseconds).min().orElseThrow();
    }

    double max() {
        return Arrays.stream(milliseconds).max().orElseThrow();
    }

    /** How many times as long the other takes, by medians. */
    double speedupOver(Timings other) {
        return other.median() / median();
    }

    /** The median over the rounds of how many times as long the other takes: a slow phase of the machine hits both sides of it. */
    double pairedSpeedupOver(Timings other) {
        double[] ratios = new double[milliseconds.length];
        Arrays.setAll(ratios, round -> other.milliseconds[round] / milliseconds[round]);
        return median(ratios);
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
