package dev.hourglass.graph.op;

import dev.hourglass.parallel.Workers;

/**
 * The usual execution: as many items forward as backward, one after the other or side by side.
 *
 * @param workers who does them
 * @param items how many there are
 * @param forwardTask computes an item of the output
 * @param backwardTask computes an item of the inputs' gradients
 */
record ParallelExecution(Workers workers, int items, Workers.Task forwardTask, Workers.Task backwardTask)
        implements Execution {

    @Override
    public void forward() {
        workers.run(forwardTask, items);
    }

    @Override
    public void backward() {
        workers.run(backwardTask, items);
    }
}
