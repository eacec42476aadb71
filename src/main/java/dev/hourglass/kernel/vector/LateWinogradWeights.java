package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.DirectConv2d.panels;
import static dev.hourglass.kernel.vector.ReadAhead.STREAMS;
import static dev.hourglass.kernel.vector.RegisterTile.BYTES_ROW;
import static dev.hourglass.kernel.vector.RegisterTile.COLUMNS;

import dev.hourglass.kernel.Conv2dGeometry;
import java.lang.foreign.MemorySegment;

/**
 * Weights that are packed as they are, each panel's bias behind its kernels, and are transformed for each group of tiles, some rows of
 * taps at a time. That pays where tiles are few and transformed weights would come from far, four times as many.
 */
final class LateWinogradWeights extends WinogradWeights {

    /** Bytes of panels that are brought near together, where one has less: about half of a second-level cache. */
    private static final long NEAR = 320 << 10;

    LateWinogradWeights(WinogradTransform transform) {
        super(transform);
    }

    @Override
    double expansion() {
        return 1;
    }

    @Override
    long packedBytes(Conv2dGeometry g) {
        return panels(g) * panelBytes(g);
    }

    @Override
    long kernelBytes(Conv2dGeometry g) {
        return 0;
    }

    @Override
    int channels(Conv2dGeometry g, int first) {
        return g.cin() - first;
    }

    @Override
    long kernels(Conv2dGeometry g, MemorySegment packed, int panel, int channel, long scratch) {
        return Memory.address(packed, panel * panelBytes(g) / 4, panelBytes(g) / 4) + kernel(channel, 0);
    }

    @Override
    void store(Conv2dGeometry g, MemorySegment packed, int panel, int channel, int count, long kernels) {
        // They are where they belong.
    }

    @Override
    long bias(Conv2dGeometry g, MemorySegment packed, int panel) {
        return kernels(g, packed, panel, g.cin(), 0);
    }

    /** All of them: a panel comes from far once, and is in the second-level cache when it is read for the other rows. */
    @Override
    int together() {
        return transform.side;
    }

    @Override
    void approach(Conv2dGeometry g, MemorySegment packed, int panel, int panel0, int panel1, long scratch) {
        int most = Math.clamp(NEAR / panelBytes(g), 1, panels(g));
        if ((panel - panel0) % most == 0) {
            long stream = Math.min(most, panel1 - panel) * panelBytes(g) / STREAMS;
            ReadAhead.touchInStreams(kernels(g, packed, panel, 0, 0), stream, STREAMS, stream, scratch);
        }
    }

    @Override
    int rows(int row) {
        return transform.weightRows(row);
    }

    @Override
    int mostRows() {
        return 2;
    }

    @Override
    long readingBytes(Conv2dGeometry g) {
        return mostRows() * rowStep(Math.min(CHAIN, g.cin()));
    }

    @Override
    long read(Conv2dGeometry g, MemorySegment packed, int row, int panel, int channel, int depth, long scratch) {
        long kernels = kernels(g, packed, panel, channel, 0);
        transform.weight(row, kernels, scratch, rowStep(depth), tapStep(depth), depth * COLUMNS / Memory.LANES);
        return scratch;
    }

    private long rowStep(int depth) {
        return transform.side * tapStep(depth);
    }

    private static long panelBytes(Conv2dGeometry g) {
        return kernel(g.cin(), 0) + BYTES_ROW;
    }
}
