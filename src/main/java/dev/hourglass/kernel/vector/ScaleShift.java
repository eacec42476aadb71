package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import jdk.incubator.vector.FloatVector;

/** {@code y (+)= x * (1 + scale) + shift} with a scale and a shift for each channel, pixel by pixel down one vector of channels. */
final class ScaleShift {

    private ScaleShift() {}

    /**
     * One image {@code [pixels, channels]}.
     *
     * @param shift address of the shifts, 0 for none
     */
    static void image(long x, long scale, long shift, long y, boolean accumulate, int pixels, int channels) {
        long stride = channels * 4L;
        int c = 0;
        for (; c <= channels - LANES; c += LANES) {
            long at = c * 4L;
            vector(x + at, scale + at, shift == 0 ? 0 : shift + at, y + at, accumulate, pixels, stride);
        }
        for (; c < channels; c++) {
            long at = c * 4L;
            float factor = 1 + Memory.get(scale + at);
            float plus = shift == 0 ? 0 : Memory.get(shift + at);
            for (int p = 0; p < pixels; p++) {
                long to = y + at + p * stride;
                float value = Math.fma(Memory.get(x + at + p * stride), factor, plus);
                Memory.set(to, accumulate ? value + Memory.get(to) : value);
            }
        }
    }

    private static void vector(long x, long scale, long shift, long y, boolean accumulate, int pixels, long stride) {
        FloatVector factors =
                FloatVector.fromMemorySegment(S, ALL, scale & MASK, ORDER).add(1);
        FloatVector shifts = FloatVector.zero(S);
        if (shift != 0) {
            shifts = FloatVector.fromMemorySegment(S, ALL, shift & MASK, ORDER);
        }
        for (int p = 0; p < pixels; p++) {
            long to = (y + p * stride) & MASK;
            FloatVector value = FloatVector.fromMemorySegment(S, ALL, (x + p * stride) & MASK, ORDER)
                    .fma(factors, shifts);
            if (accumulate) {
                value.add(FloatVector.fromMemorySegment(S, ALL, to, ORDER)).intoMemorySegment(ALL, to, ORDER);
            } else {
                value.intoMemorySegment(ALL, to, ORDER);
            }
        }
    }
}
