package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;

import dev.hourglass.kernel.Conv2dGeometry;

/**
 * Transforms the input patches of consecutive tiles. Tiles side by side are done in one go: their columns overlap, so the pass down the
 * columns is shared, and runs over many vectors in a row.
 */
final class WinogradPatches {

    /** What a run of tiles may take between the two passes: half of a first-level cache. */
    private static final int RUN_BYTES = 24 << 10;

    private final WinogradTransform transform;

    WinogradPatches(WinogradTransform transform) {
        this.transform = transform;
    }

    /** Tiles side by side of which so many channels are transformed in one go, {@code side x outputs} vectors each between the passes. */
    int runTiles(int channels) {
        return Math.max(1, RUN_BYTES / (transform.side * transform.outputs * channels * 4));
    }

    /**
     * Bytes of scratch memory that {@link #transform} needs for so many channels or fewer: fewer channels may take more, because more of
     * their tiles make a run.
     */
    long scratchBytes(int channels) {
        long runs = RUN_BYTES / 4 / transform.side + 2L * channels;
        long oneTile = (transform.outputs + 2L) * channels;
        return (transform.side + 1L) * Math.max(runs, oneTile) * 4;
    }

    /**
     * Transforms patches to some rows of taps.
     *
     * @param x address of the input, at the first channel to take
     * @param tile the first tile
     * @param tiles how many
     * @param channels how many channels, a multiple of the vector's lanes
     * @param row0 the first row of taps
     * @param row1 the row after the last
     * @param out address of the first of these taps of the first tile
     * @param tileStep bytes from tile to tile
     * @param tapStep bytes from a tap to the next in its row
     * @param rowStep bytes from a row of taps to the next
     */
    void transform(
            Conv2dGeometry g,
            long x,
            int tile,
            int tiles,
            int channels,
            int row0,
            int row1,
            long out,
            long tileStep,
            long tapStep,
            long rowStep,
            long scratch) {
        int across = transform.tilesAcross(g);
        int down = transform.tilesDown(g);
        int longest = runTiles(channels);
        long image = (long) g.h() * g.w() * g.xStride() * 4;
        int done = 0;
        while (done < tiles) {
            int column = (tile + done) % across;
            int row = (tile + done) / across % down;
            int n = (tile + done) / across / down;
            int run = Math.min(Math.min(longest, across - column), tiles - done);
            int top = row * transform.outputs - g.padTop();
            int left = column * transform.outputs - g.padLeft();
            down(g, x + n * image, top, left, run * transform.outputs + 2, channels, scratch);
            across(run, channels, row0, row1, scratch, out + done * tileStep, tileStep, tapStep, rowStep);
            done += run;
        }
    }

    /** The pass down the columns of a run of patches, to {@code [side, width, channels]} in scratch memory. */
    private void down(Conv2dGeometry g, long image, int top, int left, int width, int channels, long scratch) {
        int side = transform.side;
        long bytes = channels * 4L;
        long pixel = g.xStride() * 4L;
        long outRow = width * bytes;
        int first = Math.clamp(-top, 0, side);
        int last = Math.clamp(g.h() - top, first, side);
        int begin = Math.clamp(-left, 0, width);
        int end = Math.clamp(g.w() - left, begin, width);
        boolean edge = last - first < side;
        long zeros = scratch + side * outRow;
        if (edge) {
            Rows.zero(zeros, width * channels);
        }
        for (int i = 0; i < side && end - begin < width; i++) {
            Rows.zero(scratch + i * outRow, begin * channels);
            Rows.zero(scratch + i * outRow + end * bytes, (width - end) * channels);
        }
        long from = image + ((long) top * g.w() + left) * pixel;
        long inRow = g.w() * pixel;
        // Where pixels adjoin, all of them are one long run of vectors.
        int pixels = pixel == bytes ? 1 : end - begin;
        int vectors = (end - begin) * channels / LANES / Math.max(pixels, 1);
        for (int p = 0; p < pixels; p++) {
            long in = from + (begin + p) * pixel;
            long to = scratch + (begin + p) * bytes;
            if (edge) {
                transform.inputEdge(in, inRow, first, last, zeros, to, outRow, vectors);
            } else {
                transform.input(in, inRow, BYTES, to, outRow, BYTES, vectors);
            }
        }
    }

    /** The pass along the rows of a run of patches. */
    private void across(
            int run,
            int channels,
            int row0,
            int row1,
            long scratch,
            long out,
            long tileStep,
            long tapStep,
            long rowStep) {
        int outputs = transform.outputs;
        long bytes = channels * 4L;
        for (int i = row0; i < row1; i++) {
            long from = scratch + i * (run * outputs + 2) * bytes;
            long to = out + (i - row0) * rowStep;
            transform.input(from, bytes, outputs * bytes, to, tapStep, tileStep, run, channels / LANES);
        }
    }
}
