package dev.hourglass.bench.peer;

import dev.hourglass.kernel.Backend;
import dev.hourglass.kernel.MultiplyAddChains;
import dev.hourglass.parallel.Workers;

/** As many multiply-adds as the processor can do, on every thread. */
public final class FmaPeak implements Work {

    private static final int ROUNDS = 20_000;
    private static final int ITEMS_PER_THREAD = 16;

    private final MultiplyAddChains chains = Backend.kernels().multiplyAddChains();
    private final Workers workers;
    private final float[] results;
    private final Workers.Task task = this::chains;

    /** Starts the threads. */
    public FmaPeak(int threads) {
        workers = new Workers(threads);
        results = new float[ITEMS_PER_THREAD * threads];
    }

    /** Multiply-adds of a run. */
    public long multiplyAdds() {
        return (long) results.length * ROUNDS * chains.perRound();
    }

    /** What they come to if a run takes so many milliseconds; a multiply-add is two operations. */
    public double gigaflops(double millis) {
        return 2e-6 * multiplyAdds() / millis;
    }

    private void chains(int item, int worker) {
        results[item] = chains.run(ROUNDS, item);
    }

    @Override
    public void run() {
        workers.run(task, results.length);
    }

    @Override
    public float[] result() {
        return results.clone();
    }

    @Override
    public void close() {
        workers.close();
    }
}
