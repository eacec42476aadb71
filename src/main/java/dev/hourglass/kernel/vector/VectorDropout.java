package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import dev.hourglass.kernel.Dropout;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** The vector twin of {@link Dropout}: random words a cache-sized piece at a time, and then what they leave of the numbers. */
public final class VectorDropout implements Dropout {

    /** Elements at a time: 4 KiB of words. */
    private static final int PIECE = 1024;

    @Override
    public long workspaceBytes() {
        return PIECE * Float.BYTES;
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
        long xs = Memory.address(x, start + from, to - from) - from * Float.BYTES; // the image's element 0
        long ys = Memory.address(y, start + from, to - from) - from * Float.BYTES;
        long words = Memory.address(workspace, 0, PIECE);
        int threshold = Dropout.threshold(rate);
        float scale = Dropout.scale(rate);
        long whole = to - (to - from) % RUN;
        for (long i = from; i < whole; i += PIECE) {
            int count = (int) Math.min(PIECE, whole - i);
            PhiloxVector.fill(words, seed, stream, i / 4, count / 4);
            for (int run = 0; run < count; run += RUN) {
                long at = (i + run) * Float.BYTES;
                leave(words + (long) run * Float.BYTES, threshold, scale, xs + at, ys + at, accumulate);
            }
        }
        for (long i = whole; i < to; i++) {
            float kept = Dropout.keeps(rate, seed, stream, i) ? scale * Memory.get(xs + i * Float.BYTES) : 0;
            Memory.set(ys + i * Float.BYTES, accumulate ? Memory.get(ys + i * Float.BYTES) + kept : kept);
        }
    }

    /** One run: vectors of words are for the first and the second half of the elements in turn. */
    private static void leave(long words, int threshold, float scale, long x, long y, boolean accumulate) {
        for (int k = 0; k < RUN / LANES; k++) {
            long at = (k / 2 * LANES + k % 2 * (RUN / 2)) * 4L;
            // all ones where the word is below the threshold
            IntVector dropped = FloatVector.fromMemorySegment(S, ALL, (words + (long) k * LANES * 4) & MASK, ORDER)
                    .reinterpretAsInts()
                    .lanewise(VectorOperators.LSHR, 8)
                    .sub(threshold)
                    .lanewise(VectorOperators.ASHR, 31);
            FloatVector kept = FloatVector.fromMemorySegment(S, ALL, (x + at) & MASK, ORDER)
                    .reinterpretAsInts()
                    .lanewise(VectorOperators.AND_NOT, dropped)
                    .reinterpretAsFloats()
                    .mul(scale);
            if (accumulate) {
                FloatVector.fromMemorySegment(S, ALL, (y + at) & MASK, ORDER)
                        .add(kept)
                        .intoMemorySegment(ALL, (y + at) & MASK, ORDER);
            } else {
                kept.intoMemorySegment(ALL, (y + at) & MASK, ORDER);
            }
        }
    }
}
