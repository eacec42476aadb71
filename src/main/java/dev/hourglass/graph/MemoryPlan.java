package dev.hourglass.graph;

import java.util.List;

/**
 * What a program needs, known before anything is allocated. All sizes in bytes.
 *
 * @param parameters the flat vector of parameters: shared between programs in training; in inference it is there only when somebody
 *     asked for it
 * @param packed parameters in the form the kernels read
 * @param unpacked in inference, parameters that operations read as they are, and what packing one layer's needs beyond the memory that
 *     activations will use
 * @param activations the most that values, gradients of values and buffers need at any one moment, as placed; for a batch in parts, that
 *     of all teams of threads, with the images of the whole batch and the further sums of parameters' gradients
 * @param workspace scratch memory of all workers
 * @param blocks every placed block, for those who want to look
 */
public record MemoryPlan(
        long parameters, long packed, long unpacked, long activations, long workspace, List<Planner.Block> blocks) {

    /** What one program allocates: everything but the flat vector of parameters. */
    public long programBytes() {
        return packed + unpacked + activations + workspace;
    }
}
