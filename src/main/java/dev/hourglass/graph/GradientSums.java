package dev.hourglass.graph;

import dev.hourglass.graph.op.Split;
import dev.hourglass.kernel.Elementwise;
import dev.hourglass.parallel.Workers;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Gradients of all parameters as several sums over different images, so that several threads can add to them, and the sum of the sums,
 * which ends in the first. How many there are and in which order they are added does not depend on the number of threads.
 */
final class GradientSums implements AutoCloseable {

    private final List<Weights> all = new ArrayList<>();
    private final List<MemorySegment> flat;
    private final Elementwise kernel;
    private final Workers workers;
    private final Workers.Task add = this::add;
    private final long floats;

    /**
     * Opens the other sums.
     *
     * @param first the caller's
     */
    GradientSums(Weights first, int count, Elementwise kernel, Workers workers) {
        this.kernel = kernel;
        this.workers = workers;
        all.add(first);
        try {
            while (all.size() < count) {
                all.add(Weights.open("gradients of some images", first.parameters()));
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
        flat = all.stream().map(sum -> sum.flat().segment()).toList();
        floats = first.flat().shape().elements();
    }

    /** All sums, the caller's first. */
    List<Weights> all() {
        return all;
    }

    /** Adds the others to the first, item by item, which stay in cache while the sums are added. */
    void addUp() {
        if (all.size() > 1) {
            workers.run(add, Split.items(floats));
        }
    }

    private void add(int item, int worker) {
        for (int k = 1; k < flat.size(); k++) {
            kernel.copy(flat.get(k), flat.getFirst(), true, Split.from(item), Split.to(item, floats));
        }
    }

    /** Gives the other sums' memory back. */
    @Override
    public void close() {
        all.stream().skip(1).forEach(Weights::close);
    }
}
