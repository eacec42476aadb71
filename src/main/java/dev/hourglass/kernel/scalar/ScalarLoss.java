package dev.hourglass.kernel.scalar;

import dev.hourglass.kernel.Loss;
import java.lang.foreign.MemorySegment;

/** The plain twin of {@link Loss}. */
public final class ScalarLoss implements Loss {

    @Override
    public double squaredError(MemorySegment prediction, MemorySegment target, long from, long to) {
        double sum = 0;
        for (long i = from; i < to; i++) {
            double error = (double) Memory.get(prediction, i) - Memory.get(target, i);
            sum += error * error;
        }
        return sum;
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
        for (long i = from; i < to; i++) {
            double error = (double) Memory.get(prediction, i) - Memory.get(target, i);
            Memory.put(dprediction, i, scale * error, accumulate);
        }
    }
}
