package dev.hourglass.kernel.vector;

import dev.hourglass.kernel.Philox;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** {@link Philox} on many blocks at once, one in each 64-bit lane. */
final class PhiloxVector {

    private static final VectorSpecies<Long> L = VectorSpecies.of(long.class, Memory.S.vectorShape());

    /** Blocks at a time. */
    static final int BLOCKS = L.length();

    private static final long LOW = 0xFFFFFFFFL;

    private PhiloxVector() {}

    /**
     * Writes the words of {@code blocks} blocks, a multiple of {@link #BLOCKS}, from {@code block} on: for each {@link #BLOCKS} of
     * them a vector of words 0 and 2 in turn, then one of words 1 and 3.
     */
    static void fill(long address, long seed, long stream, long block, long blocks) {
        for (long b = 0; b < blocks; b += BLOCKS) {
            LongVector counter = LongVector.broadcast(L, block + b).addIndex(1);
            LongVector c0 = counter.and(LOW);
            LongVector c1 = counter.lanewise(VectorOperators.LSHR, 32);
            LongVector c2 = LongVector.broadcast(L, stream & LOW);
            LongVector c3 = LongVector.broadcast(L, stream >>> 32);
            int k0 = (int) seed;
            int k1 = (int) (seed >>> 32);
            for (int round = 0; round < Philox.ROUNDS; round++) {
                LongVector p0 = c0.mul(Philox.M0 & LOW);
                LongVector p1 = c2.mul(Philox.M1 & LOW);
                c0 = p1.lanewise(VectorOperators.LSHR, 32)
                        .lanewise(VectorOperators.XOR, c1)
                        .lanewise(VectorOperators.XOR, k0 & LOW);
                c2 = p0.lanewise(VectorOperators.LSHR, 32)
                        .lanewise(VectorOperators.XOR, c3)
                        .lanewise(VectorOperators.XOR, k1 & LOW);
                c1 = p1.and(LOW);
                c3 = p0.and(LOW);
                k0 += Philox.W0;
                k1 += Philox.W1;
            }
            long at = address + b * 4 * Float.BYTES;
            c0.or(c2.lanewise(VectorOperators.LSHL, 32)).intoMemorySegment(Memory.ALL, at, Memory.ORDER);
            c1.or(c3.lanewise(VectorOperators.LSHL, 32)).intoMemorySegment(Memory.ALL, at + Memory.BYTES, Memory.ORDER);
        }
    }
}
