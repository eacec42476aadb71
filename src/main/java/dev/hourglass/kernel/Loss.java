package dev.hourglass.kernel;

import java.lang.foreign.MemorySegment;

/** Losses; {@code from} and {@code to} count elements. */
public interface Loss {

    /** The sum of {@code (prediction - target)^2} over the range, added up in double. */
    double squaredError(MemorySegment prediction, MemorySegment target, long from, long to);

    /** {@code dprediction (+)= scale * (prediction - target)}; the mean squared error's gradient has {@code scale = 2 / elements}. */
    void squaredErrorGradient(
            MemorySegment prediction,
            MemorySegment target,
            float scale,
            MemorySegment dprediction,
            boolean accumulate,
            long from,
            long to);
}
