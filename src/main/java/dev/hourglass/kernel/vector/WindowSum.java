package dev.hourglass.kernel.vector;

import jdk.incubator.vector.FloatVector;

/** Sums of the pixels in a rectangle, channel by channel. */
final class WindowSum {

    private WindowSum() {}

    /**
     * {@code out[c] (+)= scale * sum of x[y, x, c]} over {@code rows} by {@code columns} pixels, row by row; an empty rectangle
     * gives 0. Steps are in bytes.
     */
    static void sum(
            long x,
            int rows,
            long rowStep,
            int columns,
            long columnStep,
            float scale,
            long out,
            int channels,
            boolean accumulate) {
        int c = 0;
        for (; c <= channels - Memory.LANES; c += Memory.LANES) {
            long start = (long) c * Float.BYTES;
            FloatVector sum = FloatVector.zero(Memory.S);
            for (int row = 0; row < rows; row++) {
                long pixel = x + row * rowStep + start;
                for (int column = 0; column < columns; column++) {
                    long at = pixel + column * columnStep;
                    sum = sum.add(FloatVector.fromMemorySegment(Memory.S, Memory.ALL, at & Memory.MASK, Memory.ORDER));
                }
            }
            sum = sum.mul(scale);
            if (accumulate) {
                sum = sum.add(
                        FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (out + start) & Memory.MASK, Memory.ORDER));
            }
            sum.intoMemorySegment(Memory.ALL, (out + start) & Memory.MASK, Memory.ORDER);
        }
        for (; c < channels; c++) {
            long at = (long) c * Float.BYTES;
            float sum = 0;
            for (int row = 0; row < rows; row++) {
                long pixel = x + row * rowStep + at;
                for (int column = 0; column < columns; column++) {
                    sum += Memory.get(pixel + column * columnStep);
                }
            }
            sum *= scale;
            Memory.set(out + at, accumulate ? Memory.get(out + at) + sum : sum);
        }
    }
}
