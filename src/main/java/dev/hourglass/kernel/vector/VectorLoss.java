package dev.hourglass.kernel.vector;

import dev.hourglass.kernel.Loss;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** The vector twin of {@link Loss}. */
public final class VectorLoss implements Loss {

    @Override
    public double squaredError(MemorySegment prediction, MemorySegment target, long from, long to) {
        long count = to - from;
        return SquareSums.ofDifference(
                Memory.address(prediction, from, count), Memory.address(target, from, count), count);
    }

    @Override
    public void squaredErrorGradient(
            MemorySegment prediction,
            MemorySegment target,
            float scale,
            MemorySegment dprediction,
            boolean accumulate,
            long from,
            long to) {
        long count = to - from;
        long ps = Memory.address(prediction, from, count);
        long ts = Memory.address(target, from, count);
        long ds = Memory.address(dprediction, from, count);
        long i = 0;
        for (; i <= count - Memory.LANES; i += Memory.LANES) {
            long at = i * Float.BYTES;
            FloatVector gradient = FloatVector.fromMemorySegment(
                            Memory.S, Memory.ALL, (ps + at) & Memory.MASK, Memory.ORDER)
                    .sub(FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (ts + at) & Memory.MASK, Memory.ORDER))
                    .mul(scale);
            if (accumulate) {
                FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (ds + at) & Memory.MASK, Memory.ORDER)
                        .add(gradient)
                        .intoMemorySegment(Memory.ALL, (ds + at) & Memory.MASK, Memory.ORDER);
            } else {
                gradient.intoMemorySegment(Memory.ALL, (ds + at) & Memory.MASK, Memory.ORDER);
            }
        }
        for (; i < count; i++) {
            long at = i * Float.BYTES;
            float gradient = (Memory.get(ps + at) - Memory.get(ts + at)) * scale;
            Memory.set(ds + at, accumulate ? Memory.get(ds + at) + gradient : gradient);
        }
    }
}
