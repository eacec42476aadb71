package dev.hourglass.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Dropout (arXiv 1207.0580) with counter-based random numbers: whether element {@code i} of an image is kept is a function of
 * {@code (seed, stream, i)} alone, so nothing has to be remembered between forward and backward, which are the same computation.
 */
public interface Dropout {

    /** Elements whose random words belong together: a part of an image begins at a multiple of this. */
    int RUN = 32;

    /** Bytes of scratch memory that each worker needs. */
    long workspaceBytes();

    /**
     * {@code y (+)= x / (1 - rate)} where an element is kept, and nothing elsewhere.
     *
     * @param rate the share that is dropped, at least 0 and below 1
     * @param start where the image begins in both tensors
     * @param from the first of the image's elements, a multiple of {@link #RUN}
     * @param to the end of the image's elements
     */
    void apply(
            MemorySegment x,
            MemorySegment y,
            boolean accumulate,
            double rate,
            long seed,
            long stream,
            long start,
            long from,
            long to,
            MemorySegment workspace);

    /**
     * Whether an element is kept: whether its word of {@link Philox}, in 24 bits, reaches {@link #threshold}. Of a run, the first half
     * has words 0 and 2 of eight blocks in turn and the second half words 1 and 3, which is how vectors of 64-bit lanes hold them.
     */
    static boolean keeps(double rate, long seed, long stream, long index) {
        long block = index / RUN * (RUN / 4) + index % (RUN / 2) / 2;
        long word = index % 2 * 2 + index % RUN / (RUN / 2);
        return Philox.word(seed, stream, 4 * block + word) >>> 8 >= threshold(rate);
    }

    /** What 24 random bits must reach for an element to be kept. */
    static int threshold(double rate) {
        return (int) Math.round(rate * (1 << 24));
    }

    /** What is kept is multiplied by this. */
    static float scale(double rate) {
        return (float) (1 / (1 - rate));
    }
}
