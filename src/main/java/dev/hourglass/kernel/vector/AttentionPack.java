package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.AttentionTile.COLUMNS;
import static dev.hourglass.kernel.vector.AttentionTile.ROW_BYTES;
import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Brings the tokens of one head into the forms that {@link AttentionTile} reads, and its results back. */
final class AttentionPack {

    private AttentionPack() {}

    /**
     * {@code to[token / COLUMNS, channel, token % COLUMNS] = factor * from[token, channel]}: right factors, one panel after the other,
     * with zeros for tokens that do not exist.
     *
     * @param stride bytes from token to token
     * @param depth rows of a panel, at least {@code dim}; the others stay as they are
     */
    static void panels(long from, long stride, int count, int dim, float factor, long to, int depth) {
        for (int first = 0; first < count; first += COLUMNS) {
            int present = Math.min(COLUMNS, count - first);
            int r = 0;
            for (; r <= present - 4; r += 4) { // four tokens at a time: stores side by side
                long column = to + r * 4L;
                long token = from + (first + r) * stride;
                for (int d = 0; d < dim; d++) {
                    Memory.set(column, factor * Memory.get(token));
                    Memory.set(column + 4, factor * Memory.get(token + stride));
                    Memory.set(column + 8, factor * Memory.get(token + 2 * stride));
                    Memory.set(column + 12, factor * Memory.get(token + 3 * stride));
                    column += ROW_BYTES;
                    token += 4;
                }
            }
            for (; r < present; r++) {
                for (int d = 0; d < dim; d++) {
                    float value = factor * Memory.get(from + (first + r) * stride + d * 4L);
                    Memory.set(to + d * ROW_BYTES + r * 4L, value);
                }
            }
            for (int d = 0; d < dim && present < COLUMNS; d++) {
                fill(to + d * ROW_BYTES + present * 4L, COLUMNS - present, 0);
            }
            to += depth * ROW_BYTES;
        }
    }

    /** One more row of the panels: {@code factor} times the {@code count} floats at {@code from}, then zeros. */
    static void panelRow(long from, int count, float factor, long to, int row, int depth) {
        to += row * ROW_BYTES;
        for (int first = 0; first < count; first += COLUMNS) {
            int present = Math.min(COLUMNS, count - first);
            for (int r = 0; r < present; r++) {
                Memory.set(to + r * 4L, factor * Memory.get(from + (first + r) * 4L));
            }
            fill(to + present * 4L, COLUMNS - present, 0);
            to += depth * ROW_BYTES;
        }
    }

    /** One more row of the panels: all ones. */
    static void panelOnes(int count, long to, int row, int depth) {
        to += row * ROW_BYTES;
        for (int first = 0; first < count; first += COLUMNS) {
            fill(to, COLUMNS, 1);
            to += depth * ROW_BYTES;
        }
    }

    /**
     * {@code to[token, channel] = from[token, channel]}, a block as a left factor: the tokens of one head side by side, with zeros behind
     * their channels.
     *
     * @param stride bytes from token to token
     * @param toStride bytes from row to row, whole vectors
     */
    static void block(long from, long stride, int count, int dim, long to, long toStride) {
        int d = 0;
        for (; d < dim; d += LANES) {
            // A processor that has no masked loads reads whole vectors: behind the last tokens there may be no memory.
            int safe = d + LANES <= dim ? count : Math.max(0, count - (int) ((BYTES + stride - 1) / stride));
            VectorMask<Float> present = S.indexInRange(d, dim);
            for (int r = 0; r < safe; r++) {
                FloatVector.fromMemorySegment(S, ALL, (from + r * stride + d * 4L) & MASK, ORDER, present)
                        .intoMemorySegment(ALL, (to + r * toStride + d * 4L) & MASK, ORDER);
            }
            for (int r = safe; r < count; r++) {
                long row = to + r * toStride + d * 4L;
                Rows.zero(row, LANES);
                Rows.copy(from + r * stride + d * 4L, row, dim - d);
            }
        }
        for (int r = 0; r < count && d < toStride / 4; r++) {
            Rows.zero(to + r * toStride + d * 4L, (int) (toStride / 4) - d);
        }
    }

    /** One more channel of a block: {@code factor} times the {@code count} floats at {@code from}. */
    static void blockColumn(long from, int count, float factor, long to, int column, long toStride) {
        for (int r = 0; r < count; r++) {
            Memory.set(to + column * 4L + r * toStride, factor * Memory.get(from + r * 4L));
        }
    }

    /** One more channel of a block: all ones. */
    static void blockOnes(int count, long to, int column, long toStride) {
        for (int r = 0; r < count; r++) {
            Memory.set(to + column * 4L + r * toStride, 1f);
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
