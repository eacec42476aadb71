package dev.hourglass.kernel.vector;

import jdk.incubator.vector.FloatVector;

/** {@code y = (x - mean) * (gamma * scale) + beta} over one image (see {@link VectorGroupNorm}). */
final class GroupNormalisation {

    private GroupNormalisation() {}

    static void image(
            long x, long gamma, long beta, long y, long stats, long scratch, int pixels, int channels, int width) {
        int perRow = VectorGroupNorm.pixelsPerRow(channels);
        int rows = pixels / perRow;
        int columns = channels * perRow;
        for (int v = 0; rows > 0 && v < columns; v += Memory.LANES) {
            long at = (long) v * Float.BYTES;
            long rowBytes = (long) columns * Float.BYTES;
            coefficients(gamma, beta, stats, scratch, v % channels, channels, width);
            column(x + at, y + at, scratch, rows, rowBytes);
        }
        for (int c = 0; rows * perRow < pixels && c < channels; c++) {
            long moments = stats + 2L * (c / width) * Float.BYTES;
            float mean = Memory.get(moments);
            float scale = Memory.get(moments + Float.BYTES) * Memory.get(gamma + (long) c * Float.BYTES);
            float shift = Memory.get(beta + (long) c * Float.BYTES);
            for (int p = rows * perRow; p < pixels; p++) {
                long at = ((long) p * channels + c) * Float.BYTES;
                Memory.set(y + at, Math.fma(Memory.get(x + at) - mean, scale, shift));
            }
        }
    }

    /** Writes mean, scale and shift of one vector of columns to scratch memory, {@code [3, LANES]}. */
    private static void coefficients(
            long gamma, long beta, long stats, long scratch, int channel, int channels, int width) {
        int c = channel;
        for (int lane = 0; lane < Memory.LANES; lane++) {
            long at = scratch + (long) lane * Float.BYTES;
            long moments = stats + 2L * (c / width) * Float.BYTES;
            float scale = Memory.get(moments + Float.BYTES) * Memory.get(gamma + (long) c * Float.BYTES);
            Memory.set(at, Memory.get(moments));
            Memory.set(at + Memory.BYTES, scale);
            Memory.set(at + 2L * Memory.BYTES, Memory.get(beta + (long) c * Float.BYTES));
            c = c + 1 == channels ? 0 : c + 1;
        }
    }

    private static void column(long x, long y, long scratch, int rows, long rowBytes) {
        FloatVector means = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, scratch, Memory.ORDER);
        FloatVector scales = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, scratch + Memory.BYTES, Memory.ORDER);
        FloatVector shifts =
                FloatVector.fromMemorySegment(Memory.S, Memory.ALL, scratch + 2L * Memory.BYTES, Memory.ORDER);
        for (int r = 0; r < rows; r++) {
            long at = r * rowBytes;
            FloatVector.fromMemorySegment(Memory.S, Memory.ALL, x + at, Memory.ORDER)
                    .sub(means)
                    .fma(scales, shifts)
                    .intoMemorySegment(Memory.ALL, y + at, Memory.ORDER);
        }
    }
}
