package dev.hourglass.graph;

import dev.hourglass.kernel.Kernels;
import java.util.function.IntFunction;

/**
 * How a batch is cut into parts, and how threads share them out: in teams, each of which walks through parts of its own.
 *
 * @param batch images
 * @param size images of a part
 * @param lanes parts {@code k, k + lanes, ..} are walked through one after the other; in training their gradients add up in one sum
 * @param teams how many lanes are walked through at the same time
 */
record BatchCut(int batch, int size, int lanes, int teams) {

    /** Images of a part in training, at most: enough to make good for adding up all parameters' gradients once more. */
    private static final int MOST_TRAINED = 16;

    /** Sums of gradients, at most: enough threads find one each, and memory does not grow with the batch. */
    private static final int MOST_SUMS = 16;

    /**
     * Bytes of a part's activations, at most, for several teams: they hold as much each. Longer layers keep all threads busy anyway.
     */
    private static final long MOST_TEAM_BYTES = 256L << 20;

    int parts() {
        return ceil(batch, size);
    }

    /**
     * As many images as make one pass over the weights cheap beside the passes over the activations: few for large images and small
     * networks, whose activations then stay in cache, the whole batch for large networks. Fewer, down to a quarter, where that gives
     * every thread the same number of parts.
     */
    static BatchCut inference(IntFunction<Graph> graphs, int batch, Kernels kernels, int threads) {
        MemoryPlan one = Program.plan(graphs.apply(1), Purpose.INFERENCE, kernels, 1);
        int worthwhile = Math.clamp((one.parameters() + one.activations() - 1) / one.activations(), 1, batch);
        int parts = ceil(batch, worthwhile);
        int size = ceil(batch, parts);
        if (worthwhile * one.activations() > MOST_TEAM_BYTES) {
            return new BatchCut(batch, size, parts, 1);
        }
        int even = ceil(batch, ceil(parts, threads) * threads);
        if (4 * even >= worthwhile) {
            size = even;
            parts = ceil(batch, size);
        }
        return new BatchCut(batch, size, parts, teams(parts, threads));
    }

    /**
     * The largest part that divides the batch, as gradients are means over whole parts; the batch where that would be small. Parts of
     * small images and networks have sums of gradients of their own. All of this follows from shapes alone, so that weights do not
     * depend on the number of threads.
     */
    static BatchCut training(IntFunction<Graph> graphs, int batch, Purpose purpose, Kernels kernels, int threads) {
        int size = trainingSize(batch);
        int parts = batch / size;
        MemoryPlan part = Program.plan(graphs.apply(size), purpose, kernels, 1);
        boolean small = part.parameters() <= part.activations() && part.activations() <= MOST_TEAM_BYTES;
        int sums = small ? Math.min(parts, MOST_SUMS) : 1;
        return new BatchCut(batch, size, sums, teams(sums, threads));
    }

    private static int trainingSize(int batch) {
        for (int size = Math.min(batch, MOST_TRAINED); size > MOST_TRAINED / 2; size--) {
            if (batch % size == 0) {
                return size;
            }
        }
        return batch;
    }

    /** The number of teams that are done first if a team's speed grows with its threads; the most such teams, as they meet least. */
    private static int teams(int lanes, int threads) {
        int best = 1;
        for (int teams = 2; teams <= Math.min(lanes, threads); teams++) {
            // rounds / threads of a team, compared without division
            if (ceil(lanes, teams) * (threads / best) <= ceil(lanes, best) * (threads / teams)) {
                best = teams;
            }
        }
        return best;
    }

    private static int ceil(int count, int size) {
        return (count + size - 1) / size;
    }
}
