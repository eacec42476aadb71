package dev.hourglass.kernel.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The vector width of this process: the machine's own, unless {@code -Dhourglass.vector.bits=128|256|512} says otherwise. */
final class Width {

    static final VectorSpecies<Float> SPECIES = choose();

    private Width() {}

    private static VectorSpecies<Float> choose() {
        int bits = Integer.getInteger("hourglass.vector.bits", 0);
        return bits == 0 ? FloatVector.SPECIES_PREFERRED : VectorSpecies.of(float.class, VectorShape.forBitSize(bits));
    }
}
