package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import jdk.incubator.vector.FloatVector;

/**
 * {@code n = (x - mean) * (gamma * scale) + beta} over one image (see {@link VectorGroupNorm}), with or without SiLU. SiLU goes over runs
 * that have just been written and are still in the first-level cache.
 */
final class GroupNormalisation {

    /** Floats of a run: half of a first-level cache. */
    private static final int RUN = 4096;

    private GroupNormalisation() {}

    /** {@code y = n} or {@code silu(n)}. */
    static void image(
            long x,
            long gamma,
            long beta,
            long y,
            long stats,
            long scratch,
            int pixels,
            int channels,
            int width,
            boolean silu) {
        int step = runPixels(channels);
        for (int p = 0; p < pixels; p += step) {
            int count = Math.min(step, pixels - p);
            long at = (long) p * channels * Float.BYTES;
            pixels(x + at, gamma, beta, y + at, stats, scratch, count, channels, width);
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
            long scratch,
            int pixels,
            int channels,
            int width) {
        int step = runPixels(channels);
        for (int p = 0; p < pixels; p += step) {
            int count = Math.min(step, pixels - p);
            long at = (long) p * channels * Float.BYTES;
            pixels(x + at, gamma, beta, dn + at, stats, scratch, count, channels, width);
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

    private static void pixels(
            long x, long gamma, long beta, long y, long stats, long scratch, int pixels, int channels, int width) {
        int perRow = VectorGroupNorm.pixelsPerRow(channels);
        int rows = pixels / perRow;
        int columns = channels * perRow;
        for (int v = 0; rows > 0 && v < columns; v += LANES) {
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
        for (int lane = 0; lane < LANES; lane++) {
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
        long at = scratch & MASK;
        FloatVector means = FloatVector.fromMemorySegment(S, ALL, at, ORDER);
        FloatVector scales = FloatVector.fromMemorySegment(S, ALL, at + Memory.BYTES, ORDER);
        FloatVector shifts = FloatVector.fromMemorySegment(S, ALL, at + 2L * Memory.BYTES, ORDER);
        for (int r = 0; r < rows; r++) {
            FloatVector.fromMemorySegment(S, ALL, (x + r * rowBytes) & MASK, ORDER)
                    .sub(means)
                    .fma(scales, shifts)
                    .intoMemorySegment(ALL, (y + r * rowBytes) & MASK, ORDER);
        }
    }
}
