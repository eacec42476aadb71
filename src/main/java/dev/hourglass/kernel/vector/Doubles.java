package dev.hourglass.kernel.vector;

import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/** Sums of floats in double lanes: a vector of doubles takes half a vector of floats. */
final class Doubles {

    /** As many bits as a vector of floats. */
    static final VectorSpecies<Double> D = VectorSpecies.of(double.class, Memory.S.vectorShape());

    /** Doubles in a vector. */
    static final int LANES = D.length();

    /** As many floats as there are doubles in a vector. */
    static final VectorSpecies<Float> HALF =
            VectorSpecies.of(float.class, VectorShape.forBitSize(Memory.S.vectorBitSize() / 2));

    /** Like {@link Lanes#ROTATE}, for doubles seen as floats: a vector of two lanes has no shuffles on x86. */
    static final VectorShuffle<Float> ROTATE = VectorShuffle.iota(Memory.S, 2, 1, true);

    private Doubles() {}
}
