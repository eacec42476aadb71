package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.BYTES;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import dev.hourglass.kernel.Conv2dGeometry;
import jdk.incubator.vector.FloatVector;

/**
 * Gathers a block of the im2col matrix: some of its rows (output pixels) and some of its columns (taps and input channels). The whole
 * matrix never exists. Where taps and pixels lie side by side, the taps of a kernel row are one run of floats; otherwise each tap is.
 * Work goes run by run along the pixels of an output row, so that what is the same for all of them is computed once.
 */
final class Im2col {

    /** Runs from this length on are copied one by one: a step from run to run would touch a new page or cache set each time. */
    private static final int LONG = 4 * LANES;

    private Im2col() {}

    /**
     * Writes columns {@code k0} to {@code k1} of rows {@code row0} to {@code row0 + rows} to {@code out}, {@code outStride} floats from
     * row to row.
     *
     * @param x address of the input
     */
    static void gather(Conv2dGeometry g, long x, int row0, int rows, int k0, int k1, long out, int outStride) {
        if (pointwise(g)) {
            copy(x + ((long) row0 * g.xStride() + k0) * 4, g.xStride() * 4L, out, outStride * 4L, rows, k1 - k0);
            return;
        }
        int ox = row0 % g.ow();
        int oy = row0 / g.ow() % g.oh();
        int n = row0 / g.ow() / g.oh();
        int done = 0;
        while (done < rows) {
            int pixels = Math.min(rows - done, g.ow() - ox);
            long image = x + (long) n * g.h() * g.w() * g.xStride() * 4;
            row(g, image, oy, ox, pixels, k0, k1, out + (long) done * outStride * 4, outStride * 4L);
            done += pixels;
            ox = 0;
            if (++oy == g.oh()) {
                oy = 0;
                n++;
            }
        }
    }

    /** Whether the matrix is the input as it is: a linear layer, a 1x1 convolution. */
    static boolean pointwise(Conv2dGeometry g) {
        return g.kh() == 1
                && g.kw() == 1
                && g.oh() == g.h()
                && g.ow() == g.w()
                && g.strideH() == 1
                && g.strideW() == 1
                && g.upH() == 1
                && g.upW() == 1
                && g.padTop() == 0
                && g.padLeft() == 0;
    }

    /** Some pixels of one output row. */
    private static void row(
            Conv2dGeometry g, long image, int oy, int ox, int pixels, int k0, int k1, long out, long outStep) {
        boolean dense = g.dilationW() == 1 && g.upW() == 1 && g.xStride() == g.cin();
        int taps = dense ? g.kw() : 1;
        int length = taps * g.cin();
        int runsPerKernelRow = g.kw() / taps;
        for (int run = k0 / length; run * length < k1; run++) {
            int begin = Math.max(k0 - run * length, 0);
            int end = Math.min(k1 - run * length, length);
            long to = out + (run * length + begin - k0) * 4L;
            int iy = g.inputRow(oy, run / runsPerKernelRow);
            long row = image + (long) iy * g.w() * g.xStride() * 4;
            if (iy < 0) {
                for (int p = 0; p < pixels; p++) {
                    Rows.zero(to + p * outStep, end - begin);
                }
            } else if (dense) {
                // A vector too long does no harm where it stays in the image and in the block's row: what it spoils is
                // written later.
                boolean room = (run * length + begin - k0) * 4L + BYTES <= outStep;
                long safe = room ? image + (long) g.h() * g.w() * g.xStride() * 4 - BYTES : 0;
                dense(g, row, safe, ox, pixels, begin, end, to, outStep);
            } else {
                single(g, row, ox, pixels, run % runsPerKernelRow, begin, end, to, outStep);
            }
        }
    }

    /**
     * Floats {@code begin} to {@code end} of the taps of one kernel row, pixel by pixel; at the borders some taps are outside.
     *
     * @param safe up to this address a whole vector may be copied in place of a shorter run
     */
    private static void dense(
            Conv2dGeometry g, long row, long safe, int ox, int pixels, int begin, int end, long to, long outStep) {
        int cin = g.cin();
        int first = ox * g.strideW() - g.padLeft(); // the first pixel's first column
        int p = 0;
        for (; p < pixels && first + p * g.strideW() < 0; p++) {
            clipped(g, row, first + p * g.strideW(), begin, end, to + p * outStep);
        }
        int inside = 0;
        int last = g.w() - g.kw(); // the last column at which all taps are inside
        if (p < pixels && first + p * g.strideW() <= last) {
            inside = Math.min(pixels - p, (last - first - p * g.strideW()) / g.strideW() + 1);
        }
        long from = row + ((long) (first + p * g.strideW()) * cin + begin) * 4;
        long step = g.strideW() * cin * 4L;
        int wide = end - begin < LANES && from <= safe ? (int) Math.min(inside, (safe - from) / step + 1) : 0;
        column(from, step, to + p * outStep, outStep, wide);
        p += wide;
        inside -= wide;
        copy(from + wide * step, step, to + p * outStep, outStep, inside, end - begin);
        for (p += inside; p < pixels; p++) {
            clipped(g, row, first + p * g.strideW(), begin, end, to + p * outStep);
        }
    }

    /** One pixel at a border: zeros where its taps are outside. */
    private static void clipped(Conv2dGeometry g, long row, int column, int begin, int end, long to) {
        int valid0 = Math.clamp((long) -column * g.cin(), begin, end);
        int valid1 = Math.clamp((long) (g.w() - column) * g.cin(), valid0, end);
        Rows.zero(to, valid0 - begin);
        Rows.copy(row + ((long) column * g.cin() + valid0) * 4, to + (valid0 - begin) * 4L, valid1 - valid0);
        Rows.zero(to + (valid1 - begin) * 4L, end - valid1);
    }

    /** One tap, pixel by pixel, for any geometry. */
    private static void single(
            Conv2dGeometry g, long row, int ox, int pixels, int tap, int begin, int end, long to, long outStep) {
        for (int p = 0; p < pixels; p++) {
            int ix = g.inputColumn(ox + p, tap);
            if (ix < 0) {
                Rows.zero(to + p * outStep, end - begin);
            } else {
                Rows.copy(row + ((long) ix * g.xStride() + begin) * 4, to + p * outStep, end - begin);
            }
        }
    }

    /** Copies {@code count} runs of {@code length} floats. Where runs are short the inner loop goes from run to run. */
    static void copy(long from, long fromStep, long to, long toStep, int count, int length) {
        if (length < 2 * LANES || length >= LONG || length / LANES >= count) {
            for (int p = 0; p < count; p++) {
                Rows.copy(from + p * fromStep, to + p * toStep, length);
            }
            return;
        }
        for (int k = 0; k <= length - LANES; k += LANES) {
            column(from + k * 4L, fromStep, to + k * 4L, toStep, count);
        }
        if (length % LANES != 0) {
            // The last vector overlaps the one before.
            column(from + (length - LANES) * 4L, fromStep, to + (length - LANES) * 4L, toStep, count);
        }
    }

    /** One vector of each of {@code count} runs. */
    static void column(long from, long fromStep, long to, long toStep, int count) {
        for (int p = 0; p < count; p++) {
            FloatVector.fromMemorySegment(S, ALL, (from + p * fromStep) & MASK, ORDER)
                    .intoMemorySegment(ALL, (to + p * toStep) & MASK, ORDER);
        }
    }
}
