package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

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
        int count = Math.toIntExact(to - from);
        long ps = Memory.address(prediction, from, count);
        long ts = Memory.address(target, from, count);
        long ds = Memory.address(dprediction, from, count);
        int i = accumulate ? vectorsAdded(ps, ts, ds, scale, count) : vectors(ps, ts, ds, scale, count);
        for (; i < count; i++) {
            long at = i * 4L;
            float gradient = (Memory.get(ps + at) - Memory.get(ts + at)) * scale;
            Memory.set(ds + at, accumulate ? Memory.get(ds + at) + gradient : gradient);
        }
    }

    /** The whole vectors among {@code count} floats; returns how many floats that is. */
    private static int vectors(long ps, long ts, long ds, float scale, int count) {
        FloatVector scales = FloatVector.broadcast(S, scale);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector.fromMemorySegment(S, ALL, (ps + i * 4L) & MASK, ORDER)
                    .sub(FloatVector.fromMemorySegment(S, ALL, (ts + i * 4L) & MASK, ORDER))
                    .mul(scales)
                    .intoMemorySegment(ALL, (ds + i * 4L) & MASK, ORDER);
        }
        return i;
    }

    /** The same, on top of what is there. */
    private static int vectorsAdded(long ps, long ts, long ds, float scale, int count) {
        FloatVector scales = FloatVector.broadcast(S, scale);
        int i = 0;
        for (; i <= count - LANES; i += LANES) {
            FloatVector gradient = FloatVector.fromMemorySegment(S, ALL, (ps + i * 4L) & MASK, ORDER)
                    .sub(FloatVector.fromMemorySegment(S, ALL, (ts + i * 4L) & MASK, ORDER))
                    .mul(scales);
            FloatVector.fromMemorySegment(S, ALL, (ds + i * 4L) & MASK, ORDER)
                    .add(gradient)
                    .intoMemorySegment(ALL, (ds + i * 4L) & MASK, ORDER);
        }
        return i;
    }
}
