package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;

/**
 * Numbers for each column of an image as {@link VectorGroupNorm} sees it: a record of some vectors for each vector of columns, so that a
 * kernel walks straight through the image and, in step and over and over, through the records of a row.
 */
final class GroupTable {

    /** Vectors of a record. */
    static final int VECTORS = 7;

    /** Bytes of a record. */
    static final long RECORD = (long) VECTORS * BYTES;

    // Places of vectors in a record. The mean is that of the group.
    static final long MEAN = 0;

    // x -> n = (x - mean) * scale + shift
    static final long SCALE = BYTES;
    static final long SHIFT = 2L * BYTES;

    // Sums over a run of rows and over all rows; what is summed is named by GroupSums.
    static final long RUN_PRODUCTS = 3L * BYTES;
    static final long RUN_GRADIENTS = 4L * BYTES;
    static final long PRODUCTS = 5L * BYTES;
    static final long GRADIENTS = 6L * BYTES;

    // dn, x -> dx = dn * factor + (x - mean) * slope + offset
    static final long FACTOR = BYTES;
    static final long OFFSET = 2L * BYTES;
    static final long SLOPE = 3L * BYTES;

    private GroupTable() {}

    /** Floats of a table for a row of so many channels. */
    static long floats(int channels) {
        return (long) VECTORS * channels * VectorGroupNorm.pixelsPerRow(channels);
    }

    /** Where the lane of a column is in the first vector of its record. */
    static long at(long table, int column) {
        return table + column / LANES * RECORD + (long) (column % LANES) * Float.BYTES;
    }
}
