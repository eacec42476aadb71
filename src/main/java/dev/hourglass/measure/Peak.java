package dev.hourglass.measure;

import dev.hourglass.kernel.Kernels;
import dev.hourglass.kernel.MultiplyAddChains;
import dev.hourglass.parallel.Workers;

/** The most multiply-adds that some threads can do together, measured. */
final class Peak {

    /** Long enough to hide the dispatch, short enough to share between threads. */
    private static final int ROUNDS = 20_000;

    private static final int WARM_UP_ITEMS = 16;
    private static final double WARM_UP_MILLIS = 600;
    private static final double SAMPLE_MILLIS = 20;

    private final MultiplyAddChains chains;
    private final Workers workers;
    private final Workers.Task task = this::work;

    /** Keeps the results, so that no compiler may leave the work out. */
    private final float[] results;

    private int items = WARM_UP_ITEMS;
    private double best;

    Peak(Kernels kernels, Workers workers) {
        chains = kernels.multiplyAddChains();
        this.workers = workers;
        results = new float[workers.threads()];
    }

    private void work(int item, int worker) {
        results[worker] += chains.run(ROUNDS, item);
    }

    /** Runs until the compilers are done with it, and chooses how much a sample does. */
    void warmUp(boolean thoroughly) {
        double millis = WARM_UP_MILLIS;
        long begin = System.nanoTime();
        do {
            millis = Math.min(millis, run());
        } while (thoroughly && System.nanoTime() - begin < WARM_UP_MILLIS * 1e6);
        items = Math.clamp((long) (SAMPLE_MILLIS / millis * WARM_UP_ITEMS), workers.threads(), 1 << 20);
    }

    /** Measures once more. */
    void sample() {
        best = Math.max(best, 2e-6 * ROUNDS * chains.perRound() * items / run());
    }

    /** The best of all samples in GFLOP/s, a multiply-add being two operations: whatever disturbs can only make it less. */
    double gflops() {
        return best;
    }

    private double run() {
        long begin = System.nanoTime();
        workers.run(task, items);
        return (System.nanoTime() - begin) / 1e6;
    }
}
