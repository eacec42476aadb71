package dev.hourglass.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

/** The vector twin of {@link Elementwise} against the scalar one: every length around a vector's, ranges inside larger tensors. */
class ElementwiseTwinTest {

    private static final int LONGEST = 70;
    private static final int[] OFFSETS = {0, 1, 3, 16, 37};

    private final Elementwise scalar = Twins.scalar().elementwise();

    /** Runs an operation {@code (kernels, out)} for every range of {@code length + 40} elements, and compares. */
    private interface Operation {
        void run(Elementwise kernels, GuardedFloats out, int from, int to);
    }

    private void compare(String what, Operation operation, BiFunction<float[], Integer, Double> tolerance) {
        Elementwise vector = Twins.vector().elementwise();
        int cases = 0;
        for (int length = 1; length <= LONGEST; length++) {
            for (int from : OFFSETS) {
                int to = from + length;
                GuardedFloats expected = GuardedFloats.random(length, to + 3);
                float[] before = expected.toArray();
                GuardedFloats actual = expected.copy();
                operation.run(scalar, expected, from, to);
                operation.run(vector, actual, from, to);
                Tolerance.assertClose(
                        what + " " + from + " to " + to,
                        expected.toArray(),
                        actual.toArray(),
                        i -> i < from || i >= to ? 0 : tolerance.apply(before, i));
                cases++;
            }
        }
        assertEquals(LONGEST * OFFSETS.length, cases);
    }

    private static final int MOST = LONGEST + 40;
    private final GuardedFloats x = GuardedFloats.random(1, MOST, 0, 4);
    private final GuardedFloats y = GuardedFloats.random(2, MOST);
    private final float[] xs = x.toArray();
    private final float[] ys = y.toArray();

    @Test
    void silu() {
        compare(
                "silu",
                (k, out, from, to) -> k.silu(x.segment(), out.segment(), from, to),
                (before, i) -> Tolerance.silu(xs[i]));
    }

    @Test
    void siluGradient() {
        for (boolean accumulate : new boolean[] {false, true}) {
            compare(
                    "siluGradient",
                    (k, out, from, to) -> k.siluGradient(x.segment(), y.segment(), out.segment(), accumulate, from, to),
                    (before, i) -> Tolerance.siluGradient(xs[i], ys[i], accumulate ? before[i] : 0));
        }
    }

    @Test
    void addCopyFillBlendClamp() {
        compare(
                "add",
                (k, out, from, to) -> k.add(x.segment(), y.segment(), out.segment(), from, to),
                (before, i) -> Tolerance.add(xs[i], ys[i]));
        compare("copy", (k, out, from, to) -> k.copy(x.segment(), out.segment(), false, from, to), (before, i) -> 0.0);
        compare(
                "copy and add",
                (k, out, from, to) -> k.copy(x.segment(), out.segment(), true, from, to),
                (before, i) -> Tolerance.add(xs[i], before[i]));
        compare("fill", (k, out, from, to) -> k.fill(out.segment(), 1.25f, from, to), (before, i) -> 0.0);
        compare(
                "blend",
                (k, out, from, to) -> k.blend(0.3f, x.segment(), -0.7f, y.segment(), out.segment(), from, to),
                (before, i) -> Tolerance.blend(0.3 * xs[i], 0.7 * ys[i]));
        compare(
                "blend in place",
                (k, out, from, to) -> k.blend(0.3f, out.segment(), -0.7f, y.segment(), out.segment(), from, to),
                (before, i) -> Tolerance.blend(0.3 * before[i], 0.7 * ys[i]));
        compare(
                "affine",
                (k, out, from, to) -> k.affine(x.segment(), 0.3f, -0.7f, out.segment(), false, from, to),
                (before, i) -> Tolerance.blend(0.3 * xs[i], 0.7));
        compare(
                "affine, adding",
                (k, out, from, to) -> k.affine(x.segment(), 0.3f, -0.7f, out.segment(), true, from, to),
                (before, i) -> Tolerance.blend(0.3 * xs[i], 0.7) + Tolerance.add(0.3 * xs[i] - 0.7, before[i]));
        compare(
                "clamp",
                (k, out, from, to) -> k.clamp(x.segment(), -1, 2, out.segment(), from, to),
                (before, i) -> 0.0);
    }

    @Test
    void addExponentialAndRoot() {
        compare(
                "addExponential",
                (k, out, from, to) -> k.addExponential(0.8f, x.segment(), -1.5f, y.segment(), out.segment(), from, to),
                (before, i) -> Tolerance.addExponential(0.8 * xs[i] - 1.5, ys[i], before[i]));
        compare(
                "addExponential beyond float",
                (k, out, from, to) -> k.addExponential(1e4f, x.segment(), 0, y.segment(), out.segment(), from, to),
                (before, i) -> Tolerance.addExponential(xs[i] > 0 ? 88 : -86, ys[i], before[i]));
        GuardedFloats positive = GuardedFloats.zeros(MOST);
        for (int i = 0; i < MOST; i++) {
            positive.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, Math.abs(xs[i]));
        }
        compare(
                "addRoot",
                (k, out, from, to) -> k.addRoot(positive.segment(), y.segment(), out.segment(), from, to),
                (before, i) -> Tolerance.blend(before[i], 2 * Math.sqrt(Math.abs(xs[i])) * ys[i]));
    }

    @Test
    void bytesToFloats() {
        MemorySegment bytes = Arena.ofAuto().allocate(MOST);
        for (int i = 0; i < MOST; i++) {
            bytes.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 97));
        }
        compare(
                "bytesToFloats",
                (k, out, from, to) -> k.bytesToFloats(bytes, out.segment(), 2 / 255f, -1, from, from, to - from),
                (before, i) -> Tolerance.blend(2, 1));
    }

    @Test
    void siluIsTheSameForOneElementAsInAVector() {
        Elementwise vector = Twins.vector().elementwise();
        GuardedFloats inputs = GuardedFloats.random(3, 1024, 0, 30);
        GuardedFloats gradients = GuardedFloats.random(4, 1024);
        GuardedFloats whole = GuardedFloats.zeros(1024);
        GuardedFloats single = GuardedFloats.zeros(1024);
        GuardedFloats wholeSlope = GuardedFloats.zeros(1024);
        GuardedFloats singleSlope = GuardedFloats.zeros(1024);
        vector.silu(inputs.segment(), whole.segment(), 0, 1024);
        vector.siluGradient(inputs.segment(), gradients.segment(), wholeSlope.segment(), false, 0, 1024);
        for (int i = 0; i < 1024; i++) {
            vector.silu(inputs.segment(), single.segment(), i, i + 1);
            vector.siluGradient(inputs.segment(), gradients.segment(), singleSlope.segment(), false, i, i + 1);
        }
        assertArrayEquals(whole.toArray(), single.toArray());
        assertArrayEquals(wholeSlope.toArray(), singleSlope.toArray());
    }

    @Test
    void siluOfExtremes() {
        float[] inputs = {
            0,
            -0f,
            1e-30f,
            -1e-30f,
            20,
            -20,
            86,
            -86,
            87.5f,
            -87.5f,
            88.6f,
            -88.6f,
            89,
            -89,
            100,
            -100,
            1e30f,
            -1e30f,
            Float.MAX_VALUE,
            -Float.MAX_VALUE,
            Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY,
            Float.NaN,
            Float.intBitsToFloat(0xffc00000), // the NaN that processors make
            Float.MIN_VALUE,
            -Float.MIN_VALUE,
            -88.9f,
            -89.2f,
            -89.4f,
            -89.6f,
            89.4f,
            3e38f
        };
        for (Kernels kernels : Twins.all()) {
            GuardedFloats out = GuardedFloats.zeros(inputs.length);
            GuardedFloats slope = GuardedFloats.zeros(inputs.length);
            GuardedFloats ones = GuardedFloats.zeros(inputs.length);
            kernels.elementwise().fill(ones.segment(), 1, 0, inputs.length);
            kernels.elementwise().silu(GuardedFloats.of(inputs).segment(), out.segment(), 0, inputs.length);
            kernels.elementwise()
                    .siluGradient(
                            GuardedFloats.of(inputs).segment(),
                            ones.segment(),
                            slope.segment(),
                            false,
                            0,
                            inputs.length);
            float[] values = out.toArray();
            float[] slopes = slope.toArray();
            for (int i = 0; i < inputs.length; i++) {
                double x = Math.clamp(inputs[i], -1e3, Float.MAX_VALUE);
                String what = kernels.reason() + ": silu of " + inputs[i];
                if (Float.isNaN(inputs[i])) {
                    assertTrue(Float.isNaN(values[i]) && Float.isNaN(slopes[i]), what);
                } else if (inputs[i] == Float.POSITIVE_INFINITY) {
                    assertEquals(Float.POSITIVE_INFINITY, values[i], what);
                    assertEquals(1, slopes[i], what);
                } else {
                    assertEquals(x / (1 + Math.exp(-x)), values[i], Tolerance.silu(x), what);
                    double exact = 1 / (1 + Math.exp(-x)) * (1 + x / (1 + Math.exp(x)));
                    assertEquals(exact, slopes[i], Tolerance.siluGradient(x, 1, 0), what);
                }
            }
        }
    }

    @Test
    void siluGradientIsTheDerivative() {
        double step = 1e-3;
        for (float point = -12; point < 12; point += 0.37f) {
            GuardedFloats around = GuardedFloats.of((float) (point - step), (float) (point + step));
            GuardedFloats values = GuardedFloats.zeros(2);
            GuardedFloats slope = GuardedFloats.zeros(1);
            scalar.silu(around.segment(), values.segment(), 0, 2);
            scalar.siluGradient(
                    GuardedFloats.of(point).segment(), GuardedFloats.of(1).segment(), slope.segment(), false, 0, 1);
            float[] v = values.toArray();
            float[] p = around.toArray();
            double difference = ((double) v[1] - v[0]) / ((double) p[1] - p[0]);
            // the third derivative is below 1, and both values are rounded
            double tolerance = step * step / 6 + Tolerance.roundings(2, 13) / (2 * step);
            assertEquals(difference, slope.toArray()[0], tolerance, "at " + point);
        }
    }

    @Test
    void firstNonFinite() {
        float[] bad = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
        for (Kernels kernels : Twins.all()) {
            for (int length : new int[] {1, 2, 15, 16, 17, 33, 64, 1023, 1024, 1025, 3000}) {
                GuardedFloats values = GuardedFloats.random(5, length + 4, 0, 1e37);
                assertEquals(-1, kernels.elementwise().firstNonFinite(values.segment(), 2, length + 2));
                for (int at = 0; at < length; at = at * 2 + 1) {
                    values.segment().setAtIndex(ValueLayout.JAVA_FLOAT, at + 2, bad[at % 3]);
                    assertEquals(at + 2, kernels.elementwise().firstNonFinite(values.segment(), 2, length + 2));
                    values.segment().setAtIndex(ValueLayout.JAVA_FLOAT, at + 2, Float.MAX_VALUE);
                }
                values.segment().setAtIndex(ValueLayout.JAVA_FLOAT, 1, Float.NaN);
                values.segment().setAtIndex(ValueLayout.JAVA_FLOAT, length + 2, Float.NaN);
                assertEquals(-1, kernels.elementwise().firstNonFinite(values.segment(), 2, length + 2));
            }
        }
    }
}
