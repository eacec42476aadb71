package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;
import static dev.hourglass.kernel.vector.VectorGroupNorm.PLANE;
import static dev.hourglass.kernel.vector.VectorGroupNorm.WIDE;
import static dev.hourglass.kernel.vector.VectorGroupNorm.WIDE_RUN;

import jdk.incubator.vector.FloatVector;

/**
 * Means and variances of the groups of one image (see {@link VectorGroupNorm}). Each column is summed about a guess of its own mean, so
 * that a mean far from zero costs no digits; columns are merged into groups in double (Chan, Golub and LeVeque 1983). Until the last
 * step a group's entry in the statistics holds its mean, less its first element, and its sum of squared deviations.
 */
final class GroupMoments {

    /**
     * A column's mean is guessed from every eighth row or more, but from sixteen where there are as many. Whatever the data, the square
     * of the guess's error is at most eight times the variance, so that the sum of squares about it keeps its digits.
     */
    private static final int SAMPLE_STEP = 8;

    private static final int SAMPLES = 16;

    private GroupMoments() {}

    /** Fills {@code stats [groups, 2]} with mean and {@code 1 / sqrt(variance + eps)}. */
    static void image(long x, long stats, long scratch, int pixels, int channels, int width, float eps) {
        int perRow = VectorGroupNorm.pixelsPerRow(channels);
        int rows = pixels / perRow;
        int rest = pixels - rows * perRow;
        int groups = channels / width;
        for (int g = 0; g < groups; g++) {
            rest(x, stats + 2L * g * Float.BYTES, pixels - rest, pixels, channels, g * width, width);
        }
        if (rows > 0) {
            int columns = channels * perRow;
            long rowBytes = (long) columns * Float.BYTES;
            int v = 0;
            for (; v <= columns - WIDE * Memory.LANES; v += WIDE * Memory.LANES) {
                long top = x + (long) v * Float.BYTES;
                for (int w = 0; w < WIDE; w++) {
                    guess(top + (long) w * BYTES, scratch + (long) w * BYTES, rows, rowBytes);
                }
                for (int row = 0; row < rows; row += WIDE_RUN) {
                    wide(top + row * rowBytes, scratch, Math.min(WIDE_RUN, rows - row), rowBytes);
                }
                for (int w = 0; w < WIDE; w++) {
                    int column = v + w * Memory.LANES;
                    mergeColumns(x, stats, scratch + (long) w * BYTES, column, rows, rest, channels, width);
                }
            }
            for (; v < columns; v += Memory.LANES) {
                long top = x + (long) v * Float.BYTES;
                guess(top, scratch, rows, rowBytes);
                for (int row = 0; row < rows; row += VectorGroupNorm.RUN) {
                    run(top, scratch, row, Math.min(row + VectorGroupNorm.RUN, rows), rowBytes);
                }
                mergeColumns(x, stats, scratch, v, rows, rest, channels, width);
            }
        }
        for (int g = 0; g < groups; g++) {
            long at = stats + 2L * g * Float.BYTES;
            double mean = (double) Memory.get(at) + Memory.get(x + (long) g * width * Float.BYTES);
            double variance = Memory.get(at + Float.BYTES) / ((double) pixels * width);
            Memory.set(at, (float) mean);
            Memory.set(at + Float.BYTES, (float) (1 / Math.sqrt(variance + eps)));
        }
    }

    /** The moments of one group over pixels {@code from} to {@code to}; zeros where there are none. */
    private static void rest(long x, long moments, int from, int to, int channels, int channel, int width) {
        double origin = Memory.get(x + (long) channel * Float.BYTES);
        double count = (double) (to - from) * width;
        double sum = 0;
        for (int p = from; p < to; p++) {
            for (int c = channel; c < channel + width; c++) {
                sum += Memory.get(x + ((long) p * channels + c) * Float.BYTES) - origin;
            }
        }
        double mean = from == to ? 0 : sum / count;
        double squares = 0;
        for (int p = from; p < to; p++) {
            for (int c = channel; c < channel + width; c++) {
                double deviation = Memory.get(x + ((long) p * channels + c) * Float.BYTES) - origin - mean;
                squares += deviation * deviation;
            }
        }
        Memory.set(moments, (float) mean);
        Memory.set(moments + Float.BYTES, (float) squares);
    }

    /** Three planes of scratch memory: guesses of the means of one vector of columns, then sums and squares, still 0. */
    private static void guess(long top, long scratch, int rows, long rowBytes) {
        int sampleStep = Math.clamp(rows / SAMPLES, 1, SAMPLE_STEP);
        int samples = (rows + sampleStep - 1) / sampleStep;
        FloatVector zero = FloatVector.zero(Memory.S);
        FloatVector sum = zero;
        for (int r = 0; r < samples; r++) {
            sum = sum.add(FloatVector.fromMemorySegment(
                    Memory.S, Memory.ALL, (top + r * (sampleStep * rowBytes)) & Memory.MASK, Memory.ORDER));
        }
        sum.mul(1f / samples).intoMemorySegment(Memory.ALL, scratch & Memory.MASK, Memory.ORDER);
        zero.intoMemorySegment(Memory.ALL, (scratch + PLANE) & Memory.MASK, Memory.ORDER);
        zero.intoMemorySegment(Memory.ALL, (scratch + 2 * PLANE) & Memory.MASK, Memory.ORDER);
    }

    /** Adds rows {@code from} to {@code to}, less the guess, to the sums and squares in scratch memory. */
    private static void run(long top, long scratch, int from, int to, long rowBytes) {
        int pairs = (to - from) / 2;
        pairs(top + from * rowBytes, scratch, pairs, rowBytes);
        if (from + 2 * pairs < to) {
            row(top + (to - 1) * rowBytes, scratch);
        }
    }

    /** Adds rows of {@link VectorGroupNorm#WIDE} vectors, less their guesses, to the sums and squares in scratch memory. */
    private static void wide(long top, long scratch, int rows, long rowBytes) {
        long at = scratch & MASK;
        FloatVector g0 = FloatVector.fromMemorySegment(S, ALL, at, ORDER);
        FloatVector g1 = FloatVector.fromMemorySegment(S, ALL, at + BYTES, ORDER);
        FloatVector g2 = FloatVector.fromMemorySegment(S, ALL, at + 2L * BYTES, ORDER);
        FloatVector g3 = FloatVector.fromMemorySegment(S, ALL, at + 3L * BYTES, ORDER);
        FloatVector s0 = FloatVector.zero(S);
        FloatVector q0 = FloatVector.zero(S);
        FloatVector s1 = FloatVector.zero(S);
        FloatVector q1 = FloatVector.zero(S);
        FloatVector s2 = FloatVector.zero(S);
        FloatVector q2 = FloatVector.zero(S);
        FloatVector s3 = FloatVector.zero(S);
        FloatVector q3 = FloatVector.zero(S);
        for (int r = 0; r < rows; r++) {
            long row = (top + r * rowBytes) & MASK;
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, row, ORDER).sub(g0);
            FloatVector d1 =
                    FloatVector.fromMemorySegment(S, ALL, row + BYTES, ORDER).sub(g1);
            FloatVector d2 = FloatVector.fromMemorySegment(S, ALL, row + 2L * BYTES, ORDER)
                    .sub(g2);
            FloatVector d3 = FloatVector.fromMemorySegment(S, ALL, row + 3L * BYTES, ORDER)
                    .sub(g3);
            s0 = s0.add(d0);
            q0 = d0.fma(d0, q0);
            s1 = s1.add(d1);
            q1 = d1.fma(d1, q1);
            s2 = s2.add(d2);
            q2 = d2.fma(d2, q2);
            s3 = s3.add(d3);
            q3 = d3.fma(d3, q3);
        }
        FloatVector.fromMemorySegment(S, ALL, at + PLANE, ORDER).add(s0).intoMemorySegment(ALL, at + PLANE, ORDER);
        FloatVector.fromMemorySegment(S, ALL, at + 2 * PLANE, ORDER)
                .add(q0)
                .intoMemorySegment(ALL, at + 2 * PLANE, ORDER);
        FloatVector.fromMemorySegment(S, ALL, at + PLANE + BYTES, ORDER)
                .add(s1)
                .intoMemorySegment(ALL, at + PLANE + BYTES, ORDER);
        FloatVector.fromMemorySegment(S, ALL, at + 2 * PLANE + BYTES, ORDER)
                .add(q1)
                .intoMemorySegment(ALL, at + 2 * PLANE + BYTES, ORDER);
        FloatVector.fromMemorySegment(S, ALL, at + PLANE + 2L * BYTES, ORDER)
                .add(s2)
                .intoMemorySegment(ALL, at + PLANE + 2L * BYTES, ORDER);
        FloatVector.fromMemorySegment(S, ALL, at + 2 * PLANE + 2L * BYTES, ORDER)
                .add(q2)
                .intoMemorySegment(ALL, at + 2 * PLANE + 2L * BYTES, ORDER);
        FloatVector.fromMemorySegment(S, ALL, at + PLANE + 3L * BYTES, ORDER)
                .add(s3)
                .intoMemorySegment(ALL, at + PLANE + 3L * BYTES, ORDER);
        FloatVector.fromMemorySegment(S, ALL, at + 2 * PLANE + 3L * BYTES, ORDER)
                .add(q3)
                .intoMemorySegment(ALL, at + 2 * PLANE + 3L * BYTES, ORDER);
    }

    /** Two rows at a time, in sums of their own. */
    private static void pairs(long top, long scratch, int pairs, long rowBytes) {
        long at = scratch & MASK;
        FloatVector guess = FloatVector.fromMemorySegment(S, ALL, at, ORDER);
        FloatVector s0 = FloatVector.zero(S);
        FloatVector q0 = FloatVector.zero(S);
        FloatVector s1 = FloatVector.zero(S);
        FloatVector q1 = FloatVector.zero(S);
        for (int k = 0; k < pairs; k++) {
            long row = (top + 2 * k * rowBytes) & MASK;
            FloatVector d0 = FloatVector.fromMemorySegment(S, ALL, row, ORDER).sub(guess);
            FloatVector d1 = FloatVector.fromMemorySegment(S, ALL, (row + rowBytes) & MASK, ORDER)
                    .sub(guess);
            s0 = s0.add(d0);
            s1 = s1.add(d1);
            q0 = d0.fma(d0, q0);
            q1 = d1.fma(d1, q1);
        }
        // Added to the sums of earlier runs only here: short sums round less.
        FloatVector.fromMemorySegment(S, ALL, at + PLANE, ORDER)
                .add(s0.add(s1))
                .intoMemorySegment(ALL, at + PLANE, ORDER);
        FloatVector.fromMemorySegment(S, ALL, at + 2 * PLANE, ORDER)
                .add(q0.add(q1))
                .intoMemorySegment(ALL, at + 2 * PLANE, ORDER);
    }

    private static void row(long row, long scratch) {
        long at = scratch & MASK;
        FloatVector d = FloatVector.fromMemorySegment(S, ALL, row & MASK, ORDER)
                .sub(FloatVector.fromMemorySegment(S, ALL, at, ORDER));
        FloatVector.fromMemorySegment(S, ALL, at + PLANE, ORDER).add(d).intoMemorySegment(ALL, at + PLANE, ORDER);
        d.fma(d, FloatVector.fromMemorySegment(S, ALL, at + 2 * PLANE, ORDER))
                .intoMemorySegment(ALL, at + 2 * PLANE, ORDER);
    }

    /** Merges the columns from {@code v} on into their groups, a run of columns of the same group at a time. */
    private static void mergeColumns(
            long x, long stats, long scratch, int v, int rows, int rest, int channels, int width) {
        int group = v % channels / width;
        int within = v % channels % width;
        int earlier = v / channels * width; // columns of the group in the pixels before this one
        int lane = 0;
        while (lane < Memory.LANES) {
            double origin = Memory.get(x + (long) group * width * Float.BYTES);
            int run = Math.min(Memory.LANES - lane, width - within);
            double sum = 0;
            double square = 0;
            for (int i = lane; i < lane + run; i++) {
                long at = scratch + (long) i * Float.BYTES;
                double offset = Memory.get(at + PLANE) / (double) rows;
                double mean = Memory.get(at) - origin + offset;
                sum += mean;
                square += Memory.get(at + 2 * PLANE) + rows * (mean * mean - offset * offset);
            }
            double before = (double) rest * width + (double) rows * (earlier + within);
            double deviations = square - rows * sum * sum / run;
            merge(stats + 2L * group * Float.BYTES, before, (double) rows * run, sum / run, deviations);
            lane += run;
            within = 0;
            group++;
            if (group * width == channels) {
                group = 0;
                earlier += width;
            }
        }
    }

    /** Adds {@code count} elements of a given mean and sum of squared deviations to the {@code before} that were there. */
    private static void merge(long moments, double before, double count, double mean, double squares) {
        double oldMean = Memory.get(moments);
        double share = count / (before + count);
        double step = mean - oldMean;
        Memory.set(moments, (float) (oldMean + step * share));
        double total = Memory.get(moments + Float.BYTES) + Math.max(squares, 0) + step * step * share * before;
        Memory.set(moments + Float.BYTES, (float) total);
    }
}
