package dev.hourglass.graph;

import dev.hourglass.memory.Slab;
import java.lang.foreign.MemorySegment;

/**
 * What passes only read: weights in the form the kernels read and, in inference, the parameters that operations read as they are. Programs
 * that walk through different images at the same time share it.
 */
final class PackedWeights implements AutoCloseable {

    private final Weights weights;
    private final Slab slab;
    private long version = -1;

    PackedWeights(Weights weights, long bytes) {
        this.weights = weights;
        slab = Slab.open("packed weights", bytes);
    }

    MemorySegment slice(long offset, long bytes) {
        return slab.slice(offset, bytes);
    }

    /** Whether the weights have changed since they were packed. */
    boolean stale() {
        return version != weights.version();
    }

    /** Says that everything is packed. */
    void packed() {
        version = weights.version();
    }

    @Override
    public void close() {
        slab.close();
    }
}
