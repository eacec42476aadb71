package dev.hourglass.kernel;

/**
 * Philox 4x32-10, the counter-based random number generator of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011):
 * ten rounds of multiplication that turn a 128-bit counter and a 64-bit key into 128 random bits. The counter is
 * {@code (block, stream)}, the key the seed.
 */
public final class Philox {

    /** First multiplier. */
    public static final int M0 = 0xD2511F53;

    /** Second multiplier. */
    public static final int M1 = 0xCD9E8D57;

    /** What the key's low word grows by each round. */
    public static final int W0 = 0x9E3779B9;

    /** What the key's high word grows by each round. */
    public static final int W1 = 0xBB67AE85;

    /** Rounds. */
    public static final int ROUNDS = 10;

    private Philox() {}

    /** Words 0 and 1 (low half first) of a block. */
    public static long words01(long seed, long stream, long block) {
        return words(seed, stream, block, false);
    }

    /** Words 2 and 3 (low half first) of a block. */
    public static long words23(long seed, long stream, long block) {
        return words(seed, stream, block, true);
    }

    /** Word {@code index} of a stream of 32-bit words. */
    public static int word(long seed, long stream, long index) {
        long pair = words(seed, stream, index >>> 2, (index & 2) != 0);
        return (int) ((index & 1) == 0 ? pair : pair >>> 32);
    }

    /** A number from 0 to {@code bound - 1}, each equally likely to within {@code bound / 2^32}. */
    public static int below(long seed, long stream, long index, int bound) {
        return (int) ((Integer.toUnsignedLong(word(seed, stream, index)) * bound) >>> 32);
    }

    /** A number at least 0 and less than 1, with 24 bits. */
    public static float uniform(long seed, long stream, long index) {
        return (word(seed, stream, index) >>> 8) * 0x1p-24f;
    }

    private static long words(long seed, long stream, long block, boolean high) {
        int c0 = (int) block;
        int c1 = (int) (block >>> 32);
        int c2 = (int) stream;
        int c3 = (int) (stream >>> 32);
        int k0 = (int) seed;
        int k1 = (int) (seed >>> 32);
        for (int round = 0; round < ROUNDS; round++) {
            long p0 = Integer.toUnsignedLong(M0) * Integer.toUnsignedLong(c0);
            long p1 = Integer.toUnsignedLong(M1) * Integer.toUnsignedLong(c2);
            c0 = (int) (p1 >>> 32) ^ c1 ^ k0;
            c2 = (int) (p0 >>> 32) ^ c3 ^ k1;
            c1 = (int) p1;
            c3 = (int) p0;
            k0 += W0;
            k1 += W1;
        }
        return high ? Integer.toUnsignedLong(c2) | (long) c3 << 32 : Integer.toUnsignedLong(c0) | (long) c1 << 32;
    }
}
