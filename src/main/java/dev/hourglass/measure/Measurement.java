package dev.hourglass.measure;

import java.util.Collections;
import java.util.List;

/**
 * What came out for one job.
 *
 * @param multiplyAdds of one step, training counted as three forward passes
 * @param millis the mean time of a step in each round, in milliseconds
 * @param bytesPerStep heap bytes that a step allocates, in the round with the fewest: its own are in every round, those of code that is
 *     not compiled yet become fewer
 * @param peakGflops the peak on as many threads: the best of all rounds
 * @param plannedBytes off-heap memory by plan
 * @param coldStart the first result in a fresh JVM; {@code null} where that was not measured
 * @param layers the operations in the order in which a forward pass runs them
 */
public record Measurement(
        Job job,
        long multiplyAdds,
        List<Double> millis,
        double bytesPerStep,
        double peakGflops,
        long plannedBytes,
        ColdStart.Result coldStart,
        List<LayerTime> layers) {

    /** Copies the lists. */
    public Measurement {
        millis = List.copyOf(millis);
        layers = List.copyOf(layers);
    }

    /** The median over the rounds. */
    public double medianMillis() {
        return Statistics.median(
                millis.stream().mapToDouble(Double::doubleValue).toArray());
    }

    /** The fastest round. */
    public double minMillis() {
        return Collections.min(millis);
    }

    /** The slowest round. */
    public double maxMillis() {
        return Collections.max(millis);
    }

    /** Images in a second, by the median. */
    public double imagesPerSecond() {
        return 1e3 * job.batch() / medianMillis();
    }

    /** GFLOP/s by the median; a multiply-add is two operations, however a kernel gets by with fewer. */
    public double gflops() {
        return 2e-6 * multiplyAdds / medianMillis();
    }

    /** {@link #gflops} in percent of the peak. */
    public double percentOfPeak() {
        return 100 * gflops() / peakGflops;
    }

    /** The sum of the layers' times. */
    public double layersMillis() {
        return layers.stream().mapToDouble(LayerTime::millis).sum();
    }
}
