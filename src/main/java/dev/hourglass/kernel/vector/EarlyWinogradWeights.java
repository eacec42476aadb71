package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.DirectConv2d.panels;
import static dev.hourglass.kernel.vector.RegisterTile.BYTES_ROW;
import static dev.hourglass.kernel.vector.RegisterTile.COLUMNS;

import dev.hourglass.kernel.Conv2dGeometry;
import java.lang.foreign.MemorySegment;

/**
 * Weights that are packed transformed, {@code [side, panels, chains, side, depth, COLUMNS]}: in the order in which a single group of tiles
 * reads them, from beginning to end. The bias {@code [panels, COLUMNS]} follows.
 */
final class EarlyWinogradWeights extends WinogradWeights {

    /** Input channels whose kernels are transformed in one go, at most. */
    private static final int PACKED_CHANNELS = 32;

    EarlyWinogradWeights(WinogradTransform transform) {
        super(transform);
    }

    @Override
    double expansion() {
        return transform.taps() / 9.0;
    }

    @Override
    long packedBytes(Conv2dGeometry g) {
        return transform.side * rowBytes(g) + panels(g) * BYTES_ROW;
    }

    @Override
    long kernelBytes(Conv2dGeometry g) {
        return kernel(PACKED_CHANNELS, 0);
    }

    @Override
    int channels(Conv2dGeometry g, int first) {
        int chain = first / CHAIN * CHAIN;
        return Math.min(PACKED_CHANNELS, chain + depth(g, chain) - first);
    }

    private static int depth(Conv2dGeometry g, int chain) {
        return Math.min(CHAIN, g.cin() - chain);
    }

    @Override
    long kernels(Conv2dGeometry g, MemorySegment packed, int panel, int channel, long scratch) {
        return scratch;
    }

    @Override
    void store(Conv2dGeometry g, MemorySegment packed, int panel, int channel, int count, long kernels) {
        int chain = channel / CHAIN * CHAIN;
        int depth = depth(g, chain);
        for (int i = 0; i < transform.side; i += transform.weightRows(i)) {
            long to = read(g, packed, i, panel, chain, depth, 0) + (channel - chain) * BYTES_ROW;
            transform.weight(i, kernels, to, rowBytes(g), tapStep(depth), count * COLUMNS / Memory.LANES);
        }
    }

    @Override
    long bias(Conv2dGeometry g, MemorySegment packed, int panel) {
        return Memory.address(packed, 0, packedBytes(g) / 4) + transform.side * rowBytes(g) + panel * BYTES_ROW;
    }

    @Override
    int together() {
        return 1;
    }

    @Override
    void approach(Conv2dGeometry g, MemorySegment packed, int panel, int panel0, int panel1, long scratch) {
        // They are read in order, and the products of more tiles hide their way.
    }

    @Override
    int rows(int row) {
        return 1;
    }

    @Override
    int mostRows() {
        return 1;
    }

    @Override
    long readingBytes(Conv2dGeometry g) {
        return 0;
    }

    @Override
    long read(Conv2dGeometry g, MemorySegment packed, int row, int panel, int channel, int depth, long scratch) {
        long first = Memory.address(packed, 0, packedBytes(g) / 4);
        return first + row * rowBytes(g) + panel * panelBytes(g) + channel / CHAIN * chainBytes(CHAIN);
    }

    /** Bytes of one row of taps of one panel. */
    private long panelBytes(Conv2dGeometry g) {
        return (chains(g) - 1) * chainBytes(CHAIN) + chainBytes(depth(g, (chains(g) - 1) * CHAIN));
    }

    private long chainBytes(int depth) {
        return transform.side * tapStep(depth);
    }

    /** Bytes of one row of taps. */
    private long rowBytes(Conv2dGeometry g) {
        return panels(g) * panelBytes(g);
    }
}
