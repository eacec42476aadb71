package dev.hourglass.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** The vector twins of {@link Loss} and {@link Optimizer}, which work on flat ranges, against the scalar ones. */
class FlatTwinTest {

    private static final int[] LENGTHS = {1, 2, 7, 8, 15, 16, 17, 31, 33, 64, 70, 1000, 4095, 4096, 4097, 10_000};
    private static final int FROM = 5;

    private final Kernels scalar = Twins.scalar();

    @Test
    void sumsOfSquares() {
        Kernels vector = Twins.vector();
        int cases = 0;
        for (int length : LENGTHS) {
            GuardedFloats a = GuardedFloats.random(length, FROM + length + 3, 3, 1);
            GuardedFloats b = GuardedFloats.random(length + 1, FROM + length + 3);
            int to = FROM + length;
            double error = scalar.loss().squaredError(a.segment(), b.segment(), FROM, to);
            double norm = scalar.optimizer().squaredNorm(a.segment(), FROM, to);
            assertEquals(error, vector.loss().squaredError(a.segment(), b.segment(), FROM, to), error * 1e-13);
            assertEquals(norm, vector.optimizer().squaredNorm(a.segment(), FROM, to), norm * 1e-13);
            cases++;
        }
        assertEquals(LENGTHS.length, cases);
        assertEquals(0, vector.optimizer().squaredNorm(GuardedFloats.zeros(1).segment(), 0, 0));
    }

    @Test
    void squaredErrorGradient() {
        Kernels vector = Twins.vector();
        float scale = 0.013f;
        for (int length : LENGTHS) {
            for (boolean accumulate : new boolean[] {false, true}) {
                int to = FROM + length;
                GuardedFloats a = GuardedFloats.random(length, to + 3);
                GuardedFloats b = GuardedFloats.random(length + 1, to + 3);
                GuardedFloats expected = GuardedFloats.random(length + 2, to + 3);
                GuardedFloats actual = expected.copy();
                float[] before = expected.toArray();
                float[] as = a.toArray();
                float[] bs = b.toArray();
                scalar.loss()
                        .squaredErrorGradient(
                                a.segment(), b.segment(), scale, expected.segment(), accumulate, FROM, to);
                vector.loss()
                        .squaredErrorGradient(a.segment(), b.segment(), scale, actual.segment(), accumulate, FROM, to);
                Tolerance.assertClose(length + " elements", expected.toArray(), actual.toArray(), i -> {
                    double gradient = scale * ((double) as[i] - bs[i]);
                    boolean inside = i >= FROM && i < to;
                    return inside ? Tolerance.squaredErrorGradient(gradient, accumulate ? before[i] : 0) : 0;
                });
            }
        }
    }

    /** Weights, gradients and moments of a parameter vector. */
    private record Parameters(GuardedFloats w, GuardedFloats g, GuardedFloats m, GuardedFloats v) {

        static Parameters of(int length) {
            GuardedFloats v = GuardedFloats.random(3, length);
            GuardedFloats squares = GuardedFloats.zeros(length);
            float[] values = v.toArray();
            for (int i = 0; i < length; i++) {
                values[i] *= values[i];
            }
            squares.segment().copyFrom(GuardedFloats.of(values).segment());
            return new Parameters(
                    GuardedFloats.random(1, length),
                    GuardedFloats.random(2, length),
                    GuardedFloats.random(4, length),
                    squares);
        }

        Parameters copy() {
            return new Parameters(w.copy(), g, m.copy(), v.copy());
        }

        void step(Optimizer kernels, float decay, int from, int to) {
            kernels.adamW(
                    w.segment(),
                    g.segment(),
                    m.segment(),
                    v.segment(),
                    1e-2f,
                    0.9f,
                    0.999f,
                    1e-8f,
                    decay,
                    0.4,
                    0.003,
                    0.25f,
                    from,
                    to);
        }
    }

    @Test
    void adamW() {
        Kernels vector = Twins.vector();
        for (int length : LENGTHS) {
            for (float decay : new float[] {0, 0.01f}) {
                int to = FROM + length;
                Parameters before = Parameters.of(to + 3);
                Parameters expected = before.copy();
                Parameters actual = before.copy();
                expected.step(scalar.optimizer(), decay, FROM, to);
                actual.step(vector.optimizer(), decay, FROM, to);
                float[] w = before.w().toArray();
                float[] after = expected.w().toArray();
                float[] m = before.m().toArray();
                float[] v = before.v().toArray();
                float[] g = before.g().toArray();
                String what = length + " elements, ";
                Tolerance.assertClose(
                        what + "mean",
                        expected.m().toArray(),
                        actual.m().toArray(),
                        i -> i < FROM || i >= to ? 0 : Tolerance.moment(Math.abs(m[i]) + Math.abs(g[i])));
                Tolerance.assertClose(
                        what + "square",
                        expected.v().toArray(),
                        actual.v().toArray(),
                        i -> i < FROM || i >= to ? 0 : Tolerance.moment(v[i] + g[i] * g[i]));
                Tolerance.assertClose(what + "weights", after, actual.w().toArray(), i -> {
                    // the two terms of the mean may cancel; each is rounded
                    double terms = 1e-2 / 0.4 * (Math.abs(m[i]) + Math.abs(g[i])) / Math.sqrt(0.999 * v[i] / 0.003);
                    return i < FROM || i >= to ? 0 : Tolerance.adamW(w[i], terms + Math.abs((double) after[i] - w[i]));
                });
            }
        }
    }

    @Test
    void adamWDoesNotDependOnTheSplit() {
        Optimizer vector = Twins.vector().optimizer();
        Parameters whole = Parameters.of(200);
        Parameters parts = whole.copy();
        whole.step(vector, 0.01f, 0, 200);
        for (int from = 0, to = 1; from < 200; from = to, to = Math.min(200, to * 2)) {
            parts.step(vector, 0.01f, from, to);
        }
        assertArrayEquals(whole.w().toArray(), parts.w().toArray());
        assertArrayEquals(whole.m().toArray(), parts.m().toArray());
        assertArrayEquals(whole.v().toArray(), parts.v().toArray());
    }

    @Test
    void weightDecayIsNotRoundedAway() {
        for (Kernels kernels : Twins.all()) {
            int n = 64;
            Parameters p = new Parameters(
                    GuardedFloats.random(1, n, 1, 0.1),
                    GuardedFloats.zeros(n),
                    GuardedFloats.zeros(n),
                    GuardedFloats.zeros(n));
            float[] before = p.w().toArray();
            for (int step = 0; step < 1000; step++) {
                p.step(kernels.optimizer(), 1e-3f, 0, n);
            }
            Tolerance.assertClose(
                    kernels.reason(),
                    scaled(before, Math.pow(1 - 1e-5, 1000)),
                    p.w().toArray(),
                    i ->
                            // a thousand roundings of a weight, of either sign
                            Tolerance.roundings(6 * Math.sqrt(1000), 1.5));
        }
    }

    private static float[] scaled(float[] values, double factor) {
        float[] result = new float[values.length];
        for (int i = 0; i < result.length; i++) {
            result[i] = (float) (values[i] * factor);
        }
        return result;
    }

    @Test
    void ema() {
        Kernels vector = Twins.vector();
        for (int length : LENGTHS) {
            int to = FROM + length;
            GuardedFloats w = GuardedFloats.random(1, to + 3);
            GuardedFloats expected = GuardedFloats.random(2, to + 3);
            GuardedFloats actual = expected.copy();
            scalar.optimizer().ema(expected.segment(), w.segment(), 0.99f, FROM, to);
            vector.optimizer().ema(actual.segment(), w.segment(), 0.99f, FROM, to);
            Tolerance.assertClose(
                    length + " elements",
                    expected.toArray(),
                    actual.toArray(),
                    i -> i < FROM || i >= to ? 0 : Tolerance.blend(5, 5));
        }
    }
}
