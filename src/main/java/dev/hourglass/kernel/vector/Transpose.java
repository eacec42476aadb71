package dev.hourglass.kernel.vector;

/** Turns rows into columns. */
final class Transpose {

    private Transpose() {}

    /**
     * {@code y[c, r] = x[r, c]}.
     *
     * @param x address of {@code [rows, columns]} with {@code xStride} bytes a row
     * @param y address of {@code [columns, rows]} with {@code yStride} bytes a row
     */
    static void copy(long x, long xStride, int rows, int columns, long y, long yStride) {
        for (int c = 0; c < columns; c++) {
            long from = x + c * 4L;
            long to = y + c * yStride;
            for (int r = 0; r < rows; r++) {
                Memory.set(to + r * 4L, Memory.get(from + r * xStride));
            }
        }
    }
}
