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
 * {@code n = (x - mean) * (gamma * scale) + beta} over pixels of one image (see {@link VectorGroupNorm}), with or without SiLU. SiLU goes over runs
 * that have just been written and are still in the first-level cache.
 */
final class GroupNormalisation {

    /** Floats of a run: a third of a first-level cache. */
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
        int columns = channels * VectorGroupNorm.pixelsPerRow(channels);
        int floats = pixels * channels;
        int whole = floats / columns * columns;
        int step = Math.max(1, RUN / columns) * columns;
        for (int i = 0; i < whole; i += step) {
            int count = Math.min(step, whole - i);
            long at = (long) i * Float.BYTES;
            run(x + at, y + at, table, count / LANES, columns / LANES);
            if (silu) {
                Silu.values(y + at, y + at, count);
            }
        }
        for (int i = whole; i < floats; i++) {
            long at = (long) i * Float.BYTES;
            long column = GroupTable.at(table, i % channels);
            float centred = Memory.get(x + at) - Memory.get(column + GroupTable.MEAN);
            float n = Math.fma(centred, Memory.get(column + GroupTable.SCALE), Memory.get(column + GroupTable.SHIFT));
            Memory.set(y + at, silu ? Silu.value(n) : n);
        }
    }

    /** Writes mean, scale and shift of all columns. */
    static void coefficients(long gamma, long beta, long stats, long table, int channels, int width) {
        int perRow = VectorGroupNorm.pixelsPerRow(channels);
        for (int c = 0; c < channels; c++) {
            long moments = stats + 2L * (c / width) * Float.BYTES;
            float mean = Memory.get(moments);
            float scale = Memory.get(moments + Float.BYTES) * Memory.get(gamma + (long) c * Float.BYTES);
            float shift = Memory.get(beta + (long) c * Float.BYTES);
            for (int p = 0; p < perRow; p++) {
                long at = GroupTable.at(table, p * channels + c);
                Memory.set(at + GroupTable.MEAN, mean);
                Memory.set(at + GroupTable.SCALE, scale);
                Memory.set(at + GroupTable.SHIFT, shift);
            }
        }
    }

    private static void run(long x, long y, long table, int vectors, int perRow) {
        int column = 0;
        for (int i = 0; i < vectors; i++) {
            long record = (table + column * RECORD) & MASK;
            FloatVector.fromMemorySegment(S, ALL, (x + (long) i * BYTES) & MASK, ORDER)
                    .sub(FloatVector.fromMemorySegment(S, ALL, record + GroupTable.MEAN, ORDER))
                    .fma(
                            FloatVector.fromMemorySegment(S, ALL, record + GroupTable.SCALE, ORDER),
                            FloatVector.fromMemorySegment(S, ALL, record + GroupTable.SHIFT, ORDER))
                    .intoMemorySegment(ALL, (y + (long) i * BYTES) & MASK, ORDER);
            column = column + 1 == perRow ? 0 : column + 1;
        }
    }
}
