package dev.hourglass.kernel.vector;

import dev.hourglass.kernel.Philox;
import dev.hourglass.kernel.RandomNormal;
import java.lang.foreign.MemorySegment;

/**
 * The vector twin of {@link RandomNormal}. Random words go to where the numbers will stand, a cache-sized piece at a time, and are
 * turned into normals there. What does not fill a vector at either end is computed one by one with the same bits.
 */
public final class VectorRandomNormal implements RandomNormal {

    /** Blocks of four numbers at a time: 8 KiB. */
    private static final long PIECE = 512;

    @Override
    public void fill(MemorySegment y, long yFrom, long seed, long stream, long from, long count) {
        long end = from + count;
        long ys = Memory.address(y, yFrom, count) - from * Float.BYTES; // the address of element 0 of the stream
        long head = Math.min(end, (from + 3) & ~3L);
        long vectors = (end - head) / (4L * PhiloxVector.BLOCKS);
        long tail = head + vectors * 4 * PhiloxVector.BLOCKS;
        singles(ys, seed, stream, from, head);
        for (long i = head; i < tail; i += 4 * PIECE) {
            long blocks = Math.min(PIECE, (tail - i) / 4);
            PhiloxVector.fill(ys + i * Float.BYTES, seed, stream, i / 4, blocks);
            BoxMuller.transform(ys + i * Float.BYTES, blocks / PhiloxVector.BLOCKS);
        }
        singles(ys, seed, stream, tail, end);
    }

    private static void singles(long ys, long seed, long stream, long from, long to) {
        for (long i = from; i < to; i++) {
            long block = i >>> 2;
            long words = (i & 2) == 0 ? Philox.words01(seed, stream, block) : Philox.words23(seed, stream, block);
            Memory.set(ys + i * Float.BYTES, BoxMuller.normal((int) words, (int) (words >>> 32), (i & 1) != 0));
        }
    }
}
