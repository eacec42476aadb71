package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** {@code max(x, 0)} and its slope, which is 0 at 0; NaN stays NaN. */
final class Relu {

    private Relu() {}

    /** {@code y = relu(x)}. */
    static void values(long x, long y, int count) {
        FloatVector zero = FloatVector.zero(S);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector v = FloatVector.fromMemorySegment(S, ALL, (x + i * 4L) & MASK, ORDER);
            v.blend(zero, v.compare(VectorOperators.LT, zero)).intoMemorySegment(ALL, (y + i * 4L) & MASK, ORDER);
        }
        for (; i < count; i++) {
            float value = Memory.get(x + i * 4L);
            Memory.set(y + i * 4L, value < 0 ? 0 : value);
        }
    }

    /** {@code dx (+)= dy} where {@code x} is above 0. */
    static void gradients(long x, long dy, long dx, boolean accumulate, int count) {
        FloatVector zero = FloatVector.zero(S);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            long at = i * 4L;
            FloatVector v = FloatVector.fromMemorySegment(S, ALL, (x + at) & MASK, ORDER);
            FloatVector gradient = FloatVector.fromMemorySegment(S, ALL, (dy + at) & MASK, ORDER)
                    .blend(zero, v.compare(VectorOperators.LE, zero));
            if (accumulate) {
                FloatVector.fromMemorySegment(S, ALL, (dx + at) & MASK, ORDER)
                        .add(gradient)
                        .intoMemorySegment(ALL, (dx + at) & MASK, ORDER);
            } else {
                gradient.intoMemorySegment(ALL, (dx + at) & MASK, ORDER);
            }
        }
        for (; i < count; i++) {
            long at = i * 4L;
            float gradient = Memory.get(x + at) <= 0 ? 0 : Memory.get(dy + at);
            Memory.set(dx + at, accumulate ? Memory.get(dx + at) + gradient : gradient);
        }
    }
}
