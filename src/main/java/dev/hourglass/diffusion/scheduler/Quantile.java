package dev.hourglass.diffusion.scheduler;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Quantiles of magnitudes without sorting or copying them. The bits of floats without their sign are in the order of the floats, so
 * three counts, of eleven, ten and ten bits, find the one of a given rank.
 */
final class Quantile {

    private static final int[] SHIFTS = {20, 10, 0};
    private static final int[] BITS = {11, 10, 10};
    private static final int MAGNITUDE = 0x7fff_ffff;

    private final long[] counts = new long[1 << BITS[0]];
    private long smaller; // floats below the one that rank() found
    private long equal; // floats that are the same

    /** The quantile {@code ratio} of the magnitudes of a range of floats, linear between two of them. */
    double ofMagnitudes(MemorySegment floats, long from, long to, double ratio) {
        double position = ratio * (to - from - 1);
        long rank = (long) position;
        int low = rank(floats, from, to, rank);
        double below = Float.intBitsToFloat(low);
        double share = position - rank;
        if (share == 0 || smaller + equal > rank + 1) {
            return below;
        }
        return below + share * (Float.intBitsToFloat(next(floats, from, to, low)) - below);
    }

    /** The bits of the float that {@code rank} others come before. */
    private int rank(MemorySegment floats, long from, long to, long rank) {
        int prefix = 0;
        int known = 0; // the bits that prefix has settled
        smaller = 0;
        for (int pass = 0; pass < SHIFTS.length; pass++) {
            int buckets = 1 << BITS[pass];
            Arrays.fill(counts, 0, buckets, 0);
            for (long i = from; i < to; i++) {
                int bits = bits(floats, i);
                if ((bits & known) == prefix) {
                    counts[bits >>> SHIFTS[pass] & buckets - 1]++;
                }
            }
            int bucket = 0;
            while (smaller + counts[bucket] <= rank) {
                smaller += counts[bucket++];
            }
            equal = counts[bucket];
            prefix |= bucket << SHIFTS[pass];
            known |= buckets - 1 << SHIFTS[pass];
        }
        return prefix;
    }

    /** The bits of the least float above another. */
    private static int next(MemorySegment floats, long from, long to, int above) {
        int least = MAGNITUDE;
        for (long i = from; i < to; i++) {
            int bits = bits(floats, i);
            least = bits > above ? Math.min(least, bits) : least;
        }
        return least;
    }

    private static int bits(MemorySegment floats, long index) {
        return floats.getAtIndex(ValueLayout.JAVA_INT, index) & MAGNITUDE;
    }
}
