package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.GroupTable.RECORD;
import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import jdk.incubator.vector.FloatVector;

/** The sums of {@code dy * xhat} and of {@code dy} over the pixels of one image, by channel (see {@link VectorGroupNorm}). */
final class GroupSums {

    /** Rows that are added up before they are added to the sums of earlier ones: short sums round less. */
    static final int RUN = 64;

    private GroupSums() {}

    /** Fills {@code sums [2, channels]}. */
    static void image(long x, long dy, long stats, long sums, long table, int pixels, int channels, int width) {
        int columns = channels * VectorGroupNorm.pixelsPerRow(channels);
        int rows = pixels * channels / columns;
        for (int i = 0; i < columns; i++) {
            Memory.set(GroupTable.at(table, i) + GroupTable.MEAN, Memory.get(stats + 2L * (i % channels / width) * 4));
        }
        start(table, columns);
        for (int row = 0; row < rows; row += RUN) {
            long first = (long) row * columns * Float.BYTES;
            run(x + first, dy + first, table, Math.min(RUN, rows - row) * columns / LANES, columns / LANES);
            add(table, columns / LANES);
        }
        finish(x, dy, stats, sums, table, pixels, channels, width);
    }

    /** Sets all sums to 0. */
    static void start(long table, int columns) {
        for (int v = 0; v < columns / LANES; v++) {
            Rows.zero(table + v * RECORD + GroupTable.RUN_PRODUCTS, 4 * LANES);
        }
    }

    private static void run(long x, long dy, long table, int vectors, int perRow) {
        int column = 0;
        for (int i = 0; i < vectors; i++) {
            long to = (table + column * RECORD) & MASK;
            FloatVector d = FloatVector.fromMemorySegment(S, ALL, (dy + (long) i * BYTES) & MASK, ORDER);
            FloatVector.fromMemorySegment(S, ALL, (x + (long) i * BYTES) & MASK, ORDER)
                    .sub(FloatVector.fromMemorySegment(S, ALL, to + GroupTable.MEAN, ORDER))
                    .fma(d, FloatVector.fromMemorySegment(S, ALL, to + GroupTable.RUN_PRODUCTS, ORDER))
                    .intoMemorySegment(ALL, to + GroupTable.RUN_PRODUCTS, ORDER);
            FloatVector.fromMemorySegment(S, ALL, to + GroupTable.RUN_GRADIENTS, ORDER)
                    .add(d)
                    .intoMemorySegment(ALL, to + GroupTable.RUN_GRADIENTS, ORDER);
            column = column + 1 == perRow ? 0 : column + 1;
        }
    }

    /** Adds the sums of a run to the others and sets them to 0. */
    static void add(long table, int perRow) {
        for (int v = 0; v < perRow; v++) {
            long record = table + v * RECORD;
            long run = record + GroupTable.RUN_PRODUCTS;
            Rows.add(run, record + GroupTable.PRODUCTS, record + GroupTable.PRODUCTS, 2 * LANES);
            Rows.zero(run, 2 * LANES);
        }
    }

    /** Adds the sums of the columns to those of the pixels that fill no row, channel by channel. */
    static void finish(long x, long dy, long stats, long sums, long table, int pixels, int channels, int width) {
        int perRow = VectorGroupNorm.pixelsPerRow(channels);
        for (int c = 0; c < channels; c++) {
            long moments = stats + 2L * (c / width) * Float.BYTES;
            float mean = Memory.get(moments);
            double products = 0;
            double gradients = 0;
            for (int p = pixels / perRow * perRow; p < pixels; p++) {
                long at = ((long) p * channels + c) * Float.BYTES;
                products += (double) (Memory.get(x + at) - mean) * Memory.get(dy + at);
                gradients += Memory.get(dy + at);
            }
            for (int p = 0; p < perRow; p++) {
                long at = GroupTable.at(table, p * channels + c);
                products += Memory.get(at + GroupTable.PRODUCTS);
                gradients += Memory.get(at + GroupTable.GRADIENTS);
            }
            Memory.set(sums + (long) c * Float.BYTES, (float) (products * Memory.get(moments + Float.BYTES)));
            Memory.set(sums + (long) (channels + c) * Float.BYTES, (float) gradients);
        }
    }
}
