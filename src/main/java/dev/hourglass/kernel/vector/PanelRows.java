package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.RegisterTile.COLUMNS;

import dev.hourglass.kernel.WeightFormat;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Rows of a weight panel, {@link RegisterTile#COLUMNS} weights each, as a {@link WeightFormat} keeps them. In 16 bits the two vectors
 * of a row are one: the first one's weights are the low halves of its 32-bit lanes, the second one's the high halves, so that widening
 * moves nothing from lane to lane.
 */
final class PanelRows {

    private static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, Memory.S.vectorShape());

    private static final int SIGN = 1 << 31;
    private static final int HIGH_HALF = 0xffff << Short.SIZE;

    /** From a fraction of 10 bits to one of 23, for numbers that stand in the upper half. */
    private static final int FRACTION_SHIFT = Short.SIZE - 13;

    private static final int EXPONENT_ONE = 1 << 23;

    /** What float32's exponents are above float16's. */
    private static final int BIAS = 127 - 15 << 23;

    /** The bits of float16's least normal number, 2^-14, as a float. */
    private static final int LEAST_NORMAL = BIAS + EXPONENT_ONE;

    private PanelRows() {}

    /** The memory of one row, in floats. */
    static int floats(WeightFormat format) {
        return COLUMNS * format.bytes() / Float.BYTES;
    }

    /**
     * Rounds one row.
     *
     * @param row address of {@code [COLUMNS]} floats
     * @param to where the row begins in its panel
     */
    static void store(WeightFormat format, long row, long to) {
        if (format == WeightFormat.FLOAT32) {
            Rows.copy(row, to, COLUMNS);
            return;
        }
        for (int lane = 0; lane < LANES; lane++) {
            int low = format.bits(Memory.get(row + lane * 4L));
            int high = format.bits(Memory.get(row + BYTES + lane * 4L));
            Memory.setBits(to + lane * 4L, high << Short.SIZE | low);
        }
    }

    /**
     * Rows as the register tile reads them.
     *
     * @param rows address of {@code count} rows of finite weights
     * @param scratch address of {@code [count, COLUMNS]} floats, used where the rows are of 16 bits
     * @return address of {@code [count, COLUMNS]} floats
     */
    static long widened(WeightFormat format, long rows, int count, long scratch) {
        switch (format) {
            case FLOAT32 -> {
                return rows;
            }
            case BFLOAT16 -> widenBfloat16(rows, count, scratch);
            case FLOAT16 -> {
                widenFloat16(rows, count, Short.SIZE, scratch);
                widenFloat16(rows, count, 0, scratch + BYTES);
            }
        }
        return scratch;
    }

    private static void widenBfloat16(long rows, int count, long out) {
        for (int r = 0; r < count; r++) {
            IntVector pair = IntVector.fromMemorySegment(I, ALL, (rows + (long) r * BYTES) & MASK, ORDER);
            long to = (out + r * 2L * BYTES) & MASK;
            pair.lanewise(VectorOperators.LSHL, Short.SIZE).intoMemorySegment(ALL, to, ORDER);
            pair.and(HIGH_HALF).intoMemorySegment(ALL, to + BYTES, ORDER);
        }
    }

    /**
     * Widens one of the two vectors of each row.
     *
     * @param shift what brings it to the upper halves
     */
    private static void widenFloat16(long rows, int count, int shift, long out) {
        for (int r = 0; r < count; r++) {
            IntVector half = IntVector.fromMemorySegment(I, ALL, (rows + (long) r * BYTES) & MASK, ORDER)
                    .lanewise(VectorOperators.LSHL, shift);
            IntVector magnitude = half.and(HIGH_HALF & ~SIGN).lanewise(VectorOperators.LSHR, FRACTION_SHIFT);
            // All ones for a number without an exponent, which is nothing but a fraction of 2^-14: a 1 is put before it
            // and taken
            // off again, and the subtraction finds the exponent. Subnormal floats, which are slow, do not come up.
            IntVector fraction = magnitude.sub(EXPONENT_ONE).lanewise(VectorOperators.ASHR, Integer.SIZE - 1);
            magnitude
                    .add(BIAS)
                    .add(fraction.and(EXPONENT_ONE))
                    .reinterpretAsFloats()
                    .sub(fraction.and(LEAST_NORMAL).reinterpretAsFloats())
                    .reinterpretAsInts()
                    .or(half.and(SIGN))
                    .intoMemorySegment(ALL, (out + r * 2L * BYTES) & MASK, ORDER);
        }
    }
}
