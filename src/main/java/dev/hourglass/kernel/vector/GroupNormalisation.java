package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;
import static dev.hourglass.kernel.vector.VectorGroupNorm.WIDE;

import jdk.incubator.vector.FloatVector;

/**
 * {@code n = (x - mean) * (gamma * scale) + beta} over pixels of one image (see {@link VectorGroupNorm}), with or without SiLU. SiLU goes over runs
 * that have just been written and are still in the first-level cache.
 */
final class GroupNormalisation {

    /** Floats of a run: half of a first-level cache. */
    private static final int RUN = 4096;

    private GroupNormalisation() {}

    /** {@code y = n} or {@code silu(n)} for consecutive pixels of one image. */
    static void pixels(
            long x,
            long gamma,
            long beta,
            long y,
            long stats,
            long table,
            int pixels,
            int channels,
            int width,
            boolean silu) {
        coefficients(gamma, beta, stats, table, channels, width);
        int step = runPixels(channels);
        for (int p = 0; p < pixels; p += step) {
            int count = Math.min(step, pixels - p);
            long at = (long) p * channels * Float.BYTES;
            run(x + at, y + at, table, count, channels);
            if (silu) {
                values(y + at, count * channels);
            }
        }
    }

    /** {@code dn = dy * silu'(n)}. */
    static void siluGradient(
            long x,
            long gamma,
            long beta,
            long dy,
            long dn,
            long stats,
            long table,
            int pixels,
            int channels,
            int width) {
        coefficients(gamma, beta, stats, table, channels, width);
        int step = runPixels(channels);
        for (int p = 0; p < pixels; p += step) {
            int count = Math.min(step, pixels - p);
            long at = (long) p * channels * Float.BYTES;
            run(x + at, dn + at, table, count, channels);
            gradients(dn + at, dy + at, count * channels);
        }
    }

    /** Pixels of a run: whole rows of {@link VectorGroupNorm}. */
    private static int runPixels(int channels) {
        int perRow = VectorGroupNorm.pixelsPerRow(channels);
        return Math.max(1, RUN / (channels * perRow)) * perRow;
    }

    private static void values(long y, int count) {
        int done = Silu.values(y, y, count);
        for (int i = done; i < count; i++) {
            Memory.set(y + i * 4L, Silu.value(Memory.get(y + i * 4L)));
        }
    }

    private static void gradients(long n, long dy, int count) {
        int done = Silu.gradients(n, dy, n, false, count);
        for (int i = done; i < count; i++) {
            Memory.set(n + i * 4L, Memory.get(dy + i * 4L) * Silu.slope(Memory.get(n + i * 4L)));
        }
    }

    /** {@code y = n} for a run of pixels. */
    private static void run(long x, long y, long table, int pixels, int channels) {
        int perRow = VectorGroupNorm.pixelsPerRow(channels);
        int rows = pixels / perRow;
        int columns = channels * perRow;
        long rowBytes = (long) columns * Float.BYTES;
        int v = 0;
        for (; v <= columns - WIDE * LANES; v += WIDE * LANES) {
            long at = (long) v * Float.BYTES;
            wide(x + at, y + at, table + at, rows, rowBytes);
        }
        for (; v < columns; v += LANES) {
            long at = (long) v * Float.BYTES;
            column(x + at, y + at, table + at, rows, rowBytes);
        }
        for (int c = 0; rows * perRow < pixels && c < channels; c++) {
            long column = table + (long) c * Float.BYTES;
            float mean = Memory.get(column);
            float scale = Memory.get(column + rowBytes);
            float shift = Memory.get(column + 2 * rowBytes);
            for (int p = rows * perRow; p < pixels; p++) {
                long at = ((long) p * channels + c) * Float.BYTES;
                Memory.set(y + at, Math.fma(Memory.get(x + at) - mean, scale, shift));
            }
        }
    }

    /** Writes mean, scale and shift of all columns to {@code table [3, columns]}. */
    private static void coefficients(long gamma, long beta, long stats, long table, int channels, int width) {
        int perRow = VectorGroupNorm.pixelsPerRow(channels);
        long row = (long) channels * perRow * Float.BYTES;
        for (int c = 0; c < channels; c++) {
            long moments = stats + 2L * (c / width) * Float.BYTES;
            float mean = Memory.get(moments);
            float scale = Memory.get(moments + Float.BYTES) * Memory.get(gamma + (long) c * Float.BYTES);
            float shift = Memory.get(beta + (long) c * Float.BYTES);
            for (int p = 0; p < perRow; p++) {
                long at = table + ((long) p * channels + c) * Float.BYTES;
                Memory.set(at, mean);
                Memory.set(at + row, scale);
                Memory.set(at + 2 * row, shift);
            }
        }
    }

    /** {@link VectorGroupNorm#WIDE} vectors of columns. */
    private static void wide(long x, long y, long table, int rows, long rowBytes) {
        long at = table & MASK;
        FloatVector mean0 = FloatVector.fromMemorySegment(S, ALL, at, ORDER);
        FloatVector mean1 = FloatVector.fromMemorySegment(S, ALL, at + BYTES, ORDER);
        FloatVector mean2 = FloatVector.fromMemorySegment(S, ALL, at + 2L * BYTES, ORDER);
        FloatVector mean3 = FloatVector.fromMemorySegment(S, ALL, at + 3L * BYTES, ORDER);
        FloatVector scale0 = FloatVector.fromMemorySegment(S, ALL, at + rowBytes, ORDER);
        FloatVector scale1 = FloatVector.fromMemorySegment(S, ALL, at + rowBytes + BYTES, ORDER);
        FloatVector scale2 = FloatVector.fromMemorySegment(S, ALL, at + rowBytes + 2L * BYTES, ORDER);
        FloatVector scale3 = FloatVector.fromMemorySegment(S, ALL, at + rowBytes + 3L * BYTES, ORDER);
        FloatVector shift0 = FloatVector.fromMemorySegment(S, ALL, at + 2 * rowBytes, ORDER);
        FloatVector shift1 = FloatVector.fromMemorySegment(S, ALL, at + 2 * rowBytes + BYTES, ORDER);
        FloatVector shift2 = FloatVector.fromMemorySegment(S, ALL, at + 2 * rowBytes + 2L * BYTES, ORDER);
        FloatVector shift3 = FloatVector.fromMemorySegment(S, ALL, at + 2 * rowBytes + 3L * BYTES, ORDER);
        for (int r = 0; r < rows; r++) {
            long from = (x + r * rowBytes) & MASK;
            long to = (y + r * rowBytes) & MASK;
            FloatVector.fromMemorySegment(S, ALL, from, ORDER)
                    .sub(mean0)
                    .fma(scale0, shift0)
                    .intoMemorySegment(ALL, to, ORDER);
            FloatVector.fromMemorySegment(S, ALL, from + BYTES, ORDER)
                    .sub(mean1)
                    .fma(scale1, shift1)
                    .intoMemorySegment(ALL, to + BYTES, ORDER);
            FloatVector.fromMemorySegment(S, ALL, from + 2L * BYTES, ORDER)
                    .sub(mean2)
                    .fma(scale2, shift2)
                    .intoMemorySegment(ALL, to + 2L * BYTES, ORDER);
            FloatVector.fromMemorySegment(S, ALL, from + 3L * BYTES, ORDER)
                    .sub(mean3)
                    .fma(scale3, shift3)
                    .intoMemorySegment(ALL, to + 3L * BYTES, ORDER);
        }
    }

    private static void column(long x, long y, long table, int rows, long rowBytes) {
        long at = table & MASK;
        FloatVector means = FloatVector.fromMemorySegment(S, ALL, at, ORDER);
        FloatVector scales = FloatVector.fromMemorySegment(S, ALL, at + rowBytes, ORDER);
        FloatVector shifts = FloatVector.fromMemorySegment(S, ALL, at + 2 * rowBytes, ORDER);
        for (int r = 0; r < rows; r++) {
            FloatVector.fromMemorySegment(S, ALL, (x + r * rowBytes) & MASK, ORDER)
                    .sub(means)
                    .fma(scales, shifts)
                    .intoMemorySegment(ALL, (y + r * rowBytes) & MASK, ORDER);
        }
    }
}
