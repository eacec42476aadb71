package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;

import dev.hourglass.kernel.Conv2dGeometry;

/**
 * Transforms the input patches of consecutive tiles. Tiles side by side are done in one go: their columns overlap, so the pass down the
 * columns is shared, and runs over many vectors in a row.
 */
final class WinogradPatches {

    /** What a run of tiles may take between the two passes: part of a first-level cache. */
    private static final int RUN_BYTES = 20 << 10;

    private final WinogradTransform transform;

    WinogradPatches(WinogradTransform transform) {
        this.transform = transform;
    }

    private int runTiles(int channels) {
        return Math.max(1, RUN_BYTES / (transform.side * transform.outputs * channels * 4));
    }

    /**
     * Bytes of scratch memory that {@link #transform} needs for so many channels or fewer: fewer channels may take more, because more of
     * their tiles make a run.
     */
    long scratchBytes(int channels) {
        long runs = RUN_BYTES / 4 / transform.side + 2L * channels;
        long oneTile = (transform.outputs + 2L) * channels;
        return 2L * transform.side * Math.max(runs, oneTile) * 4;
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
        if (top < 0 || top + side > g.h()) {
            long patch = scratch + side * outRow;
            Patch.gather(image, g.h(), g.w(), pixel, top, left, side, width, channels, patch);
            transform.input(patch, outRow, BYTES, scratch, outRow, BYTES, width * channels / LANES);
            return;
        }
        int begin = Math.clamp(-left, 0, width);
        int end = Math.clamp(g.w() - left, begin, width);
        for (int i = 0; i < side && end - begin < width; i++) {
            Rows.zero(scratch + i * outRow, begin * channels);
            Rows.zero(scratch + i * outRow + end * bytes, (width - end) * channels);
        }
        long from = image + ((long) top * g.w() + left) * pixel;
        long inRow = g.w() * pixel;
        if (pixel == bytes) {
            int vectors = (end - begin) * channels / LANES;
            transform.input(from + begin * pixel, inRow, BYTES, scratch + begin * bytes, outRow, BYTES, vectors);
        } else {
            for (int c = begin; c < end; c++) {
                transform.input(from + c * pixel, inRow, BYTES, scratch + c * bytes, outRow, BYTES, channels / LANES);
            }
        }
    }

    /** The pass along the rows of a run of patches. The inner loop goes over tiles or over channels, whichever are more. */
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
        int vectors = channels / LANES;
        long bytes = channels * 4L;
        for (int i = row0; i < row1; i++) {
            long from = scratch + i * (run * outputs + 2) * bytes;
            long to = out + (i - row0) * rowStep;
            if (run >= vectors) {
                for (int v = 0; v < vectors; v++) {
                    long at = (long) v * BYTES;
                    transform.input(from + at, bytes, outputs * bytes, to + at, tapStep, tileStep, run);
                }
            } else {
                for (int t = 0; t < run; t++) {
                    transform.input(
                            from + t * outputs * bytes, bytes, BYTES, to + t * tileStep, tapStep, BYTES, vectors);
                }
            }
        }
    }
}
