package dev.hourglass.kernel.vector;

import jdk.incubator.vector.VectorShuffle;

/**
 * Single lanes without memory in between: a vector is turned lane by lane past lane 0, the only one that can be read cheaply:
 * {@code v.lane(0)}, then {@code v.rearrange(ROTATE)}. {@code reduceLanes} is no substitute: its order of additions may change when a
 * method is compiled, and with it the bits.
 */
final class Lanes {

    /** Lane {@code l} takes what stands in lane {@code l + 1}, the last what stands in lane 0. */
    static final VectorShuffle<Float> ROTATE = VectorShuffle.iota(Memory.S, 1, 1, true);

    /** Lane {@code l} takes what stands half, a quarter, an eighth and a sixteenth of a vector further on, round the end. */
    static final VectorShuffle<Float> BY_HALF = VectorShuffle.iota(Memory.S, Memory.LANES / 2, 1, true);

    static final VectorShuffle<Float> BY_QUARTER = VectorShuffle.iota(Memory.S, Memory.LANES / 4, 1, true);
    static final VectorShuffle<Float> BY_EIGHTH = VectorShuffle.iota(Memory.S, Memory.LANES / 8, 1, true);
    static final VectorShuffle<Float> BY_SIXTEENTH = VectorShuffle.iota(Memory.S, Memory.LANES / 16, 1, true);

    private Lanes() {}
}
