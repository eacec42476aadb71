package dev.hourglass.kernel.vector;

import dev.hourglass.kernel.Conv2dGeometry;
import java.lang.foreign.MemorySegment;

/** One algorithm for the gradient of a convolution's weights; the methods are those of {@link dev.hourglass.kernel.Conv2d}. */
sealed interface WeightGradient permits DirectConv2dGradient, NarrowConv2dGradient, WinogradConv2dGradient {

    int items(Conv2dGeometry g);

    long partialBytes(Conv2dGeometry g);

    long workspaceBytes(Conv2dGeometry g);

    /**
     * Computes one item's share of the sums.
     *
     * @param x address of the input
     * @param dy address of the output's gradient
     */
    void compute(Conv2dGeometry g, long x, long dy, MemorySegment partials, MemorySegment workspace, int item);

    int reduceItems(Conv2dGeometry g);

    void reduce(
            Conv2dGeometry g,
            MemorySegment partials,
            MemorySegment dweight,
            MemorySegment dbias,
            boolean accumulate,
            MemorySegment workspace,
            int item);
}
