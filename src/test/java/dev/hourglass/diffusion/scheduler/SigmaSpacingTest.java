package dev.hourglass.diffusion.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class SigmaSpacingTest {

    /** Values of SciPy's {@code beta.ppf(p, 0.6, 0.6)}. */
    @Test
    void quantilesAreThoseOfTheBetaDistribution() {
        assertEquals(0.5, BetaQuantile.of(0.5), 1e-15);
        assertEquals(0, BetaQuantile.of(0), 0);
        assertEquals(1, BetaQuantile.of(1), 0);
        for (double p = 0.001; p < 0.5; p += 0.01) {
            assertEquals(p, BetaQuantile.below(BetaQuantile.of(p)), 1e-14);
            assertEquals(1, BetaQuantile.of(p) + BetaQuantile.of(1 - p), 1e-14);
        }
    }

    /** The density of the distribution, summed by Simpson's rule after the substitution x = u^5. */
    @Test
    void theShareBelowIsTheIntegralOfTheDensity() {
        double normal = 1.4891922488128171 * 1.4891922488128171 / 0.9181687423997607;
        for (double x : new double[] {0.01, 0.1, 0.3, 0.5}) {
            int pieces = 2000;
            double width = Math.pow(x, 0.2) / pieces;
            double sum = 0;
            for (int k = 0; k <= pieces; k++) {
                double u = k * width;
                double density = 5 * u * u * Math.pow(1 - Math.pow(u, 5), -0.4) / normal; // x^-0.4 dx
                sum += density * (k == 0 || k == pieces ? 1 : k % 2 == 0 ? 2 : 4);
            }
            assertEquals(sum * width / 3, BetaQuantile.below(x), 1e-10);
        }
    }

    @Test
    void theLogarithmIsThatOfFloats() {
        for (float x = 1e-30f; x < 1e30f; x *= 1.3f) {
            float exact = (float) Math.log(x);
            assertEquals(exact, SigmaTable.log(x), 4 * Math.ulp(exact) + 1e-9);
        }
    }
}
