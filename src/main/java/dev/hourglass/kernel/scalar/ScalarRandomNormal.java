package dev.hourglass.kernel.scalar;

import dev.hourglass.kernel.Philox;
import dev.hourglass.kernel.RandomNormal;
import java.lang.foreign.MemorySegment;

/** The plain twin of {@link RandomNormal}. */
public final class ScalarRandomNormal implements RandomNormal {

    @Override
    public void fill(MemorySegment y, long yFrom, long seed, long stream, long from, long count) {
        for (long k = 0; k < count; k++) {
            Memory.set(y, yFrom + k, normal(seed, stream, from + k));
        }
    }

    private static double normal(long seed, long stream, long index) {
        long block = index >>> 2;
        long words = (index & 2) == 0 ? Philox.words01(seed, stream, block) : Philox.words23(seed, stream, block);
        double u1 = (((int) words >>> 8) + 1) * 0x1p-24; // over 0, up to 1
        double u2 = ((int) (words >>> 32) >>> 8) * 0x1p-24; // from 0, below 1
        double radius = Math.sqrt(-2 * Math.log(u1));
        double angle = 2 * Math.PI * u2;
        return radius * ((index & 1) == 0 ? Math.cos(angle) : Math.sin(angle));
    }
}
