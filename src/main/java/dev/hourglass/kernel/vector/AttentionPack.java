package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.AttentionTile.ROWS;
import static dev.hourglass.kernel.vector.AttentionTile.ROW_BYTES;

/** Brings the tokens of one head into the forms that {@link AttentionTile} reads, and its results back. */
final class AttentionPack {

    private AttentionPack() {}

    /**
     * {@code to[token / width, channel, token % width] = factor * from[token, channel]}: a panel for every {@code width} tokens, with
     * zeros for tokens that do not exist. {@link AttentionTile#ROWS} wide it is a left factor, {@link AttentionTile#COLUMNS} a right one.
     *
     * @param stride bytes from token to token
     * @param depth rows of a panel, at least {@code dim}; the others stay as they are
     */
    static void tokens(long from, long stride, int count, int dim, float factor, long to, int depth, int width) {
        for (int first = 0; first < count; first += width) {
            int present = Math.min(width, count - first);
            for (int r = 0; r < present; r++) {
                long column = to + r * 4L;
                long token = from + (first + r) * stride;
                for (int d = 0; d < dim; d++) {
                    Memory.set(column + (long) d * width * 4, factor * Memory.get(token + d * 4L));
                }
            }
            for (int d = 0; d < dim && present < width; d++) {
                fill(to + ((long) d * width + present) * 4, width - present, 0);
            }
            to += (long) depth * width * 4;
        }
    }

    /** One more row of the panels that {@link #tokens} made: {@code factor} times the {@code count} floats at {@code from}, then zeros. */
    static void row(long from, int count, float factor, long to, int row, int depth, int width) {
        to += (long) row * width * 4;
        for (int first = 0; first < count; first += width) {
            int present = Math.min(width, count - first);
            for (int r = 0; r < present; r++) {
                Memory.set(to + r * 4L, factor * Memory.get(from + (first + r) * 4L));
            }
            fill(to + present * 4L, width - present, 0);
            to += (long) depth * width * 4;
        }
    }

    /** One more row of the panels that {@link #tokens} made: all ones. */
    static void ones(int count, long to, int row, int depth, int width) {
        to += (long) row * width * 4;
        for (int first = 0; first < count; first += width) {
            for (int r = 0; r < width; r++) {
                Memory.set(to + r * 4L, 1f);
            }
            to += (long) depth * width * 4;
        }
    }

    /**
     * {@code to[channel / ROWS, token, channel % ROWS] = from[token, channel]}: left factors of products that sum over tokens, with
     * zeros for channels that do not exist.
     *
     * @param panelTokens tokens of a panel, at least {@code count}
     */
    static void channels(long from, long stride, int count, int dim, long to, int panelTokens) {
        for (int first = 0; first < dim; first += ROWS) {
            int present = Math.min(ROWS, dim - first);
            long row = to;
            for (int r = 0; r < count; r++) {
                long token = from + r * stride + first * 4L;
                for (int d = 0; d < present; d++) {
                    Memory.set(row + d * 4L, Memory.get(token + d * 4L));
                }
                fill(row + present * 4L, ROWS - present, 0);
                row += ROWS * 4L;
            }
            to += (long) panelTokens * ROWS * 4;
        }
    }

    /** {@code to[channel] (+)= factor * panel[channel, 0]}: a token comes out of a panel {@code [dim, COLUMNS]}. */
    static void unpack(long panel, int dim, float factor, long to, boolean accumulate) {
        for (int d = 0; d < dim; d++) {
            float value = factor * Memory.get(panel + d * ROW_BYTES);
            Memory.set(to + d * 4L, accumulate ? Memory.get(to + d * 4L) + value : value);
        }
    }

    /** {@code to = value}, {@code count} floats. */
    static void fill(long to, long count, float value) {
        for (long i = 0; i < count; i++) {
            Memory.set(to + i * 4, value);
        }
    }
}
