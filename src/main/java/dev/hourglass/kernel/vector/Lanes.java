package dev.hourglass.kernel.vector;

import jdk.incubator.vector.VectorShuffle;

/**
 * Lanes of one vector added as a tree: the vector, turned by half, by a quarter and so on, is added to itself. {@code reduceLanes} is no
 * substitute: its order of additions may change when a method is compiled, and with it the bits.
 */
final class Lanes {

    /** Lane {@code l} takes what stands half, a quarter, an eighth and a sixteenth of a vector further on, round the end. */
    static final VectorShuffle<Float> BY_HALF = VectorShuffle.iota(Memory.S, Memory.LANES / 2, 1, true);

    static final VectorShuffle<Float> BY_QUARTER = VectorShuffle.iota(Memory.S, Memory.LANES / 4, 1, true);
    static final VectorShuffle<Float> BY_EIGHTH = VectorShuffle.iota(Memory.S, Memory.LANES / 8, 1, true);
    static final VectorShuffle<Float> BY_SIXTEENTH = VectorShuffle.iota(Memory.S, Memory.LANES / 16, 1, true);

    private Lanes() {}
}
