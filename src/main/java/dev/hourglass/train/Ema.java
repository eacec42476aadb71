package dev.hourglass.train;

import dev.hourglass.graph.Weights;
import dev.hourglass.kernel.Optimizer;
import dev.hourglass.parallel.Workers;

/**
 * An exponential moving average of the weights, {@code average = d * average + (1 - d) * weights}, with {@code d} rising to the decay
 * as {@code (1 + steps) / (10 + steps)}, so that an early average is not held back by the random start. An update allocates nothing.
 */
public final class Ema implements AutoCloseable {

    private final double decay;
    private final Optimizer kernel;
    private final Workers workers;
    private final Weights weights;
    private final Weights average;
    private final Workers.Task update = this::update;
    private final Chunks chunks;
    private double current;

    /**
     * Opens the average as a copy of the weights.
     *
     * @param decay at least 0 and below 1
     */
    public Ema(double decay, Optimizer kernel, Workers workers, Weights weights) {
        this.decay = decay;
        this.kernel = kernel;
        this.workers = workers;
        this.weights = weights;
        average = Weights.open("averaged weights", weights.parameters());
        average.copyFrom(weights);
        chunks = new Chunks(weights);
    }

    /** Takes the weights of after step {@code steps} into the average. */
    public void step(long steps) {
        current = Math.min(decay, (1.0 + steps) / (10.0 + steps));
        workers.run(update, chunks.count());
        average.changed();
    }

    private void update(int item, int worker) {
        kernel.ema(average.flat().segment(), weights.flat().segment(), current, chunks.from(item), chunks.to(item));
    }

    /** The averaged weights. */
    public Weights average() {
        return average;
    }

    @Override
    public void close() {
        average.close();
    }
}
