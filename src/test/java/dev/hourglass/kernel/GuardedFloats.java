package dev.hourglass.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/**
 * A native array of floats between two guards. The kernels see the array alone; {@link #toArray} fails when a guard was written to.
 * Its memory goes back when it is no longer reachable.
 */
final class GuardedFloats {

    private static final int GUARD = 64;
    private static final int PATTERN = 0x7fc0dead; // a NaN that no arithmetic makes

    private final MemorySegment all;
    private final MemorySegment segment;
    private final int length;

    private GuardedFloats(int length) {
        this.length = length;
        all = Arena.ofAuto().allocate((length + 2L * GUARD) * Float.BYTES, 64);
        for (long i = 0; i < length + 2 * GUARD; i++) {
            all.setAtIndex(ValueLayout.JAVA_INT, i, PATTERN);
        }
        segment = all.asSlice((long) GUARD * Float.BYTES, (long) length * Float.BYTES);
    }

    static GuardedFloats of(float... values) {
        GuardedFloats floats = new GuardedFloats(values.length);
        MemorySegment.copy(values, 0, floats.segment, ValueLayout.JAVA_FLOAT, 0, values.length);
        return floats;
    }

    static GuardedFloats zeros(int length) {
        return of(new float[length]);
    }

    /** Normal numbers of a given mean and deviation. */
    static GuardedFloats random(long seed, int length, double mean, double deviation) {
        SplittableRandom random = new SplittableRandom(seed);
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) (mean + deviation * random.nextGaussian());
        }
        return of(values);
    }

    static GuardedFloats random(long seed, int length) {
        return random(seed, length, 0, 1);
    }

    GuardedFloats copy() {
        return of(toArray());
    }

    MemorySegment segment() {
        return segment;
    }

    int length() {
        return length;
    }

    float[] toArray() {
        requireIntact();
        return segment.toArray(ValueLayout.JAVA_FLOAT);
    }

    /** Fails when something was written outside the array. */
    void requireIntact() {
        for (int i = 0; i < GUARD; i++) {
            assertEquals(PATTERN, all.getAtIndex(ValueLayout.JAVA_INT, i), "written before the start");
            assertEquals(PATTERN, all.getAtIndex(ValueLayout.JAVA_INT, GUARD + length + i), "written after the end");
        }
    }

    /** {@code sum of a b}, in double. */
    static double dot(GuardedFloats a, GuardedFloats b) {
        float[] left = a.toArray();
        float[] right = b.toArray();
        double sum = 0;
        for (int i = 0; i < left.length; i++) {
            sum += (double) left[i] * right[i];
        }
        return sum;
    }

    /** {@code sum of |a b|}: what the rounding errors of {@link #dot} are to be measured by. */
    static double dotOfMagnitudes(GuardedFloats a, GuardedFloats b) {
        float[] left = a.toArray();
        float[] right = b.toArray();
        double sum = 0;
        for (int i = 0; i < left.length; i++) {
            sum += Math.abs((double) left[i] * right[i]);
        }
        return sum;
    }
}
