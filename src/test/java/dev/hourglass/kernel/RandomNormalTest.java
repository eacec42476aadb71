package dev.hourglass.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** {@link RandomNormal}: a function of seed, stream and index alone, and normal. */
class RandomNormalTest {

    private static final long SEED = 0x0123_4567_89ab_cdefL;

    /** The known answers of the Random123 distribution, {@code kat_vectors}. */
    @Test
    void philoxGivesTheKnownAnswers() {
        assertWords(0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8);
        assertWords(-1, -1, -1, 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd);
        assertWords(
                0x299f31d0_a4093822L,
                0x03707344_13198a2eL,
                0x85a308d3_243f6a88L,
                0xd16cfe09,
                0x94fdcceb,
                0x5001e420,
                0x24126ea1);
    }

    private static void assertWords(long seed, long stream, long block, int... words) {
        long low = Philox.words01(seed, stream, block);
        long high = Philox.words23(seed, stream, block);
        assertArrayEquals(words, new int[] {(int) low, (int) (low >>> 32), (int) high, (int) (high >>> 32)});
    }

    @Test
    void vectorMatchesScalar() {
        Kernels vector = Twins.vector();
        long[] starts = {0, 1, 2, 3, 5, 64, 1_000_003, (1L << 34) - 50};
        for (long from : starts) {
            GuardedFloats expected = GuardedFloats.zeros(5000);
            GuardedFloats actual = GuardedFloats.zeros(5000);
            Twins.scalar().randomNormal().fill(expected.segment(), 3, SEED, -7, from, 4990);
            vector.randomNormal().fill(actual.segment(), 3, SEED, -7, from, 4990);
            float[] values = expected.toArray();
            Tolerance.assertClose(
                    "from " + from,
                    values,
                    actual.toArray(),
                    i -> i < 3 || i >= 4993 ? 0 : Tolerance.normal(values[i]));
        }
    }

    @Test
    void anyRangeOfTheStreamHasTheSameBits() {
        for (Kernels kernels : Twins.all()) {
            GuardedFloats whole = GuardedFloats.zeros(3000);
            kernels.randomNormal().fill(whole.segment(), 0, SEED, 9, 0, 3000);
            float[] stream = whole.toArray();
            int cases = 0;
            for (int from = 0; from < 140; from += 1 + from / 7) {
                for (int count = 0; count <= 2300; count = count < 80 ? count + 1 : count * 2) {
                    GuardedFloats part = GuardedFloats.zeros(count + 2);
                    kernels.randomNormal().fill(part.segment(), 1, SEED, 9, from, count);
                    float[] expected = new float[count + 2];
                    System.arraycopy(stream, from, expected, 1, count);
                    assertArrayEquals(expected, part.toArray(), kernels.reason() + ": " + count + " from " + from);
                    cases++;
                }
            }
            assertTrue(cases > 1000, cases + " cases");
        }
    }

    @Test
    void seedsAndStreamsDiffer() {
        for (Kernels kernels : Twins.all()) {
            float[] first = draw(kernels, SEED, 0, 1000);
            for (float[] other : new float[][] {
                draw(kernels, SEED + 1, 0, 1000), draw(kernels, SEED, 1, 1000), draw(kernels, SEED, 1L << 32, 1000)
            }) {
                double correlation = 0;
                for (int i = 0; i < first.length; i++) {
                    correlation += first[i] * other[i] / first.length;
                }
                assertEquals(0, correlation, 5 / Math.sqrt(first.length));
            }
        }
    }

    /** Moments and tails of a million numbers, each within five standard errors. */
    @Test
    void aMillionNumbersAreNormal() {
        int n = 1 << 20;
        for (Kernels kernels : Twins.all()) {
            float[] values = draw(kernels, SEED, 3, n);
            double[] moments = new double[5];
            double neighbours = 0;
            int[] beyond = new int[5];
            for (int i = 0; i < n; i++) {
                for (int k = 1; k <= 4; k++) {
                    moments[k] += Math.pow(values[i], k) / n;
                }
                neighbours += i == 0 ? 0 : (double) values[i] * values[i - 1] / n;
                for (int k = 1; k < beyond.length; k++) {
                    beyond[k] += Math.abs(values[i]) > k ? 1 : 0;
                }
            }
            String what = kernels.reason();
            assertEquals(0, moments[1], 5 / Math.sqrt(n), what);
            assertEquals(1, moments[2], 5 * Math.sqrt(2.0 / n), what);
            assertEquals(0, moments[3], 5 * Math.sqrt(15.0 / n), what);
            assertEquals(3, moments[4], 5 * Math.sqrt(96.0 / n), what);
            assertEquals(0, neighbours, 5 / Math.sqrt(n), what);
            double[] tails = {1, 0.3173105, 0.0455003, 0.0026998, 6.3342e-5};
            for (int k = 1; k < beyond.length; k++) {
                double deviation = Math.sqrt(n * tails[k] * (1 - tails[k]));
                assertEquals(n * tails[k], beyond[k], 5 * deviation, what + ": beyond " + k);
            }
        }
    }

    private static float[] draw(Kernels kernels, long seed, long stream, int count) {
        GuardedFloats values = GuardedFloats.zeros(count);
        kernels.randomNormal().fill(values.segment(), 0, seed, stream, 0, count);
        return values.toArray();
    }
}
