package dev.hourglass.measure;

import dev.hourglass.ModelSummary;
import dev.hourglass.graph.Node;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The times of one job, taken round by round. */
final class Series {

    /** A sample repeats a job often enough to last this long, and its time is their mean. */
    private static final double SAMPLE_MILLIS = 80;

    /** How long the threads of the job before may spin before they sleep. */
    private static final long SETTLE_MILLIS = 20;

    /** A warm job allocates less; kernels that C2 has not reached yet box every vector. */
    private static final long SETTLED_BYTES = 1 << 14;

    private static final int STALE_RUNS = 8;
    private static final double MOST_WARM_UP = 30;

    /** The share of its time that a run must be faster by to count as faster. */
    private static final double IMPROVEMENT = 0.03;

    private static final double PROFILE_MILLIS = 400;
    private static final int FEWEST_PASSES = 3;
    private static final int MOST_PASSES = 50;

    private final Job job;
    private final Work work;
    private final Peak peak;
    private final HeapMeter heap = new HeapMeter();
    private final List<Double> millis = new ArrayList<>();
    private final List<Double> bytes = new ArrayList<>();
    private int repeats = 1;

    /** A job whose threads are all started. */
    Series(Job job, Work work, Peak peak) {
        this.job = job;
        this.work = work;
        this.peak = peak;
    }

    Job job() {
        return job;
    }

    /**
     * Runs until neither {@code seconds} nor {@link #STALE_RUNS} runs have brought one faster than all before, and a run hardly
     * allocates: how long the compiler needs depends on what else the machine does.
     */
    void warmUp(double seconds) {
        double fastest = Double.POSITIVE_INFINITY;
        long start = System.nanoTime();
        long improved = start;
        int stale = 0;
        boolean warm;
        do {
            heap.start();
            double time = time(1);
            boolean settled = heap.bytes() < SETTLED_BYTES;
            stale++;
            if (time < fastest * (1 - IMPROVEMENT)) {
                improved = System.nanoTime();
                stale = 0;
            }
            fastest = Math.min(fastest, time);
            warm = settled && stale >= STALE_RUNS && millisSince(improved) >= 1e3 * seconds;
        } while (!warm && millisSince(start) < 1e3 * MOST_WARM_UP * seconds);
        repeats = (int) Math.clamp(Math.ceil(SAMPLE_MILLIS / fastest), 1, 10_000);
    }

    /** Takes one round's times, after another sample of the peak. */
    void sample() {
        settle();
        peak.sample();
        settle();
        if (repeats > 1) {
            // Brings threads and caches back; a long run does that itself in its first few milliseconds.
            work.run();
        }
        heap.start();
        double time = time(repeats);
        long allocated = heap.bytes();
        millis.add(time / repeats);
        bytes.add((double) allocated / repeats);
    }

    private double time(int runs) {
        long begin = System.nanoTime();
        for (int run = 0; run < runs; run++) {
            work.run();
        }
        return millisSince(begin);
    }

    /** What came of it; runs the job some more, to see where its time goes. */
    Measurement measurement(long multiplyAdds, long plannedBytes, ColdStart.Result coldStart) {
        return new Measurement(
                job,
                multiplyAdds * job.mode().passes(),
                millis,
                Collections.min(bytes),
                peak.gflops(),
                plannedBytes,
                coldStart,
                layers());
    }

    private List<LayerTime> layers() {
        List<Node> nodes = work.nodes();
        int passes = (int) Math.clamp(Math.ceil(PROFILE_MILLIS / median(millis)), FEWEST_PASSES, MOST_PASSES);
        // [pass][operation]
        long[][] forward = new long[passes][nodes.size()];
        long[][] backward = new long[passes][nodes.size()];
        work.run();
        for (int pass = 0; pass < passes; pass++) {
            work.profile(forward[pass], backward[pass]);
        }
        List<LayerTime> layers = new ArrayList<>();
        for (int k = 0; k < nodes.size(); k++) {
            Node node = nodes.get(k);
            layers.add(new LayerTime(
                    node.path(),
                    ModelSummary.describe(node.op()),
                    node.multiplyAdds() * job.mode().passes(),
                    medianMillis(forward, k),
                    medianMillis(backward, k)));
        }
        return layers;
    }

    private static double medianMillis(long[][] nanos, int operation) {
        double[] times = new double[nanos.length];
        for (int pass = 0; pass < times.length; pass++) {
            times[pass] = nanos[pass][operation] / 1e6;
        }
        return Statistics.median(times);
    }

    private static double median(List<Double> values) {
        return Statistics.median(
                values.stream().mapToDouble(Double::doubleValue).toArray());
    }

    private static void settle() {
        try {
            Thread.sleep(SETTLE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static double millisSince(long start) {
        return (System.nanoTime() - start) / 1e6;
    }
}
