package dev.hourglass.bench.peer;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;

/**
 * Times works in turns, so that a machine that slows down for a while slows all of them. A round takes one sample of each, the order
 * reversed in every other round.
 *
 * @param rounds samples of each work
 * @param warmUpSeconds how long a work must have got no faster before it is timed
 */
public record Turns(int rounds, double warmUpSeconds) {

    /** A sample runs a work often enough to last this long, and its time is their mean. */
    private static final double SAMPLE_MILLIS = 80;

    /** How long the threads of the engine before may spin before they sleep: those of ONNX Runtime do so for 60 ms. */
    private static final long SETTLE_MILLIS = 80;

    private static final int STALE_RUNS = 8;
    private static final long SETTLED_BYTES = 1 << 17;

    /** A warm-up ends after this many times the seconds without progress, whatever is still allocated. */
    private static final int PATIENCE = 30;

    /** The share of its time that a run must be faster by to count as faster. */
    private static final double IMPROVEMENT = 0.03;

    private static final int ALLOCATION_RUNS = 5;

    /**
     * Warms all works up and times them.
     *
     * @return milliseconds of a run, {@code [work][round]}
     */
    public double[][] time(List<Work> works) {
        int[] repeats = new int[works.size()];
        for (int k = 0; k < repeats.length; k++) {
            repeats[k] = (int) Math.ceil(SAMPLE_MILLIS / warmUp(works.get(k)));
        }
        double[][] millis = new double[works.size()][rounds];
        for (int round = 0; round < rounds; round++) {
            for (int turn = 0; turn < repeats.length; turn++) {
                int k = round % 2 == 0 ? turn : repeats.length - 1 - turn;
                millis[k][round] = sample(works.get(k), repeats[k]);
            }
        }
        return millis;
    }

    /**
     * Runs until neither {@link #warmUpSeconds} nor {@link #STALE_RUNS} runs have brought one faster than all before, and a run hardly
     * allocates: how long the compiler needs depends on what else the machine does, and the kernels it has not reached yet box every
     * vector.
     *
     * @return milliseconds of the fastest run
     */
    private double warmUp(Work work) {
        double fastest = Double.POSITIVE_INFINITY;
        long start = System.nanoTime();
        long improved = start;
        int stale = 0;
        long bytes = Long.MAX_VALUE;
        while ((stale < STALE_RUNS || millisSince(improved) < 1e3 * warmUpSeconds || bytes > SETTLED_BYTES)
                && millisSince(start) < 1e3 * PATIENCE * Math.max(warmUpSeconds, 0.3)) {
            long bytesBefore = allocatedBytes();
            double millis = work.millis(1);
            bytes = allocatedBytes() - bytesBefore;
            stale++;
            if (millis < fastest * (1 - IMPROVEMENT)) {
                improved = System.nanoTime();
                stale = 0;
            }
            fastest = Math.min(fastest, millis);
        }
        return fastest;
    }

    private static double sample(Work work, int repeats) {
        settle();
        if (repeats > 1) {
            // brings threads and caches back; a long run does that itself in its first few milliseconds
            work.run();
        }
        return work.millis(repeats) / repeats;
    }

    private static void settle() {
        try {
            Thread.sleep(SETTLE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** What all Java threads together allocate for a run. */
    public static double bytesPerRun(Work work) {
        long before = allocatedBytes();
        for (int run = 0; run < ALLOCATION_RUNS; run++) {
            work.run();
        }
        return (double) (allocatedBytes() - before) / ALLOCATION_RUNS;
    }

    /** Of all threads since the process began. */
    private static long allocatedBytes() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getTotalThreadAllocatedBytes();
    }

    private static double millisSince(long start) {
        return (System.nanoTime() - start) / 1e6;
    }
}
