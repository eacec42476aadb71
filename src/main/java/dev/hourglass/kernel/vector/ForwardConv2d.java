package dev.hourglass.kernel.vector;

import dev.hourglass.kernel.Conv2dGeometry;
import java.lang.foreign.MemorySegment;

/** One algorithm for a convolution's forward pass; the methods are those of {@link dev.hourglass.kernel.Conv2d}. */
sealed interface ForwardConv2d permits DirectConv2d, NarrowConv2d, ShiftedConv2d, WinogradConv2d {

    long packedBytes(Conv2dGeometry g);

    int packItems(Conv2dGeometry g);

    void pack(
            Conv2dGeometry g,
            MemorySegment weight,
            MemorySegment bias,
            MemorySegment packed,
            MemorySegment workspace,
            int item);

    /** Packs the weights of a convolution for its adjoint: channels swapped, taps in reverse order. */
    void packAdjoint(
            Conv2dGeometry adjoint, MemorySegment weight, MemorySegment packed, MemorySegment workspace, int item);

    long workspaceBytes(Conv2dGeometry g);

    int forwardItems(Conv2dGeometry g);

    /**
     * Computes one item.
     *
     * @param x address of the input
     * @param addend address of what is added to the output, or 0
     * @param y address of the output
     */
    void forward(
            Conv2dGeometry g,
            long x,
            MemorySegment packed,
            MemorySegment shift,
            long addend,
            long y,
            MemorySegment workspace,
            int item);
}
