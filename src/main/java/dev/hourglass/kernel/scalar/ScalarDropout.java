package dev.hourglass.kernel.scalar;

import dev.hourglass.kernel.Dropout;
import java.lang.foreign.MemorySegment;

/** The plain twin of {@link Dropout}. */
public final class ScalarDropout implements Dropout {

    @Override
    public long workspaceBytes() {
        return 0;
    }

    @Override
    public void apply(
            MemorySegment x,
            MemorySegment y,
            boolean accumulate,
            double rate,
            long seed,
            long stream,
            long start,
            long from,
            long to,
            MemorySegment workspace) {
        float scale = Dropout.scale(rate);
        for (long i = from; i < to; i++) {
            double kept = Dropout.keeps(rate, seed, stream, i) ? (double) scale * Memory.get(x, start + i) : 0;
            Memory.put(y, start + i, kept, accumulate);
        }
    }
}
