package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;
import static dev.hourglass.kernel.vector.VectorGroupNorm.PLANE;
import static dev.hourglass.kernel.vector.VectorGroupNorm.WIDE;
import static dev.hourglass.kernel.vector.VectorGroupNorm.WIDE_RUN;

import jdk.incubator.vector.FloatVector;

/** The sums of {@code dy * xhat} and of {@code dy} over the pixels of one image, by channel (see {@link VectorGroupNorm}). */
final class GroupSums {

    private GroupSums() {}

    /** Fills {@code sums [2, channels]}. */
    static void image(long x, long dy, long stats, long sums, long scratch, int pixels, int channels, int width) {
        int perRow = VectorGroupNorm.pixelsPerRow(channels);
        int rows = pixels / perRow;
        int columns = channels * perRow;
        for (int c = 0; c < channels; c++) {
            long moments = stats + 2L * (c / width) * Float.BYTES;
            float mean = Memory.get(moments);
            double products = 0;
            double gradients = 0;
            for (int p = rows * perRow; p < pixels; p++) {
                long at = ((long) p * channels + c) * Float.BYTES;
                products += (double) (Memory.get(x + at) - mean) * Memory.get(dy + at);
                gradients += Memory.get(dy + at);
            }
            Memory.set(sums + (long) c * Float.BYTES, (float) (products * Memory.get(moments + Float.BYTES)));
            Memory.set(sums + (long) (channels + c) * Float.BYTES, (float) gradients);
        }
        long rowBytes = (long) columns * Float.BYTES;
        int v = 0;
        for (; rows > 0 && v <= columns - WIDE * Memory.LANES; v += WIDE * Memory.LANES) {
            long at = (long) v * Float.BYTES;
            for (int w = 0; w < WIDE; w++) {
                start(stats, scratch + (long) w * BYTES, (v + w * Memory.LANES) % channels, channels, width);
            }
            for (int row = 0; row < rows; row += WIDE_RUN) {
                int count = Math.min(WIDE_RUN, rows - row);
                wide(x + at + row * rowBytes, dy + at + row * rowBytes, scratch, count, rowBytes);
            }
            for (int w = 0; w < WIDE; w++) {
                finish(stats, sums, scratch + (long) w * BYTES, (v + w * Memory.LANES) % channels, channels, width);
            }
        }
        for (; rows > 0 && v < columns; v += Memory.LANES) {
            long at = (long) v * Float.BYTES;
            start(stats, scratch, v % channels, channels, width);
            for (int row = 0; row < rows; row += VectorGroupNorm.RUN) {
                run(x + at, dy + at, scratch, row, Math.min(row + VectorGroupNorm.RUN, rows), rowBytes);
            }
            finish(stats, sums, scratch, v % channels, channels, width);
        }
    }

    /** Three planes of scratch memory: the means of one vector of columns, then sums of products and of gradients, still 0. */
    private static void start(long stats, long scratch, int channel, int channels, int width) {
        int c = channel;
        for (int lane = 0; lane < Memory.LANES; lane++) {
            long at = scratch + (long) lane * Float.BYTES;
            Memory.set(at, Memory.get(stats + 2L * (c / width) * Float.BYTES));
            Memory.set(at + PLANE, 0f);
            Memory.set(at + 2 * PLANE, 0f);
            c = c + 1 == channels ? 0 : c + 1;
        }
    }

    /** Adds rows {@code from} to {@code to} to the sums in scratch memory. */
    private static void run(long x, long dy, long scratch, int from, int to, long rowBytes) {
        int pairs = (to - from) / 2;
        long first = from * rowBytes;
        pairs(x + first, dy + first, scratch, pairs, rowBytes);
        if (from + 2 * pairs < to) {
            long last = (to - 1) * rowBytes;
            row(x + last, dy + last, scratch);
        }
    }

    /** Adds rows of {@link VectorGroupNorm#WIDE} vectors to the sums in scratch memory. */
    private static void wide(long x, long dy, long scratch, int rows, long rowBytes) {
        long at = scratch & MASK;
        FloatVector mean0 = FloatVector.fromMemorySegment(S, ALL, at, ORDER);
        FloatVector mean1 = FloatVector.fromMemorySegment(S, ALL, at + BYTES, ORDER);
        FloatVector mean2 = FloatVector.fromMemorySegment(S, ALL, at + 2L * BYTES, ORDER);
        FloatVector mean3 = FloatVector.fromMemorySegment(S, ALL, at + 3L * BYTES, ORDER);
        FloatVector p0 = FloatVector.zero(S);
        FloatVector g0 = FloatVector.zero(S);
        FloatVector p1 = FloatVector.zero(S);
        FloatVector g1 = FloatVector.zero(S);
        FloatVector p2 = FloatVector.zero(S);
        FloatVector g2 = FloatVector.zero(S);
        FloatVector p3 = FloatVector.zero(S);
        FloatVector g3 = FloatVector.zero(S);
        for (int r = 0; r < rows; r++) {
            long xs = (x + r * rowBytes) & MASK;
            long dys = (dy + r * rowBytes) & MASK;
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, dys, ORDER);
            p0 = FloatVector.fromMemorySegment(S, ALL, xs, ORDER).sub(mean0).fma(d0, p0);
            g0 = g0.add(d0);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, dys + BYTES, ORDER);
            p1 = FloatVector.fromMemorySegment(S, ALL, xs + BYTES, ORDER)
                    .sub(mean1)
                    .fma(d1, p1);
            g1 = g1.add(d1);
            FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, dys + 2L * BYTES, ORDER);
            p2 = FloatVector.fromMemorySegment(S, ALL, xs + 2L * BYTES, ORDER)
                    .sub(mean2)
                    .fma(d2, p2);
            g2 = g2.add(d2);
            FloatVector d3 = FloatVector.fromMemorySegment(S, ALL, dys + 3L * BYTES, ORDER);
            p3 = FloatVector.fromMemorySegment(S, ALL, xs + 3L * BYTES, ORDER)
                    .sub(mean3)
                    .fma(d3, p3);
            g3 = g3.add(d3);
        }
        FloatVector.fromMemorySegment(S, ALL, at + PLANE, ORDER).add(p0).intoMemorySegment(ALL, at + PLANE, ORDER);
        FloatVector.fromMemorySegment(S, ALL, at + 2 * PLANE, ORDER)
                .add(g0)
                .intoMemorySegment(ALL, at + 2 * PLANE, ORDER);
        FloatVector.fromMemorySegment(S, ALL, at + PLANE + BYTES, ORDER)
                .add(p1)
                .intoMemorySegment(ALL, at + PLANE + BYTES, ORDER);
        FloatVector.fromMemorySegment(S, ALL, at + 2 * PLANE + BYTES, ORDER)
                .add(g1)
                .intoMemorySegment(ALL, at + 2 * PLANE + BYTES, ORDER);
        FloatVector.fromMemorySegment(S, ALL, at + PLANE + 2L * BYTES, ORDER)
                .add(p2)
                .intoMemorySegment(ALL, at + PLANE + 2L * BYTES, ORDER);
        FloatVector.fromMemorySegment(S, ALL, at + 2 * PLANE + 2L * BYTES, ORDER)
                .add(g2)
                .intoMemorySegment(ALL, at + 2 * PLANE + 2L * BYTES, ORDER);
        FloatVector.fromMemorySegment(S, ALL, at + PLANE + 3L * BYTES, ORDER)
                .add(p3)
                .intoMemorySegment(ALL, at + PLANE + 3L * BYTES, ORDER);
        FloatVector.fromMemorySegment(S, ALL, at + 2 * PLANE + 3L * BYTES, ORDER)
                .add(g3)
                .intoMemorySegment(ALL, at + 2 * PLANE + 3L * BYTES, ORDER);
    }

    /** Two rows at a time, in sums of their own. */
    private static void pairs(long x, long dy, long scratch, int pairs, long rowBytes) {
        long at = scratch & MASK;
        FloatVector means = FloatVector.fromMemorySegment(S, ALL, at, ORDER);
        FloatVector p0 = FloatVector.zero(S);
        FloatVector g0 = FloatVector.zero(S);
        FloatVector p1 = FloatVector.zero(S);
        FloatVector g1 = FloatVector.zero(S);
        for (int k = 0; k < pairs; k++) {
            long row = 2 * k * rowBytes;
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, (dy + row) & MASK, ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, (dy + row + rowBytes) & MASK, ORDER);
            p0 = FloatVector.fromMemorySegment(S, ALL, (x + row) & MASK, ORDER)
                    .sub(means)
                    .fma(d0, p0);
            p1 = FloatVector.fromMemorySegment(S, ALL, (x + row + rowBytes) & MASK, ORDER)
                    .sub(means)
                    .fma(d1, p1);
            g0 = g0.add(d0);
            g1 = g1.add(d1);
        }
        // Added to the sums of earlier runs only here: short sums round less.
        FloatVector.fromMemorySegment(S, ALL, at + PLANE, ORDER)
                .add(p0.add(p1))
                .intoMemorySegment(ALL, at + PLANE, ORDER);
        FloatVector.fromMemorySegment(S, ALL, at + 2 * PLANE, ORDER)
                .add(g0.add(g1))
                .intoMemorySegment(ALL, at + 2 * PLANE, ORDER);
    }

    private static void row(long x, long dy, long scratch) {
        long at = scratch & MASK;
        FloatVector d = FloatVector.fromMemorySegment(S, ALL, dy & MASK, ORDER);
        FloatVector.fromMemorySegment(S, ALL, x & MASK, ORDER)
                .sub(FloatVector.fromMemorySegment(S, ALL, at, ORDER))
                .fma(d, FloatVector.fromMemorySegment(S, ALL, at + PLANE, ORDER))
                .intoMemorySegment(ALL, at + PLANE, ORDER);
        FloatVector.fromMemorySegment(S, ALL, at + 2 * PLANE, ORDER)
                .add(d)
                .intoMemorySegment(ALL, at + 2 * PLANE, ORDER);
    }

    /** Adds the sums of the columns to their channels. */
    private static void finish(long stats, long sums, long scratch, int channel, int channels, int width) {
        int c = channel;
        for (int lane = 0; lane < Memory.LANES; lane++) {
            long from = scratch + (long) lane * Float.BYTES;
            float scale = Memory.get(stats + (2L * (c / width) + 1) * Float.BYTES);
            long at = sums + (long) c * Float.BYTES;
            Memory.set(at, Math.fma(Memory.get(from + PLANE), scale, Memory.get(at)));
            at += (long) channels * Float.BYTES;
            Memory.set(at, Memory.get(at) + Memory.get(from + 2 * PLANE));
            c = c + 1 == channels ? 0 : c + 1;
        }
    }
}
