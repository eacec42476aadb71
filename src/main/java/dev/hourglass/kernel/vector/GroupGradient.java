package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.VectorGroupNorm.PLANE;

import jdk.incubator.vector.FloatVector;

/**
 * {@code dx (+)= scale * (gamma * dy - mean of gamma dy - xhat * mean of gamma dy xhat)} over one image, the means over the group (see
 * {@link VectorGroupNorm}); computed as {@code a * dy + b + slope * (x - mean)} with coefficients by channel.
 */
final class GroupGradient {

    private GroupGradient() {}

    /**
     * The gradient of one image's input.
     *
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
            long scratch,
            int pixels,
            int channels,
            int width) {
        int perRow = VectorGroupNorm.pixelsPerRow(channels);
        int rows = pixels / perRow;
        int columns = channels * perRow;
        double share = 1 / ((double) pixels * width);
        for (int v = 0; rows > 0 && v < columns; v += Memory.LANES) {
            long at = (long) v * Float.BYTES;
            long rowBytes = (long) columns * Float.BYTES;
            coefficients(gamma, stats, sums, scratch, v % channels, channels, width, share);
            column(x + at, dy + at, dx + at, accumulate, scratch, rows, rowBytes);
        }
        for (int c = 0; rows * perRow < pixels && c < channels; c++) {
            int group = c / width;
            float mean = Memory.get(stats + 2L * group * Float.BYTES);
            float scale = Memory.get(stats + (2L * group + 1) * Float.BYTES);
            float a = scale * Memory.get(gamma + (long) c * Float.BYTES);
            float b = offset(sums, gamma, scale, group, channels, width, share);
            float slope = slope(sums, gamma, scale, group, width, share);
            for (int p = rows * perRow; p < pixels; p++) {
                long at = ((long) p * channels + c) * Float.BYTES;
                float value = Math.fma(Memory.get(dy + at), a, Math.fma(Memory.get(x + at) - mean, slope, b));
                Memory.set(dx + at, accumulate ? value + Memory.get(dx + at) : value);
            }
        }
    }

    /** Writes mean, a, b and slope of one vector of columns to four planes of scratch memory. */
    private static void coefficients(
            long gamma, long stats, long sums, long scratch, int channel, int channels, int width, double share) {
        int c = channel;
        int known = -1; // the group that b and slope are of
        float b = 0;
        float slope = 0;
        for (int lane = 0; lane < Memory.LANES; lane++) {
            int group = c / width;
            float scale = Memory.get(stats + (2L * group + 1) * Float.BYTES);
            if (group != known) {
                b = offset(sums, gamma, scale, group, channels, width, share);
                slope = slope(sums, gamma, scale, group, width, share);
                known = group;
            }
            long at = scratch + (long) lane * Float.BYTES;
            Memory.set(at, Memory.get(stats + 2L * group * Float.BYTES));
            Memory.set(at + PLANE, scale * Memory.get(gamma + (long) c * Float.BYTES));
            Memory.set(at + 2 * PLANE, b);
            Memory.set(at + 3 * PLANE, slope);
            c = c + 1 == channels ? 0 : c + 1;
        }
    }

    private static void column(long x, long dy, long dx, boolean accumulate, long scratch, int rows, long rowBytes) {
        FloatVector means = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, scratch & Memory.MASK, Memory.ORDER);
        FloatVector as =
                FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (scratch + PLANE) & Memory.MASK, Memory.ORDER);
        FloatVector bs =
                FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (scratch + 2 * PLANE) & Memory.MASK, Memory.ORDER);
        FloatVector slopes =
                FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (scratch + 3 * PLANE) & Memory.MASK, Memory.ORDER);
        for (int r = 0; r < rows; r++) {
            long at = r * rowBytes;
            FloatVector value = FloatVector.fromMemorySegment(
                            Memory.S, Memory.ALL, (x + at) & Memory.MASK, Memory.ORDER)
                    .sub(means)
                    .fma(slopes, bs);
            value = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (dy + at) & Memory.MASK, Memory.ORDER)
                    .fma(as, value);
            if (accumulate) {
                value.add(FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (dx + at) & Memory.MASK, Memory.ORDER))
                        .intoMemorySegment(Memory.ALL, (dx + at) & Memory.MASK, Memory.ORDER);
            } else {
                value.intoMemorySegment(Memory.ALL, (dx + at) & Memory.MASK, Memory.ORDER);
            }
        }
    }

    private static float offset(long sums, long gamma, float scale, int group, int channels, int width, double share) {
        return (float) (-scale * mean(sums + (long) channels * Float.BYTES, gamma, group, width, share));
    }

    private static float slope(long sums, long gamma, float scale, int group, int width, double share) {
        return (float) (-(double) scale * scale * mean(sums, gamma, group, width, share));
    }

    /** The mean over one group of {@code gamma} times what {@code sums [channels]} sums. */
    private static double mean(long sums, long gamma, int group, int width, double share) {
        double total = 0;
        for (int c = group * width; c < (group + 1) * width; c++) {
            long at = (long) c * Float.BYTES;
            total += (double) Memory.get(sums + at) * Memory.get(gamma + at);
        }
        return total * share;
    }
}
