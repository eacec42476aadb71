package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.S;

import dev.hourglass.kernel.Conv2dGeometry;
import jdk.incubator.vector.FloatVector;

/**
 * Gathers a block of the im2col matrix: some of its rows (output pixels) and some of its columns (taps and input channels). The whole
 * matrix never exists.
 */
final class Im2col {

    private Im2col() {}

    /**
     * Writes columns {@code k0} to {@code k1} of rows {@code row0} to {@code row0 + rows} to {@code out}, {@code outStride} floats from
     * row to row.
     *
     * @param x address of the input
     */
    static void gather(Conv2dGeometry g, long x, int row0, int rows, int k0, int k1, long out, int outStride) {
        // Where taps and pixels lie side by side, the taps of a kernel row are one run of floats.
        boolean dense = g.dilationW() == 1 && g.upW() == 1 && g.xStride() == g.cin();
        int runTaps = dense ? g.kw() : 1;
        int runLength = runTaps * g.cin();
        int runsPerKernelRow = g.kw() / runTaps;
        int firstRun = k0 / runLength;
        int ox = row0 % g.ow();
        int oy = row0 / g.ow() % g.oh();
        int n = row0 / g.ow() / g.oh();
        for (int r = 0; r < rows; r++) {
            long to = out + (long) r * outStride * Float.BYTES;
            int i = firstRun / runsPerKernelRow;
            int j = firstRun % runsPerKernelRow;
            for (int start = firstRun * runLength; start < k1; start += runLength) {
                int begin = Math.max(k0 - start, 0);
                int end = Math.min(k1 - start, runLength);
                int iy = g.inputRow(oy, i);
                int ix = dense ? ox * g.strideW() - g.padLeft() : g.inputColumn(ox, j);
                int taken = iy < 0 ? 0 : dense ? g.w() - ix : ix < 0 ? 0 : 1;
                int valid0 = clamp(-ix * g.cin(), begin, end);
                int valid1 = clamp(Math.min(taken, runTaps) * g.cin(), valid0, end);
                long pixel = ((long) n * g.h() + iy) * g.w() + ix;
                zero(to, valid0 - begin);
                copy(x + (pixel * g.xStride() + valid0) * Float.BYTES, to + (valid0 - begin) * 4L, valid1 - valid0);
                zero(to + (valid1 - begin) * 4L, end - valid1);
                to += (end - begin) * 4L;
                if (++j == runsPerKernelRow) {
                    j = 0;
                    i++;
                }
            }
            if (++ox == g.ow()) {
                ox = 0;
                if (++oy == g.oh()) {
                    oy = 0;
                    n++;
                }
            }
        }
    }

    private static int clamp(int value, int low, int high) {
        return Math.min(Math.max(value, low), high);
    }

    private static void copy(long from, long to, int count) {
        int k = 0;
        for (; k <= count - LANES; k += LANES) {
            FloatVector.fromMemorySegment(Memory.S, Memory.ALL, from + k * 4L, Memory.ORDER)
                    .intoMemorySegment(Memory.ALL, to + k * 4L, Memory.ORDER);
        }
        if (k < count && count >= LANES) {
            // The last vector overlaps the one before.
            FloatVector.fromMemorySegment(Memory.S, Memory.ALL, from + (count - LANES) * 4L, Memory.ORDER)
                    .intoMemorySegment(Memory.ALL, to + (count - LANES) * 4L, Memory.ORDER);
        } else {
            for (; k < count; k++) {
                Memory.set(to + k * 4L, Memory.get(from + k * 4L));
            }
        }
    }

    private static void zero(long to, int count) {
        FloatVector zero = FloatVector.zero(S);
        int k = 0;
        for (; k <= count - LANES; k += LANES) {
            zero.intoMemorySegment(Memory.ALL, to + k * 4L, Memory.ORDER);
        }
        for (; k < count; k++) {
            Memory.set(to + k * 4L, 0f);
        }
    }
}
