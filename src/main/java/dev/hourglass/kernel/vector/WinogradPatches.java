package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;

import dev.hourglass.kernel.Conv2dGeometry;

/**
 * Transforms the input patches of consecutive tiles, in two passes. That down the columns goes along runs of tiles side by side, whose
 * columns overlap, and leaves {@code [side, columns, channels]}; that along the rows makes one row of taps of it at a time, so that
 * transformed patches can stay near until they are multiplied.
 */
final class WinogradPatches {

    private final WinogradTransform transform;

    WinogradPatches(WinogradTransform transform) {
        this.transform = transform;
    }

    /** Bytes that {@link #down} writes, scratch memory included. */
    long bytes(Conv2dGeometry g, int tiles, int channels) {
        long zeros = Math.min(tiles, transform.tilesAcross(g)) * transform.outputs + 2L;
        return (transform.side * columns(g, tiles) + zeros) * channels * 4;
    }

    /** Columns of the patches of consecutive tiles, at most: two more than outputs for each run. */
    private long columns(Conv2dGeometry g, int tiles) {
        int across = transform.tilesAcross(g);
        long runs = 1 + (tiles - 2L + across) / across;
        return tiles * (long) transform.outputs + 2 * runs;
    }

    /**
     * The pass down the columns.
     *
     * @param x address of the input, at the first channel to take
     * @param tile the first tile
     * @param tiles how many
     * @param channels how many channels, a multiple of the vector's lanes
     * @param out address of {@link #bytes}
     */
    void down(Conv2dGeometry g, long x, int tile, int tiles, int channels, long out) {
        long image = (long) g.h() * g.w() * g.xStride() * 4;
        long bytes = channels * 4L;
        long outRow = columns(g, tiles) * bytes;
        long zeros = out + transform.side * outRow;
        long to = out;
        int run;
        for (int done = 0; done < tiles; done += run) {
            int first = tile + done;
            run = transform.run(g, first, tiles - done);
            int top = transform.top(g, first) - g.padTop();
            int left = transform.left(g, first) - g.padLeft();
            int width = run * transform.outputs + 2;
            down(g, x + transform.image(g, first) * image, top, left, width, channels, to, outRow, zeros);
            to += width * bytes;
        }
    }

    private void down(
            Conv2dGeometry g,
            long image,
            int top,
            int left,
            int width,
            int channels,
            long out,
            long outRow,
            long zeros) {
        int side = transform.side;
        long bytes = channels * 4L;
        long pixel = g.xStride() * 4L;
        int first = Math.clamp(-top, 0, side);
        int last = Math.clamp(g.h() - top, first, side);
        int begin = Math.clamp(-left, 0, width);
        int end = Math.clamp(g.w() - left, begin, width);
        boolean edge = last - first < side;
        if (edge) {
            Rows.zero(zeros, width * channels);
        }
        for (int i = 0; i < side && end - begin < width; i++) {
            Rows.zero(out + i * outRow, begin * channels);
            Rows.zero(out + i * outRow + end * bytes, (width - end) * channels);
        }
        long from = image + ((long) top * g.w() + left) * pixel;
        long inRow = g.w() * pixel;
        // Where pixels adjoin, all of them are one long run of vectors.
        int pixels = pixel == bytes ? 1 : end - begin;
        int vectors = (end - begin) * channels / LANES / Math.max(pixels, 1);
        for (int p = 0; p < pixels; p++) {
            long in = from + (begin + p) * pixel;
            long to = out + (begin + p) * bytes;
            if (edge) {
                transform.inputEdge(in, inRow, first, last, zeros, to, outRow, vectors);
            } else {
                transform.input(in, inRow, BYTES, to, outRow, BYTES, vectors);
            }
        }
    }

    /**
     * The pass along one row, of some of the tiles.
     *
     * @param tile the first tile, and
     * @param tiles how many, as in {@link #down}
     * @param begin the first to take, counted from {@code tile}
     * @param end the one after the last
     * @param channels how many channels there are in {@code columns}
     * @param row the row of taps
     * @param columns address of what {@link #down} wrote, at the first channel to take
     * @param taken how many channels to take
     * @param out address of the row's first tap of tile {@code begin}
     * @param tileStep bytes from tile to tile
     * @param tapStep bytes from tap to tap
     */
    void across(
            Conv2dGeometry g,
            int tile,
            int tiles,
            int begin,
            int end,
            int channels,
            int row,
            long columns,
            int taken,
            long out,
            long tileStep,
            long tapStep) {
        int outputs = transform.outputs;
        int across = transform.tilesAcross(g);
        long bytes = channels * 4L;
        long from = columns + row * columns(g, tiles) * bytes;
        int run;
        for (int done = begin; done < end; done += run) {
            run = transform.run(g, tile + done, end - done);
            int runsBefore = (tile + done) / across - tile / across;
            long in = from + (done * outputs + 2 * runsBefore) * bytes;
            long to = out + (done - begin) * tileStep;
            transform.input(in, bytes, outputs * bytes, to, tapStep, tileStep, run, taken / LANES);
        }
    }
}
