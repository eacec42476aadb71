package dev.hourglass.kernel.vector;

/** A rectangle of pixels, copied out of an image; what lies outside is zero. */
final class Patch {

    private Patch() {}

    /**
     * Copies {@code rows x columns} pixels from row {@code top} and column {@code left} on, which may be negative.
     *
     * @param image address of an image {@code [h, w]} with {@code pixel} bytes from pixel to pixel
     * @param out address of {@code [rows, columns, channels]}
     */
    static void gather(
            long image, int h, int w, long pixel, int top, int left, int rows, int columns, int channels, long out) {
        long to = out;
        for (int r = top; r < top + rows; r++) {
            for (int c = left; c < left + columns; c++) {
                if (r < 0 || r >= h || c < 0 || c >= w) {
                    Rows.zero(to, channels);
                } else {
                    Rows.copy(image + ((long) r * w + c) * pixel, to, channels);
                }
                to += channels * 4L;
            }
        }
    }
}
