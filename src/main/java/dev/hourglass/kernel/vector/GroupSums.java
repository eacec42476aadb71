package dev.hourglass.kernel.vector;

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
        for (int v = 0; rows > 0 && v < columns; v += Memory.LANES) {
            long at = (long) v * Float.BYTES;
            long rowBytes = (long) columns * Float.BYTES;
            start(stats, scratch, v % channels, channels, width);
            for (int row = 0; row < rows; row += VectorGroupNorm.RUN) {
                run(x + at, dy + at, scratch, row, Math.min(row + VectorGroupNorm.RUN, rows), rowBytes);
            }
            finish(stats, sums, scratch, v % channels, channels, width);
        }
    }

    /** Scratch memory {@code [3, LANES]}: the means of one vector of columns, then sums of products and of gradients, still 0. */
    private static void start(long stats, long scratch, int channel, int channels, int width) {
        int c = channel;
        for (int lane = 0; lane < Memory.LANES; lane++) {
            long at = scratch + (long) lane * Float.BYTES;
            Memory.set(at, Memory.get(stats + 2L * (c / width) * Float.BYTES));
            Memory.set(at + Memory.BYTES, 0f);
            Memory.set(at + 2L * Memory.BYTES, 0f);
            c = c + 1 == channels ? 0 : c + 1;
        }
    }

    /** Adds rows {@code from} to {@code to} to the sums in scratch memory. */
    private static void run(long x, long dy, long scratch, int from, int to, long rowBytes) {
        FloatVector means = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, scratch & Memory.MASK, Memory.ORDER);
        FloatVector p0 = FloatVector.zero(Memory.S);
        FloatVector p1 = p0;
        FloatVector g0 = p0;
        FloatVector g1 = p0;
        long at = from * rowBytes;
        int r = from;
        for (; r < to - 1; r += 2) {
            FloatVector d0 = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (dy + at) & Memory.MASK, Memory.ORDER);
            FloatVector d1 = FloatVector.fromMemorySegment(
                    Memory.S, Memory.ALL, (dy + at + rowBytes) & Memory.MASK, Memory.ORDER);
            p0 = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (x + at) & Memory.MASK, Memory.ORDER)
                    .sub(means)
                    .fma(d0, p0);
            p1 = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (x + at + rowBytes) & Memory.MASK, Memory.ORDER)
                    .sub(means)
                    .fma(d1, p1);
            g0 = g0.add(d0);
            g1 = g1.add(d1);
            at += 2 * rowBytes;
        }
        if (r < to) {
            FloatVector d = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (dy + at) & Memory.MASK, Memory.ORDER);
            p0 = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (x + at) & Memory.MASK, Memory.ORDER)
                    .sub(means)
                    .fma(d, p0);
            g0 = g0.add(d);
        }
        long products = scratch + Memory.BYTES;
        long gradients = scratch + 2L * Memory.BYTES;
        FloatVector.fromMemorySegment(Memory.S, Memory.ALL, products & Memory.MASK, Memory.ORDER)
                .add(p0.add(p1))
                .intoMemorySegment(Memory.ALL, products & Memory.MASK, Memory.ORDER);
        FloatVector.fromMemorySegment(Memory.S, Memory.ALL, gradients & Memory.MASK, Memory.ORDER)
                .add(g0.add(g1))
                .intoMemorySegment(Memory.ALL, gradients & Memory.MASK, Memory.ORDER);
    }

    /** Adds the sums of the columns to their channels. */
    private static void finish(long stats, long sums, long scratch, int channel, int channels, int width) {
        int c = channel;
        for (int lane = 0; lane < Memory.LANES; lane++) {
            long from = scratch + (long) lane * Float.BYTES;
            float scale = Memory.get(stats + (2L * (c / width) + 1) * Float.BYTES);
            long at = sums + (long) c * Float.BYTES;
            Memory.set(at, Math.fma(Memory.get(from + Memory.BYTES), scale, Memory.get(at)));
            at += (long) channels * Float.BYTES;
            Memory.set(at, Memory.get(at) + Memory.get(from + 2L * Memory.BYTES));
            c = c + 1 == channels ? 0 : c + 1;
        }
    }
}
