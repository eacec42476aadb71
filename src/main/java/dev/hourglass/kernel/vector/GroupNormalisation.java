package dev.hourglass.kernel.vector;

import jdk.incubator.vector.FloatVector;

/** {@code y = (x - mean) * (gamma * scale) + beta} over one image (see {@link VectorGroupNorm}). */
final class GroupNormalisation {

    private GroupNormalisation() {}

    static void image(long x, long gamma, long beta, long y, long stats, int pixels, int channels, int width) {
        int perRow = VectorGroupNorm.pixelsPerRow(channels);
        int rows = pixels / perRow;
        int columns = channels * perRow;
        for (int v = 0; rows > 0 && v < columns; v += Memory.LANES) {
            long at = (long) v * Float.BYTES;
            long rowBytes = (long) columns * Float.BYTES;
            column(x + at, gamma, beta, y + at, stats, rows, rowBytes, v % channels, channels, width);
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

    private static void column(
            long x,
            long gamma,
            long beta,
            long y,
            long stats,
            int rows,
            long rowBytes,
            int channel,
            int channels,
            int width) {
        FloatVector means = FloatVector.zero(Memory.S);
        FloatVector scales = means;
        FloatVector shifts = means;
        int c = channel;
        for (int lane = 0; lane < Memory.LANES; lane++) {
            long moments = stats + 2L * (c / width) * Float.BYTES;
            float scale = (float) Memory.FLOAT.get(Memory.ALL, moments + Float.BYTES)
                    * (float) Memory.FLOAT.get(Memory.ALL, gamma + (long) c * Float.BYTES);
            float mean = (float) Memory.FLOAT.get(Memory.ALL, moments);
            float shift = (float) Memory.FLOAT.get(Memory.ALL, beta + (long) c * Float.BYTES);
            means = means.withLane(0, mean).rearrange(Lanes.ROTATE);
            scales = scales.withLane(0, scale).rearrange(Lanes.ROTATE);
            shifts = shifts.withLane(0, shift).rearrange(Lanes.ROTATE);
            c = c + 1 == channels ? 0 : c + 1;
        }
        for (int r = 0; r < rows; r++) {
            long at = r * rowBytes;
            FloatVector.fromMemorySegment(Memory.S, Memory.ALL, x + at, Memory.ORDER)
                    .sub(means)
                    .fma(scales, shifts)
                    .intoMemorySegment(Memory.ALL, y + at, Memory.ORDER);
        }
    }
}
