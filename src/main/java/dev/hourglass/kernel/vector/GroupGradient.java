package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.GroupTable.RECORD;
import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import jdk.incubator.vector.FloatVector;

/**
 * {@code dx (+)= scale * (gamma * dy - mean of gamma dy - xhat * mean of gamma dy xhat)} over one image, the means over the group (see
 * {@link VectorGroupNorm}); computed as {@code factor * dy + (x - mean) * slope + offset} with coefficients by channel.
 */
final class GroupGradient {

    private GroupGradient() {}

    /**
     * The gradient of one image's input.
     *
     * @param dx may be {@code dy}
     * @param sums {@code [2, channels]}, from {@link GroupSums}
     */
    static void image(
            long x,
            long gamma,
            long stats,
            long dy,
            long dx,
            boolean accumulate,
            long sums,
            long table,
            int pixels,
            int channels,
            int width) {
        int columns = channels * VectorGroupNorm.pixelsPerRow(channels);
        int rows = pixels * channels / columns;
        coefficients(gamma, stats, sums, table, pixels, channels, width);
        run(x, dy, dx, accumulate, table, rows * columns / LANES, columns / LANES);
        for (int i = rows * columns; i < pixels * channels; i++) {
            long at = (long) i * Float.BYTES;
            long column = GroupTable.at(table, i % channels);
            float centred = Memory.get(x + at) - Memory.get(column + GroupTable.MEAN);
            float value =
                    Math.fma(centred, Memory.get(column + GroupTable.SLOPE), Memory.get(column + GroupTable.OFFSET));
            value = Math.fma(Memory.get(dy + at), Memory.get(column + GroupTable.FACTOR), value);
            Memory.set(dx + at, accumulate ? value + Memory.get(dx + at) : value);
        }
    }

    /** Writes mean, factor, offset and slope of all columns. */
    private static void coefficients(
            long gamma, long stats, long sums, long table, int pixels, int channels, int width) {
        int perRow = VectorGroupNorm.pixelsPerRow(channels);
        double share = 1 / ((double) pixels * width);
        for (int c0 = 0; c0 < channels; c0 += width) {
            long moments = stats + 2L * (c0 / width) * Float.BYTES;
            float mean = Memory.get(moments);
            float scale = Memory.get(moments + Float.BYTES);
            double products = 0;
            double gradients = 0;
            for (int c = c0; c < c0 + width; c++) {
                double factor = Memory.get(gamma + (long) c * Float.BYTES);
                products += factor * Memory.get(sums + (long) c * Float.BYTES);
                gradients += factor * Memory.get(sums + (long) (channels + c) * Float.BYTES);
            }
            float b = (float) (-scale * (gradients * share));
            float slope = (float) (-(double) scale * scale * (products * share));
            for (int p = 0; p < perRow; p++) {
                for (int c = c0; c < c0 + width; c++) {
                    long at = GroupTable.at(table, p * channels + c);
                    Memory.set(at + GroupTable.MEAN, mean);
                    Memory.set(at + GroupTable.FACTOR, scale * Memory.get(gamma + (long) c * Float.BYTES));
                    Memory.set(at + GroupTable.OFFSET, b);
                    Memory.set(at + GroupTable.SLOPE, slope);
                }
            }
        }
    }

    private static void run(long x, long dy, long dx, boolean accumulate, long table, int vectors, int perRow) {
        int column = 0;
        for (int i = 0; i < vectors; i++) {
            long at = (long) i * BYTES;
            long record = (table + column * RECORD) & MASK;
            FloatVector value = FloatVector.fromMemorySegment(S, ALL, (x + at) & MASK, ORDER)
                    .sub(FloatVector.fromMemorySegment(S, ALL, record + GroupTable.MEAN, ORDER))
                    .fma(
                            FloatVector.fromMemorySegment(S, ALL, record + GroupTable.SLOPE, ORDER),
                            FloatVector.fromMemorySegment(S, ALL, record + GroupTable.OFFSET, ORDER));
            value = FloatVector.fromMemorySegment(S, ALL, (dy + at) & MASK, ORDER)
                    .fma(FloatVector.fromMemorySegment(S, ALL, record + GroupTable.FACTOR, ORDER), value);
            if (accumulate) {
                value.add(FloatVector.fromMemorySegment(S, ALL, (dx + at) & MASK, ORDER))
                        .intoMemorySegment(ALL, (dx + at) & MASK, ORDER);
            } else {
                value.intoMemorySegment(ALL, (dx + at) & MASK, ORDER);
            }
            column = column + 1 == perRow ? 0 : column + 1;
        }
    }
}
