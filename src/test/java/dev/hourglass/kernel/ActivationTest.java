package dev.hourglass.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.kernel.Activation.Kind;
import dev.hourglass.testing.ParityFile;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Activation functions and GEGLU: the vector twin against the scalar one, and both against PyTorch and the derivatives. */
class ActivationTest {

    private static final int LONGEST = 70;
    private static final int[] OFFSETS = {0, 1, 3, 16, 37};

    private final Activation scalar = Twins.scalar().activation();

    private static double tolerance(Kind kind, double x) {
        return switch (kind) {
            case RELU -> 0;
            case GELU -> Tolerance.gelu(x);
            case GELU_TANH -> Tolerance.geluTanh(x);
            case MISH -> Tolerance.mish(x);
        };
    }

    private static double slopeTolerance(Kind kind, double x, double dy, double before) {
        return switch (kind) {
            case RELU -> before == 0 ? 0 : Tolerance.add(dy, before);
            case GELU -> Tolerance.geluGradient(x, dy, before);
            case GELU_TANH -> Tolerance.geluTanhGradient(x, dy, before);
            case MISH -> Tolerance.mishGradient(x, dy, before);
        };
    }

    @Test
    void everyLengthAndRangeAgrees() {
        Activation vector = Twins.vector().activation();
        GuardedFloats x = GuardedFloats.random(1, LONGEST + 40, 0, 3);
        GuardedFloats dy = GuardedFloats.random(2, LONGEST + 40);
        float[] xs = x.toArray();
        float[] dys = dy.toArray();
        for (Kind kind : Kind.values()) {
            for (int length = 1; length <= LONGEST; length++) {
                for (int from : OFFSETS) {
                    int to = from + length;
                    String what = kind + " " + from + " to " + to;
                    GuardedFloats expected = GuardedFloats.random(length, to + 3);
                    GuardedFloats actual = expected.copy();
                    scalar.values(kind, x.segment(), expected.segment(), from, to);
                    vector.values(kind, x.segment(), actual.segment(), from, to);
                    Tolerance.assertClose(
                            what,
                            expected.toArray(),
                            actual.toArray(),
                            i -> i < from || i >= to ? 0 : tolerance(kind, xs[i]));
                    for (boolean accumulate : new boolean[] {false, true}) {
                        float[] before = expected.toArray();
                        GuardedFloats left = expected.copy();
                        GuardedFloats right = expected.copy();
                        scalar.gradient(kind, x.segment(), dy.segment(), left.segment(), accumulate, from, to);
                        vector.gradient(kind, x.segment(), dy.segment(), right.segment(), accumulate, from, to);
                        Tolerance.assertClose(
                                what + " gradient",
                                left.toArray(),
                                right.toArray(),
                                i -> i < from || i >= to
                                        ? 0
                                        : slopeTolerance(kind, xs[i], dys[i], accumulate ? before[i] : 0));
                    }
                }
            }
        }
    }

    /** A grid over all of the range where something happens, and far beyond. */
    @Test
    void accurateEverywhere() {
        Activation vector = Twins.vector().activation();
        int n = 200_000;
        float[] grid = new float[n];
        for (int i = 0; i < n; i++) {
            grid[i] = i < n / 2 ? (i - n / 4) * 6e-5f : (i - 3 * n / 4) * 4e-3f;
        }
        GuardedFloats x = GuardedFloats.of(grid);
        GuardedFloats ones = GuardedFloats.zeros(n);
        Twins.scalar().elementwise().fill(ones.segment(), 1, 0, n);
        for (Kind kind : Kind.values()) {
            GuardedFloats expected = GuardedFloats.zeros(n);
            GuardedFloats actual = GuardedFloats.zeros(n);
            scalar.values(kind, x.segment(), expected.segment(), 0, n);
            vector.values(kind, x.segment(), actual.segment(), 0, n);
            Tolerance.assertClose(kind.toString(), expected.toArray(), actual.toArray(), i -> tolerance(kind, grid[i]));
            scalar.gradient(kind, x.segment(), ones.segment(), expected.segment(), false, 0, n);
            vector.gradient(kind, x.segment(), ones.segment(), actual.segment(), false, 0, n);
            Tolerance.assertClose(
                    kind + " slope", expected.toArray(), actual.toArray(), i -> slopeTolerance(kind, grid[i], 1, 0));
        }
    }

    @Test
    void theSameForOneElementAsInAVectorAndInPlace() {
        Activation vector = Twins.vector().activation();
        int n = 1024;
        GuardedFloats x = GuardedFloats.random(3, n, 0, 6);
        GuardedFloats dy = GuardedFloats.random(4, n);
        for (Kind kind : Kind.values()) {
            GuardedFloats whole = GuardedFloats.zeros(n);
            GuardedFloats single = GuardedFloats.zeros(n);
            GuardedFloats slopes = GuardedFloats.zeros(n);
            GuardedFloats singleSlopes = GuardedFloats.zeros(n);
            vector.values(kind, x.segment(), whole.segment(), 0, n);
            vector.gradient(kind, x.segment(), dy.segment(), slopes.segment(), false, 0, n);
            for (int i = 0; i < n; i++) {
                vector.values(kind, x.segment(), single.segment(), i, i + 1);
                vector.gradient(kind, x.segment(), dy.segment(), singleSlopes.segment(), false, i, i + 1);
            }
            assertArrayEquals(whole.toArray(), single.toArray(), kind.toString());
            assertArrayEquals(slopes.toArray(), singleSlopes.toArray(), kind.toString());
            GuardedFloats inPlace = x.copy();
            vector.values(kind, inPlace.segment(), inPlace.segment(), 0, n);
            assertArrayEquals(whole.toArray(), inPlace.toArray(), kind.toString());
            GuardedFloats gradient = dy.copy();
            vector.gradient(kind, x.segment(), gradient.segment(), gradient.segment(), false, 0, n);
            assertArrayEquals(slopes.toArray(), gradient.toArray(), kind.toString());
        }
    }

    @Test
    void extremes() {
        float[] inputs = {
            Float.POSITIVE_INFINITY,
            Float.MAX_VALUE,
            1e30f,
            100,
            -100,
            -1e30f,
            Float.NEGATIVE_INFINITY,
            Float.NaN,
            0,
            -0f,
            Float.MIN_VALUE,
            -1e-30f,
            10,
            -10,
            13,
            -13,
            20,
            -86,
            -88
        };
        int n = inputs.length;
        GuardedFloats x = GuardedFloats.of(inputs);
        GuardedFloats ones = GuardedFloats.zeros(n);
        Twins.scalar().elementwise().fill(ones.segment(), 1, 0, n);
        for (Kernels kernels : Twins.all()) {
            for (Kind kind : Kind.values()) {
                GuardedFloats y = GuardedFloats.zeros(n);
                GuardedFloats slope = GuardedFloats.zeros(n);
                kernels.activation().values(kind, x.segment(), y.segment(), 0, n);
                kernels.activation().gradient(kind, x.segment(), ones.segment(), slope.segment(), false, 0, n);
                float[] values = y.toArray();
                float[] slopes = slope.toArray();
                for (int i = 0; i < n; i++) {
                    String what = kernels.reason() + ": " + kind + " of " + inputs[i];
                    if (Float.isNaN(inputs[i])) {
                        assertTrue(Float.isNaN(values[i]), what);
                    } else if (inputs[i] > 50) {
                        assertEquals(inputs[i], values[i], what);
                        assertEquals(1, slopes[i], what);
                    } else if (inputs[i] < -50) {
                        assertEquals(0, values[i], 4e-36, what);
                        assertEquals(0, slopes[i], 4e-36, what);
                    } else {
                        assertTrue(Float.isFinite(values[i]) && Float.isFinite(slopes[i]), what);
                    }
                }
            }
        }
    }

    @Test
    void slopesAreTheDerivatives() {
        double step = 1e-3;
        for (Kind kind : Kind.values()) {
            for (float point = -8.01f; point < 8; point += 0.37f) {
                GuardedFloats around = GuardedFloats.of((float) (point - step), (float) (point + step));
                GuardedFloats values = GuardedFloats.zeros(2);
                GuardedFloats slope = GuardedFloats.zeros(1);
                scalar.values(kind, around.segment(), values.segment(), 0, 2);
                scalar.gradient(
                        kind,
                        GuardedFloats.of(point).segment(),
                        GuardedFloats.of(1).segment(),
                        slope.segment(),
                        false,
                        0,
                        1);
                float[] v = values.toArray();
                float[] p = around.toArray();
                double difference = ((double) v[1] - v[0]) / ((double) p[1] - p[0]);
                // third derivatives are below 2, and both values are rounded
                double tolerance = 2 * step * step / 6 + Tolerance.roundings(2, 9) / (2 * step);
                assertEquals(difference, slope.toArray()[0], tolerance, kind + " at " + point);
            }
        }
    }

    @Test
    void pyTorch() {
        Map<Kind, String> names =
                Map.of(Kind.RELU, "relu", Kind.GELU, "gelu_erf", Kind.GELU_TANH, "gelu_tanh", Kind.MISH, "mish");
        double reference = 4 * 0x1p-53; // PyTorch's own float64 cancels in 1 + erf and 1 + tanh
        for (Kind kind : Kind.values()) {
            List<ParityFile.Case> cases = ParityFile.read("activation").casesWith("kind", names.get(kind));
            assertEquals(1, cases.size());
            float[] x = cases.getFirst().floats("input");
            float[] dy = cases.getFirst().floats("grad_output");
            for (Kernels kernels : Twins.all()) {
                GuardedFloats in = GuardedFloats.of(x);
                GuardedFloats y = GuardedFloats.zeros(x.length);
                GuardedFloats dx = GuardedFloats.zeros(x.length);
                kernels.activation().values(kind, in.segment(), y.segment(), 0, x.length);
                kernels.activation()
                        .gradient(kind, in.segment(), GuardedFloats.of(dy).segment(), dx.segment(), false, 0, x.length);
                String what = kind + ", " + kernels.reason();
                Tolerance.assertClose(
                        what,
                        cases.getFirst().floats("output"),
                        y.toArray(),
                        i -> tolerance(kind, x[i]) + reference * Math.abs(x[i]));
                Tolerance.assertClose(
                        what + " gradient",
                        cases.getFirst().floats("grad_input"),
                        dx.toArray(),
                        i -> slopeTolerance(kind, x[i], dy[i], 0)
                                + reference * Math.abs(dy[i]) * (1 + Math.pow(Math.abs(x[i]), 3)));
            }
        }
    }
}
