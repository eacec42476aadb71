package dev.hourglass.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** {@link Dropout}: a function of seed, stream and index alone, as often as asked for, and the same at every vector width. */
class DropoutTest {

    private static final long SEED = 0x0123_4567_89ab_cdefL;
    private static final int START = 5;

    private static GuardedFloats run(
            Kernels kernels, GuardedFloats x, GuardedFloats y, boolean add, double rate, long from, long to) {
        Dropout kernel = kernels.dropout();
        GuardedFloats workspace = GuardedFloats.zeros(Math.toIntExact(kernel.workspaceBytes() / Float.BYTES));
        kernel.apply(x.segment(), y.segment(), add, rate, SEED, 7, START, from, to, workspace.segment());
        workspace.requireIntact();
        return y;
    }

    /** What is kept is one product in both twins, and added in one rounding more. */
    @Test
    void vectorMatchesScalar() {
        int cases = 0;
        for (int count : new int[] {1, 2, 31, 32, 33, 64, 500, 1024, 1025, 3000}) {
            for (double rate : new double[] {0, 0.1, 0.5, 0.999}) {
                for (int from : new int[] {0, 32, 1024}) {
                    int length = START + from + count + 3;
                    GuardedFloats x = GuardedFloats.random(1, length);
                    for (boolean add : new boolean[] {false, true}) {
                        GuardedFloats y = GuardedFloats.random(2, length);
                        float[] expected = run(Twins.scalar(), x, y.copy(), add, rate, from, from + count)
                                .toArray();
                        float[] found = run(Twins.vector(), x, y, add, rate, from, from + count)
                                .toArray();
                        for (int i = 0; i < length; i++) {
                            double tolerance = add ? Math.ulp(expected[i]) + Math.ulp(x.toArray()[i]) : 0;
                            tolerance = tolerance * Dropout.scale(rate);
                            assertEquals(expected[i], found[i], add ? tolerance : 0, count + " from " + from);
                        }
                        cases++;
                    }
                }
            }
        }
        assertEquals(240, cases);
    }

    /** Elements are nothing, or themselves over the share that is kept; the kernel says which. */
    @Test
    void whatIsKeptGrows() {
        GuardedFloats x = GuardedFloats.random(1, 200);
        for (Kernels kernels : Twins.all()) {
            float[] y = run(kernels, x, GuardedFloats.zeros(200), false, 0.2, 0, 195)
                    .toArray();
            for (int i = 0; i < 195; i++) {
                float kept = x.toArray()[START + i] / 0.8f;
                assertEquals(
                        Dropout.keeps(0.2, SEED, 7, i) ? kept : 0,
                        y[START + i],
                        2 * Math.ulp(kept)); // 1 / 0.8 and 0.8 are rounded
            }
        }
    }

    @Test
    void partsAreThoseOfTheWhole() {
        GuardedFloats x = GuardedFloats.random(1, 3000);
        for (Kernels kernels : Twins.all()) {
            float[] whole = run(kernels, x, GuardedFloats.zeros(3000), false, 0.3, 0, 2990)
                    .toArray();
            GuardedFloats parts = GuardedFloats.zeros(3000);
            for (int from = 0; from < 2990; from += 96) {
                run(kernels, x, parts, false, 0.3, from, Math.min(from + 96, 2990));
            }
            assertArrayEquals(whole, parts.toArray());
        }
    }

    /** A million elements, within five standard errors: how many are kept, and that neighbours do not depend on each other. */
    @Test
    void asManyAreKeptAsTheRateSays() {
        int n = 1 << 20;
        double rate = 0.3;
        boolean[] kept = new boolean[n];
        int count = 0;
        for (int i = 0; i < n; i++) {
            kept[i] = Dropout.keeps(rate, SEED, 1, i);
            count += kept[i] ? 1 : 0;
        }
        assertEquals(n * (1 - rate), count, 5 * Math.sqrt(n * rate * (1 - rate)));
        for (int lag : new int[] {1, 2, 16, 32}) {
            double both = 0;
            for (int i = lag; i < n; i++) {
                both += kept[i] && kept[i - lag] ? 1 : 0;
            }
            double share = (1 - rate) * (1 - rate);
            assertEquals((n - lag) * share, both, 10 * Math.sqrt(n * share * (1 - share)), "lag " + lag);
        }
    }

    @Test
    void seedsAndStreamsDropOthers() {
        int n = 10_000;
        for (long[] other : new long[][] {{SEED + 1, 1}, {SEED, 2}, {SEED + (1L << 40), 1}}) {
            int same = 0;
            for (int i = 0; i < n; i++) {
                same += Dropout.keeps(0.5, SEED, 1, i) == Dropout.keeps(0.5, other[0], other[1], i) ? 1 : 0;
            }
            assertEquals(n / 2, same, 5 * Math.sqrt(n) / 2);
        }
    }

    @Test
    void nothingIsDroppedAtRateZero() {
        for (int i = 0; i < 1000; i++) {
            assertTrue(Dropout.keeps(0, SEED, 1, i));
        }
        assertEquals(1f, Dropout.scale(0));
    }
}
