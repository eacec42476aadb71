package dev.hourglass.kernel.vector;

import jdk.incubator.vector.FloatVector;

/** The sums of {@code dy * xhat} and of {@code dy} over the pixels of one image, by channel (see {@link VectorGroupNorm}). */
final class GroupSums {

    private GroupSums() {}

    /** Fills {@code sums [2, channels]}. */
    static void image(long x, long dy, long stats, long sums, int pixels, int channels, int width) {
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
            column(x + at, dy + at, stats, sums, rows, rowBytes, v % channels, channels, width);
        }
    }

    private static void column(
            long x, long dy, long stats, long sums, int rows, long rowBytes, int channel, int channels, int width) {
        FloatVector means = FloatVector.zero(Memory.S);
        int c = channel;
        for (int lane = 0; lane < Memory.LANES; lane++) {
            float mean = (float) Memory.FLOAT.get(Memory.ALL, stats + 2L * (c / width) * Float.BYTES);
            means = means.withLane(0, mean).rearrange(Lanes.ROTATE);
            c = c + 1 == channels ? 0 : c + 1;
        }
        FloatVector products = FloatVector.zero(Memory.S);
        FloatVector gradients = FloatVector.zero(Memory.S);
        for (int start = 0; start < rows; start += VectorGroupNorm.RUN) {
            int end = Math.min(start + VectorGroupNorm.RUN, rows);
            long at = start * rowBytes;
            FloatVector p0 = FloatVector.zero(Memory.S);
            FloatVector p1 = p0;
            FloatVector g0 = p0;
            FloatVector g1 = p0;
            int r = start;
            for (; r < end - 1; r += 2) {
                FloatVector d0 = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, dy + at, Memory.ORDER);
                FloatVector d1 = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, dy + at + rowBytes, Memory.ORDER);
                p0 = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, x + at, Memory.ORDER)
                        .sub(means)
                        .fma(d0, p0);
                p1 = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, x + at + rowBytes, Memory.ORDER)
                        .sub(means)
                        .fma(d1, p1);
                g0 = g0.add(d0);
                g1 = g1.add(d1);
                at += 2 * rowBytes;
            }
            if (r < end) {
                FloatVector d = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, dy + at, Memory.ORDER);
                p0 = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, x + at, Memory.ORDER)
                        .sub(means)
                        .fma(d, p0);
                g0 = g0.add(d);
            }
            products = products.add(p0.add(p1));
            gradients = gradients.add(g0.add(g1));
        }
        c = channel;
        for (int lane = 0; lane < Memory.LANES; lane++) {
            float scale = (float) Memory.FLOAT.get(Memory.ALL, stats + (2L * (c / width) + 1) * Float.BYTES);
            long at = sums + (long) c * Float.BYTES;
            Memory.FLOAT.set(
                    Memory.ALL, at, Math.fma(products.lane(0), scale, (float) Memory.FLOAT.get(Memory.ALL, at)));
            at += (long) channels * Float.BYTES;
            Memory.FLOAT.set(Memory.ALL, at, (float) Memory.FLOAT.get(Memory.ALL, at) + gradients.lane(0));
            products = products.rearrange(Lanes.ROTATE);
            gradients = gradients.rearrange(Lanes.ROTATE);
            c = c + 1 == channels ? 0 : c + 1;
        }
    }
}
