package dev.hourglass.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** The kernels that a test run was meant for are those it got: nothing fell back in silence. */
class BackendTest {

    /** Set by the build for each run of the suite. */
    private static final Integer EXPECTED = Integer.getInteger("hourglass.expected.bits");

    @Test
    void theExpectedWidthIsActive() {
        Assumptions.assumeTrue(EXPECTED != null, "skipped: this run is at the machine's own width");
        assertEquals(EXPECTED, Backend.kernels().bits(), Backend.kernels().reason());
    }

    @Test
    void theMachinesOwnWidthIsActiveUnlessAnotherWasAskedFor() {
        Assumptions.assumeTrue(EXPECTED == null, "skipped: this run asks for a width");
        int own = FloatVector.SPECIES_PREFERRED.vectorBitSize();
        assertTrue(own >= 128, "the JVM knows no vectors here");
        assertEquals(own, Backend.kernels().bits(), Backend.kernels().reason());
    }

    @Test
    void saysWhy() {
        assertTrue(
                Backend.kernels().reason().contains(Backend.kernels().bits() == 0 ? "scalar" : "vector"),
                Backend.kernels().reason());
    }

    /** An address on the heap would take the JVM down. */
    @Test
    void vectorKernelsRefuseTheHeap() {
        Assumptions.assumeTrue(Backend.kernels().bits() > 0, "skipped: scalar kernels take any segment");
        MemorySegment heap = MemorySegment.ofArray(new float[64]);
        MemorySegment ours = GuardedFloats.zeros(64).segment();
        Elementwise kernels = Backend.kernels().elementwise();
        assertThrows(IllegalArgumentException.class, () -> kernels.silu(heap, ours, 0, 64));
        assertThrows(IllegalArgumentException.class, () -> kernels.silu(ours, heap, 0, 64));
    }
}
