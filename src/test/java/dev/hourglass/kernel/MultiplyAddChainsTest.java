package dev.hourglass.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** The chains that measure the peak really take every step: a peak of work left out would be none. */
class MultiplyAddChainsTest {

    @Test
    void everyRoundIsTaken() {
        for (Kernels kernels : Twins.all()) {
            MultiplyAddChains chains = kernels.multiplyAddChains();
            for (int rounds : new int[] {0, 1, 2, 7, 10}) {
                for (float start : new float[] {-3, 1, 40}) {
                    // Every chain is a multiple of 1/4, exact in a float; only the mean of them rounds.
                    double expected = start + rounds / 4.0;
                    String where = kernels.reason() + ", " + rounds + " rounds from " + start;
                    assertEquals(
                            expected, chains.run(rounds, start), Tolerance.roundings(2, Math.abs(expected)), where);
                }
            }
        }
    }

    @Test
    void thereAreEnoughChains() {
        for (Kernels kernels : Twins.all()) {
            int lanes = Math.max(1, kernels.bits() / Float.SIZE);
            int chains = kernels.multiplyAddChains().perRound() / lanes;
            // Two units of four cycles need eight chains to be busy, slower or more of them need more.
            assertTrue(chains >= 10, kernels.reason());
            assertEquals(0, kernels.multiplyAddChains().perRound() % lanes);
        }
    }
}
