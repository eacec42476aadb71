package dev.hourglass.kernel.vector;

import jdk.incubator.vector.DoubleVector;

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
            s0 = s0.add(Doubles.load(row));
            s1 = s1.add(Doubles.load(row + next));
        }
        if (accumulate) {
            s0 = s0.add(Doubles.load(sums));
            s1 = s1.add(Doubles.load(sums + next));
        }
        Doubles.store(sums, s0);
        Doubles.store(sums + next, s1);
    }

    private static void vector(long m, int rows, long stride, long sums, boolean accumulate) {
        DoubleVector s = DoubleVector.zero(Doubles.D);
        for (int r = 0; r < rows; r++) {
            s = s.add(Doubles.load(m + r * stride));
        }
        Doubles.store(sums, accumulate ? s.add(Doubles.load(sums)) : s);
    }

    private static void single(long m, int rows, long stride, long sum, boolean accumulate) {
        double s = 0;
        for (int r = 0; r < rows; r++) {
            s += Memory.get(m + r * stride);
        }
        Memory.set(sum, (float) (accumulate ? s + Memory.get(sum) : s));
    }
}
