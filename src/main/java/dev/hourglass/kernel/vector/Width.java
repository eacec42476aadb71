package dev.hourglass.kernel.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The vectors of this process: as wide as the machine's own, unless {@code -Dhourglass.vector.bits=128|256|512} says otherwise. */
final class Width {

    static final VectorSpecies<Float> SPECIES = choose();

    /**
     * Whether there are 32 vector registers and not 16: with AVX-512, and everywhere but on x86. Narrower vectors on a processor with
     * AVX-512 are treated as the older processors that have no others.
     */
    static final boolean MANY_REGISTERS =
            SPECIES.length() >= 16 || !System.getProperty("os.arch", "").matches("amd64|x86_64");

    private Width() {}

    private static VectorSpecies<Float> choose() {
        int bits = Integer.getInteger("hourglass.vector.bits", 0);
        return bits == 0 ? FloatVector.SPECIES_PREFERRED : VectorSpecies.of(float.class, VectorShape.forBitSize(bits));
    }
}
