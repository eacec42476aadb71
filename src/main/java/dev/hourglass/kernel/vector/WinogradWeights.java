package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.RegisterTile.BYTES_ROW;
import static dev.hourglass.kernel.vector.RegisterTile.COLUMNS;
import static dev.hourglass.kernel.vector.RegisterTile.DEPTH;
import static dev.hourglass.kernel.vector.RegisterTile.ZEROS;
import static dev.hourglass.kernel.vector.WinogradTransform.KERNEL_BYTES;

import dev.hourglass.kernel.Conv2dGeometry;
import java.lang.foreign.MemorySegment;

/**
 * The weights of {@link WinogradConv2d}: packed either transformed ({@link EarlyWinogradWeights}) or as they are, a quarter of that, to be
 * transformed whenever they are read ({@link LateWinogradWeights}). What is computed is the same, bit for bit.
 *
 * <p>Output channels come in panels, input channels in chains whose products are added up one after the other. Kernels on their way are
 * {@code [cin, COLUMNS / LANES, 9, LANES]}.
 */
abstract sealed class WinogradWeights permits EarlyWinogradWeights, LateWinogradWeights {

    /**
     * Channels of a chain, at most. Longer chains round off more, and the output's transform magnifies that; a {@link RegisterTile#DEPTH}
     * is a multiple of it.
     */
    static final int CHAIN = Width.MANY_REGISTERS ? DEPTH / 2 : DEPTH;

    /** What taps are apart beside their weights, so that they do not begin in the same set of a cache. */
    private static final long GAP = 64;

    final WinogradTransform transform;

    WinogradWeights(WinogradTransform transform) {
        this.transform = transform;
    }

    /** Chains of input channels. */
    static int chains(Conv2dGeometry g) {
        return (g.cin() + CHAIN - 1) / CHAIN;
    }

    /** How many numbers a weight is packed in. */
    abstract double expansion();

    /** Bytes of weights and bias. */
    abstract long packedBytes(Conv2dGeometry g);

    /** Bytes of scratch memory that packing needs. */
    final long packingBytes(Conv2dGeometry g) {
        return Transpose.SCRATCH_BYTES + kernelBytes(g);
    }

    /** What of it kernels on their way take. */
    abstract long kernelBytes(Conv2dGeometry g);

    /** Packs one panel and its bias; see {@link ForwardConv2d#pack}. */
    final void pack(
            Conv2dGeometry g,
            MemorySegment weight,
            MemorySegment bias,
            MemorySegment packed,
            MemorySegment workspace,
            int panel) {
        packKernels(g, Memory.address(weight, 0, (long) g.depth() * g.cout()), false, packed, workspace, panel);
        int columns = bias == null ? 0 : Math.min(COLUMNS, g.cout() - panel * COLUMNS);
        long biasAt = bias == null ? 0 : Memory.address(bias, 0, g.cout()) + (long) panel * COLUMNS * 4;
        DirectConv2d.packRow(biasAt, bias(g, packed, panel), columns);
    }

    /** Packs one panel of an adjoint's kernels; see {@link ForwardConv2d#packAdjoint}. */
    final void packAdjoint(
            Conv2dGeometry adjoint, MemorySegment weight, MemorySegment packed, MemorySegment workspace, int panel) {
        long from = Memory.address(weight, 0, (long) adjoint.depth() * adjoint.cout());
        packKernels(adjoint, from, true, packed, workspace, panel);
        Rows.zero(bias(adjoint, packed, panel), COLUMNS);
    }

    /**
     * Packs one panel's kernels.
     *
     * @param adjoint whether the weights are those of the convolution that {@code g} is the adjoint of
     */
    private void packKernels(
            Conv2dGeometry g, long weight, boolean adjoint, MemorySegment packed, MemorySegment workspace, int panel) {
        int in = g.cin();
        int out = g.cout();
        long transposing = Memory.address(workspace, 0, packingBytes(g) / 4);
        long step = kernel(1, 0);
        int count;
        for (int ci = 0; ci < in; ci += count) {
            count = channels(g, ci);
            long kernels = kernels(g, packed, panel, ci, transposing + Transpose.SCRATCH_BYTES);
            for (int tap = 0; tap < 9; tap++) {
                for (int c = 0; c < COLUMNS; c += LANES) {
                    int column = panel * COLUMNS + c;
                    long to = kernels + kernel(0, c) + (long) tap * BYTES;
                    if (column >= out) {
                        Im2col.column(ZEROS, 0, to, step, count);
                    } else if (adjoint) {
                        long from = weight + (((8L - tap) * out + column) * in + ci) * 4;
                        Transpose.copy(from, in * 4L, LANES, count, to, step, transposing);
                    } else {
                        long from = weight + (((long) tap * in + ci) * out + column) * 4;
                        Im2col.column(from, out * 4L, to, step, count);
                    }
                }
            }
            store(g, packed, panel, ci, count, kernels);
        }
    }

    /** Where the kernel of an input channel and a column of a panel begins, in bytes. */
    static long kernel(int channel, int column) {
        return (channel * (long) COLUMNS + column) / LANES * KERNEL_BYTES;
    }

    /** How many input channels are packed in one go. */
    abstract int channels(Conv2dGeometry g, int first);

    /** Where a panel's kernels from an input channel on are brought. */
    abstract long kernels(Conv2dGeometry g, MemorySegment packed, int panel, int channel, long scratch);

    /** Packs kernels that have been brought there. */
    abstract void store(Conv2dGeometry g, MemorySegment packed, int panel, int channel, int count, long kernels);

    /** Address of a panel's bias {@code [COLUMNS]}. */
    abstract long bias(Conv2dGeometry g, MemorySegment packed, int panel);

    /** How many rows of taps are multiplied by a panel before the next panel comes. */
    abstract int together();

    /**
     * Brings the next panel, or some, near before it is read, where that pays.
     *
     * @param panel the next panel
     * @param panel0 the first one of the item
     * @param panel1 the one behind its last
     * @param scratch address of a float to write
     */
    abstract void approach(Conv2dGeometry g, MemorySegment packed, int panel, int panel0, int panel1, long scratch);

    /** How many rows of taps {@link #read} brings together. */
    abstract int rows(int row);

    /** The most that {@link #rows} says. */
    abstract int mostRows();

    /** Bytes of scratch memory that {@link #read} needs. */
    abstract long readingBytes(Conv2dGeometry g);

    /**
     * Transformed weights of some rows of taps, one panel and one chain: {@code [rows, side, depth, COLUMNS]}.
     *
     * @param row the first row
     * @param channel the chain's first channel
     * @param depth the chain's channels
     * @param scratch address of {@link #readingBytes}; may be where the weights are until the next call
     * @return address of the first tap; the next ones are {@link #tapStep} apart
     */
    abstract long read(
            Conv2dGeometry g, MemorySegment packed, int row, int panel, int channel, int depth, long scratch);

    /** Bytes from tap to tap. */
    static long tapStep(int depth) {
        return depth * BYTES_ROW + GAP;
    }
}
