package dev.hourglass.kernel.vector;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Sums of matrix columns, added up from the top in double: the same bits as the plain loop at every width. */
final class ColumnSums {

    private static final int PANEL = 2 * Doubles.LANES;

    private ColumnSums() {}

    /**
     * {@code sums[c] (+)= sum over r of m[r, c]}.
     *
     * @param m {@code [rows, columns]} with {@code stride} bytes from row to row
     */
    static void sum(long m, int rows, long stride, int columns, long sums, boolean accumulate) {
        int c = 0;
        for (; c <= columns - PANEL; c += PANEL) {
            panel(m + (long) c * Float.BYTES, rows, stride, sums + (long) c * Float.BYTES, accumulate);
        }
        for (; c <= columns - Doubles.LANES; c += Doubles.LANES) {
            vector(m + (long) c * Float.BYTES, rows, stride, sums + (long) c * Float.BYTES, accumulate);
        }
        for (; c < columns; c++) {
            single(m + (long) c * Float.BYTES, rows, stride, sums + (long) c * Float.BYTES, accumulate);
        }
    }

    private static void panel(long m, int rows, long stride, long sums, boolean accumulate) {
        final long next = (long) Doubles.LANES * Float.BYTES;
        DoubleVector s0 = DoubleVector.zero(Doubles.D);
        DoubleVector s1 = s0;
        for (int r = 0; r < rows; r++) {
            long row = m + r * stride;
            s0 = s0.add(((DoubleVector)
                    FloatVector.fromMemorySegment(Doubles.HALF, Memory.ALL, row & Memory.MASK, Memory.ORDER)
                            .convertShape(VectorOperators.F2D, Doubles.D, 0)));
            s1 = s1.add(((DoubleVector)
                    FloatVector.fromMemorySegment(Doubles.HALF, Memory.ALL, (row + next) & Memory.MASK, Memory.ORDER)
                            .convertShape(VectorOperators.F2D, Doubles.D, 0)));
        }
        if (accumulate) {
            s0 = s0.add(((DoubleVector)
                    FloatVector.fromMemorySegment(Doubles.HALF, Memory.ALL, sums & Memory.MASK, Memory.ORDER)
                            .convertShape(VectorOperators.F2D, Doubles.D, 0)));
            s1 = s1.add(((DoubleVector)
                    FloatVector.fromMemorySegment(Doubles.HALF, Memory.ALL, (sums + next) & Memory.MASK, Memory.ORDER)
                            .convertShape(VectorOperators.F2D, Doubles.D, 0)));
        }
        ((FloatVector) (s0).convertShape(VectorOperators.D2F, Doubles.HALF, 0))
                .intoMemorySegment(Memory.ALL, sums & Memory.MASK, Memory.ORDER);
        ((FloatVector) (s1).convertShape(VectorOperators.D2F, Doubles.HALF, 0))
                .intoMemorySegment(Memory.ALL, (sums + next) & Memory.MASK, Memory.ORDER);
    }

    private static void vector(long m, int rows, long stride, long sums, boolean accumulate) {
        DoubleVector s = DoubleVector.zero(Doubles.D);
        for (int r = 0; r < rows; r++) {
            s = s.add(((DoubleVector) FloatVector.fromMemorySegment(
                            Doubles.HALF, Memory.ALL, (m + r * stride) & Memory.MASK, Memory.ORDER)
                    .convertShape(VectorOperators.F2D, Doubles.D, 0)));
        }
        ((FloatVector) (accumulate
                                ? s.add(((DoubleVector) FloatVector.fromMemorySegment(
                                                Doubles.HALF, Memory.ALL, sums & Memory.MASK, Memory.ORDER)
                                        .convertShape(VectorOperators.F2D, Doubles.D, 0)))
                                : s)
                        .convertShape(VectorOperators.D2F, Doubles.HALF, 0))
                .intoMemorySegment(Memory.ALL, sums & Memory.MASK, Memory.ORDER);
    }

    private static void single(long m, int rows, long stride, long sum, boolean accumulate) {
        double s = 0;
        for (int r = 0; r < rows; r++) {
            s += Memory.get(m + r * stride);
        }
        Memory.set(sum, (float) (accumulate ? s + Memory.get(sum) : s));
    }
}
