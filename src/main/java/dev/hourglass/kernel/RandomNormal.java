package dev.hourglass.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Counter-based standard normal numbers: element {@code i} of a stream is a function of {@code (seed, stream, i)} alone, so noise does
 * not depend on batch splits or threads. {@link Philox} gives four 32-bit words for every four elements, Box-Muller turns each pair
 * into two normals: words 0 and 1 become elements 0 and 1 of the block, words 2 and 3 elements 2 and 3. With
 * {@code u1 = ((first >>> 8) + 1) 2^-24} and {@code u2 = (second >>> 8) 2^-24} they are {@code sqrt(-2 ln u1)} times
 * {@code cos(2 pi u2)} and {@code sin(2 pi u2)}; no number is beyond 5.77.
 */
public interface RandomNormal {

    /** {@code y[yFrom + k]} becomes element {@code from + k} of the stream, for {@code k} below {@code count}. */
    void fill(MemorySegment y, long yFrom, long seed, long stream, long from, long count);
}
