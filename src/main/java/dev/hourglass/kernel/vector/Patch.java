package dev.hourglass.kernel.vector;

/** A rectangle of pixels, copied out of an image; what lies outside is zero. */
final class Patch {

    private Patch() {}

    /**
     * Copies {@code rows x columns} pixels from row {@code top} and column {@code left} on, either of which may lie outside.
     *
     * @param image address of an image {@code [h, w]} with {@code pixel} bytes from pixel to pixel
     * @param out address of {@code [rows, columns, channels]}
     */
    static void gather(
            long image, int h, int w, long pixel, int top, int left, int rows, int columns, int channels, long out) {
        long bytes = channels * 4L;
        int begin = Math.clamp(-left, 0, columns);
        int end = Math.clamp(w - left, begin, columns);
        for (int r = 0; r < rows; r++) {
            long to = out + r * columns * bytes;
            if (top + r < 0 || top + r >= h) {
                Rows.zero(to, columns * channels);
                continue;
            }
            long from = image + ((long) (top + r) * w + left) * pixel;
            Rows.zero(to, begin * channels);
            if (pixel == bytes) {
                Rows.copy(from + begin * pixel, to + begin * bytes, (end - begin) * channels);
            } else {
                for (int c = begin; c < end; c++) {
                    Rows.copy(from + c * pixel, to + c * bytes, channels);
                }
            }
            Rows.zero(to + end * bytes, (columns - end) * channels);
        }
    }
}
