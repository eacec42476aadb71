package dev.hourglass.bench.peer;

import java.util.Arrays;

/**
 * The times of one engine at one job or layer.
 *
 * @param engine its name
 * @param milliseconds one run's time in each round
 */
public record Timings(String engine, double[] milliseconds) {

    /** Milliseconds. */
    public double median() {
        return median(milliseconds);
    }

    /** Milliseconds. */
    public double min() {
        return Arrays.stream(milliseconds).min().orElseThrow();
    }

    /** Milliseconds. */
    public double max() {
        return Arrays.stream(milliseconds).max().orElseThrow();
    }

    /** How many times as long the other takes, by medians. */
    public double speedupOver(Timings other) {
        return other.median() / median();
    }

    /** The median over the rounds of how many times as long the other takes: a slow phase of the machine hits both sides of it. */
    public double pairedSpeedupOver(Timings other) {
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
