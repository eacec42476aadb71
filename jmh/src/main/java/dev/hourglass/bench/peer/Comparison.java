package dev.hourglass.bench.peer;

import com.sun.management.ThreadMXBean;
import dev.hourglass.ImageSize;
import dev.hourglass.UNet;
import dev.hourglass.unet.TinyUNet;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/**
 * Times engines in turns, so that a machine that slows down for a while slows all of them. A round takes one sample of each engine, the
 * order reversed in every other round.
 *
 * @param engines the first is the one the others are compared with
 * @param rounds samples of each engine
 * @param warmUpSeconds how long an engine must have got no faster at a job before it is timed
 */
public record Comparison(List<Engine> engines, int rounds, double warmUpSeconds) {

    /** A sample runs a job often enough to last this long, and its time is their mean. */
    private static final double SAMPLE_MILLIS = 80;

    /** How long the threads of the engine before may spin before they sleep. */
    private static final long SETTLE_MILLIS = 20;

    private static final int STALE_RUNS = 8;
    private static final long SETTLED_BYTES = 1 << 17;
    private static final double LONGEST_WARM_UP_MILLIS = 90_000;

    /** The share of its time that a run must be faster by to count as faster. */
    private static final double IMPROVEMENT = 0.03;

    private static final int ALLOCATION_RUNS = 5;

    /**
     * What came out.
     *
     * @param timings in the order of the engines
     * @param bytesPerRun what all Java threads together allocated for a run of the first engine
     * @param agreement how close the engines' results are, in words
     */
    public record Outcome(Job job, List<Timings> timings, double bytesPerRun, String agreement) {}

    /**
     * Prepares, checks, warms up and times one job.
     *
     * @throws IllegalStateException when the engines do not compute the same thing
     */
    public Outcome run(Job job) {
        List<Engine.Work> works = new ArrayList<>();
        try (UNet model = UNet.create(new TinyUNet(), new ImageSize(Job.SIDE, Job.SIDE), 0)) {
            Example example = Example.of(job.batch());
            for (Engine engine : engines) {
                works.add(engine.prepare(job, model, example));
            }
            String agreement = Agreement.require(job, engines, works);
            double[][] millis = time(works);
            List<Timings> timings = new ArrayList<>();
            for (int k = 0; k < engines.size(); k++) {
                timings.add(new Timings(engines.get(k).name(), millis[k]));
            }
            return new Outcome(job, timings, bytesPerRun(works.getFirst()), agreement);
        } finally {
            works.forEach(Engine.Work::close);
        }
    }

    private double[][] time(List<Engine.Work> works) {
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
    private double warmUp(Engine.Work work) {
        double fastest = Double.POSITIVE_INFINITY;
        long start = System.nanoTime();
        long improved = start;
        int stale = 0;
        long bytes = Long.MAX_VALUE;
        while ((stale < STALE_RUNS || millisSince(improved) < 1e3 * warmUpSeconds || bytes > SETTLED_BYTES)
                && millisSince(start) < LONGEST_WARM_UP_MILLIS) {
            long bytesBefore = allocatedBytes();
            long before = System.nanoTime();
            work.run();
            double millis = millisSince(before);
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

    private static double sample(Engine.Work work, int repeats) {
        settle();
        if (repeats > 1) {
            // brings threads and caches back; a long run does that itself in its first few milliseconds
            work.run();
        }
        long start = System.nanoTime();
        for (int repeat = 0; repeat < repeats; repeat++) {
            work.run();
        }
        return millisSince(start) / repeats;
    }

    private static void settle() {
        try {
            Thread.sleep(SETTLE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static double bytesPerRun(Engine.Work work) {
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
