package dev.hourglass.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.testing.ParityFile;
import java.lang.foreign.MemorySegment;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** The vector twin of {@link Attention} against the scalar one, which is held by PyTorch's figures and by finite differences. */
class AttentionTest {

    private static final int[][] SHAPES = { // n, heads, dim, tq, tk
        {1, 1, 1, 1, 1},
        {1, 1, 4, 1, 200},
        {2, 3, 8, 49, 49},
        {1, 7, 8, 131, 257},
        {2, 2, 16, 64, 77},
        {1, 2, 33, 50, 5},
        {1, 8, 40, 100, 77},
        {1, 1, 64, 256, 256},
        {1, 2, 80, 17, 129},
        {1, 1, 160, 33, 300},
        {1, 1, 512, 16, 16},
        {2, 16, 8, 145, 128},
    };

    private static AttentionGeometry geometry(int... shape) {
        return AttentionGeometry.of(shape[0], shape[1], shape[2], shape[3], shape[4]);
    }

    private static void compare(AttentionCase expected) {
        compare(expected, Twins.vector());
    }

    private static void compare(AttentionCase expected, Kernels kernels) {
        Attention scalar = Twins.scalar().attention();
        Attention vector = kernels.attention();
        for (boolean accumulate : new boolean[] {false, true}) {
            AttentionCase left = expected.copy();
            AttentionCase right = expected.copy();
            left.forward(scalar);
            left.backward(scalar, accumulate);
            right.forward(vector);
            right.backward(vector, accumulate);
            left.assertClose("vector twin", right, accumulate);
        }
    }

    @Test
    void vectorMatchesScalar() {
        for (int[] shape : SHAPES) {
            compare(AttentionCase.random(geometry(shape), false));
            compare(AttentionCase.random(geometry(shape), true));
        }
    }

    @Property(tries = 100)
    void vectorMatchesScalarWhateverTheShape(
            @ForAll @IntRange(min = 1, max = 2) int n,
            @ForAll @IntRange(min = 1, max = 3) int heads,
            @ForAll @IntRange(min = 1, max = 34) int dim,
            @ForAll @IntRange(min = 1, max = 100) int tq,
            @ForAll @IntRange(min = 1, max = 150) int tk,
            @ForAll @IntRange(min = 0, max = 5) int wider,
            @ForAll boolean masked) {
        int width = heads * dim;
        AttentionGeometry g = geometry(n, heads, dim, tq, tk)
                .withStrides(width + wider, width + 2 * wider, width + 3 * wider, width + wider);
        for (Kernels kernels : Twins.all()) {
            compare(AttentionCase.random(g, masked), kernels);
        }
    }

    /** With two keys, attention is the logistic function of the difference of their scores: here minus the query. */
    @Test
    void exponentialsAreAccurate() {
        int count = 4001;
        float[] q = new float[count];
        for (int i = 0; i < count; i++) {
            q[i] = i * 40f / count;
        }
        AttentionCase c = AttentionCase.of(
                geometry(1, 1, 1, count, 2),
                GuardedFloats.of(q),
                GuardedFloats.of(0, -1),
                GuardedFloats.of(0, 1),
                null,
                GuardedFloats.zeros(count));
        for (Kernels kernels : Twins.all()) {
            c.forward(kernels.attention());
            float[] y = c.y().toArray();
            for (int i = 0; i < count; i++) {
                double expected = 1 / (1 + Math.exp(q[i]));
                // the factor and the score are rounded, the exponential is off by 3, and then there are a sum and a
                // quotient
                double tolerance = Tolerance.roundings(2.5 * q[i] + 3 + 4, expected);
                assertEquals(expected, y[i], tolerance, kernels.reason() + ", minus " + q[i]);
            }
        }
    }

    @Test
    void scoresFarApartKeepTheirDigits() {
        AttentionGeometry g = geometry(1, 2, 8, 60, 300);
        AttentionCase some = AttentionCase.random(g, false);
        for (double deviation : new double[] {0, 1e-20, 10, 60}) {
            GuardedFloats q = GuardedFloats.random(20, some.q().length(), 0, deviation);
            compare(AttentionCase.of(g, q, some.k(), some.v(), null, some.dy()));
        }
    }

    /** Keys that a mask leaves out count for nothing: everything is as if they were not there. */
    @Test
    void maskedKeysAreLeftOut() {
        int[] left = {200, 210, 277};
        for (Kernels kernels : Twins.all()) {
            for (float out : new float[] {-10_000, Float.NEGATIVE_INFINITY}) {
                AttentionGeometry g = geometry(1, 2, 8, 70, 300);
                float[] mask = new float[300];
                java.util.Arrays.fill(mask, out);
                float[] keys = new float[left.length * 16];
                float[] values = new float[left.length * 16];
                AttentionCase all = AttentionCase.random(g, true);
                for (int j = 0; j < left.length; j++) {
                    mask[left[j]] = 0;
                    System.arraycopy(all.k().toArray(), left[j] * 16, keys, j * 16, 16);
                    System.arraycopy(all.v().toArray(), left[j] * 16, values, j * 16, 16);
                }
                AttentionCase masked = AttentionCase.of(g, all.q(), all.k(), all.v(), GuardedFloats.of(mask), all.dy());
                masked.forward(kernels.attention());
                masked.backward(kernels.attention(), false);
                AttentionCase few = AttentionCase.of(
                        geometry(1, 2, 8, 70, left.length),
                        all.q(),
                        GuardedFloats.of(keys),
                        GuardedFloats.of(values),
                        null,
                        all.dy());
                few.forward(Twins.scalar().attention());
                few.backward(Twins.scalar().attention(), false);
                float[] dk = new float[keys.length];
                float[] dv = new float[keys.length];
                for (int j = 0; j < left.length; j++) {
                    System.arraycopy(masked.dk().toArray(), left[j] * 16, dk, j * 16, 16);
                    System.arraycopy(masked.dv().toArray(), left[j] * 16, dv, j * 16, 16);
                }
                AttentionCase found = new AttentionCase(
                        few.g(),
                        few.q(),
                        few.k(),
                        few.v(),
                        null,
                        few.dy(),
                        masked.y(),
                        masked.lse(),
                        masked.delta(),
                        masked.dq(),
                        GuardedFloats.of(dk),
                        GuardedFloats.of(dv));
                few.assertClose(kernels.reason() + ", masked with " + out, found, false);
            }
        }
    }

    /** Queries, keys and values side by side in wide tokens, as one projection makes them: the same bits as apart. */
    @Test
    void oneProjectionIsReadInPlace() {
        for (Kernels kernels : Twins.all()) {
            AttentionGeometry g = geometry(2, 3, 8, 60, 60);
            AttentionCase apart = AttentionCase.random(g, false);
            int width = g.width();
            float[] wide = new float[2 * 60 * 3 * width];
            float[][] parts = {
                apart.q().toArray(), apart.k().toArray(), apart.v().toArray()
            };
            for (int token = 0; token < 2 * 60; token++) {
                for (int part = 0; part < 3; part++) {
                    System.arraycopy(parts[part], token * width, wide, (token * 3 + part) * width, width);
                }
            }
            MemorySegment x = GuardedFloats.of(wide).segment();
            GuardedFloats dx = GuardedFloats.zeros(wide.length);
            AttentionCase inPlace = apart.copy();
            AttentionGeometry strided = g.withStrides(3 * width, 3 * width, 3 * width, width);
            Attention kernel = kernels.attention();
            MemorySegment workspace = apart.workspace(kernel);
            MemorySegment[] in = slices(x, width);
            MemorySegment[] out = slices(dx.segment(), width);
            MemorySegment y = inPlace.y().segment();
            MemorySegment lse = inPlace.lse().segment();
            MemorySegment dy = inPlace.dy().segment();
            MemorySegment delta = inPlace.delta().segment();
            for (int i = 0; i < kernel.queryItems(strided); i++) {
                kernel.forward(strided, in[0], in[1], in[2], null, y, lse, workspace, i);
            }
            for (int i = 0; i < kernel.queryItems(strided); i++) {
                kernel.queryGradient(
                        strided, in[0], in[1], in[2], null, y, lse, dy, delta, out[0], false, workspace, i);
            }
            for (int i = 0; i < kernel.keyItems(strided); i++) {
                kernel.keyValueGradient(
                        strided, in[0], in[1], in[2], null, lse, dy, delta, out[1], false, out[2], false, workspace, i);
            }
            apart.forward(kernel);
            apart.backward(kernel, false);
            assertArrayEquals(apart.y().toArray(), inPlace.y().toArray());
            float[][] gradients = {
                apart.dq().toArray(), apart.dk().toArray(), apart.dv().toArray()
            };
            float[] found = dx.toArray();
            for (int i = 0; i < found.length; i++) {
                int token = i / (3 * width);
                assertEquals(gradients[i / width % 3][token * width + i % width], found[i]);
            }
        }
    }

    private static MemorySegment[] slices(MemorySegment wide, int width) {
        return new MemorySegment[] {wide, wide.asSlice(width * 4L), wide.asSlice(2L * width * 4)};
    }

    @Test
    void itemsAreIndependent() {
        for (Kernels kernels : Twins.all()) {
            Attention kernel = kernels.attention();
            AttentionCase forwards = AttentionCase.random(geometry(2, 16, 8, 300, 310), true);
            AttentionCase backwards = forwards.copy();
            forwards.forward(kernel);
            forwards.backward(kernel, true);
            MemorySegment workspace = backwards.workspace(kernel);
            assertTrue(kernel.queryItems(forwards.g()) > 16 && kernel.keyItems(forwards.g()) > 16);
            for (int i = kernel.queryItems(forwards.g()) - 1; i >= 0; i--) {
                backwards.forward(kernel, workspace, i);
            }
            for (int i = kernel.queryItems(forwards.g()) - 1; i >= 0; i--) {
                backwards.queryGradient(kernel, true, workspace, i);
            }
            for (int i = kernel.keyItems(forwards.g()) - 1; i >= 0; i--) {
                backwards.keyValueGradient(kernel, true, workspace, i);
            }
            assertArrayEquals(forwards.y().toArray(), backwards.y().toArray());
            assertArrayEquals(forwards.dq().toArray(), backwards.dq().toArray());
            assertArrayEquals(forwards.dk().toArray(), backwards.dk().toArray());
            assertArrayEquals(forwards.dv().toArray(), backwards.dv().toArray());
        }
    }

    @Test
    void whatIsNotWantedMayBeMissing() {
        for (Kernels kernels : Twins.all()) {
            Attention kernel = kernels.attention();
            AttentionCase all = AttentionCase.random(geometry(1, 2, 8, 60, 50), false);
            AttentionCase less = all.copy();
            AttentionCase none = new AttentionCase(
                    all.g(), all.q(), all.k(), all.v(), null, all.dy(), less.y(), null, null, null, null, null);
            all.forward(kernel);
            none.forward(kernel);
            assertArrayEquals(all.y().toArray(), less.y().toArray());
            all.backward(kernel, false);
            AttentionCase values = new AttentionCase(
                    all.g(),
                    all.q(),
                    all.k(),
                    all.v(),
                    null,
                    all.dy(),
                    all.y(),
                    all.lse(),
                    less.delta(),
                    null,
                    null,
                    less.dv());
            values.backward(kernel, false);
            assertArrayEquals(all.dv().toArray(), less.dv().toArray());
            AttentionCase keys = new AttentionCase(
                    all.g(),
                    all.q(),
                    all.k(),
                    all.v(),
                    null,
                    all.dy(),
                    all.y(),
                    all.lse(),
                    less.delta(),
                    null,
                    less.dk(),
                    null);
            keys.backward(kernel, false);
            assertArrayEquals(all.dk().toArray(), less.dk().toArray());
        }
    }

    @Test
    void nanStaysNaN() {
        for (Kernels kernels : Twins.all()) {
            AttentionCase some = AttentionCase.random(geometry(1, 1, 8, 20, 300), false);
            float[] keys = some.k().toArray();
            keys[8 * 150] = Float.NaN;
            AttentionCase bad = AttentionCase.of(some.g(), some.q(), GuardedFloats.of(keys), some.v(), null, some.dy());
            bad.forward(kernels.attention());
            for (float value : bad.y().toArray()) {
                assertTrue(Float.isNaN(value), kernels.reason());
            }
        }
    }

    @Test
    void scalarGradientsAreTheDerivatives() {
        AttentionCase c = AttentionCase.random(geometry(2, 2, 3, 4, 5), true);
        c.forward(Twins.scalar().attention());
        c.backward(Twins.scalar().attention(), false);
        GuardedFloats[] inputs = {c.q(), c.k(), c.v()};
        GuardedFloats[] gradients = {c.dq(), c.dk(), c.dv()};
        double step = 1e-2;
        for (int input = 0; input < 3; input++) {
            float[] gradient = gradients[input].toArray();
            for (int i = 0; i < gradient.length; i++) {
                double difference =
                        (lossAt(c, inputs, input, i, step) - lossAt(c, inputs, input, i, -step)) / (2 * step);
                // the third derivative of the loss is some tens here, outputs and the step are rounded
                double tolerance = 40 * step * step / 6 + Tolerance.roundings(24, 4) / step;
                assertEquals(difference, gradient[i], tolerance, "input " + input + ", element " + i);
            }
        }
    }

    private static double lossAt(AttentionCase c, GuardedFloats[] inputs, int input, int element, double step) {
        GuardedFloats[] moved = inputs.clone();
        float[] values = inputs[input].toArray();
        values[element] += (float) step;
        moved[input] = GuardedFloats.of(values);
        AttentionCase at = AttentionCase.of(c.g(), moved[0], moved[1], moved[2], c.bias(), c.dy());
        at.forward(Twins.scalar().attention());
        return GuardedFloats.dot(at.y(), c.dy());
    }

    @Test
    void bothTwinsMatchPyTorch() {
        List<ParityFile.Case> cases = ParityFile.read("attention").cases();
        assertEquals(6, cases.size());
        for (ParityFile.Case c : cases) {
            int[] q = c.shape("query");
            AttentionGeometry g = geometry(q[0], q[1], q[3], q[2], c.shape("key")[2]);
            AttentionCase inputs = AttentionCase.of(
                    g, tokens(c, "query"), tokens(c, "key"), tokens(c, "value"), null, tokens(c, "grad_output"));
            inputs.forward(Twins.scalar().attention());
            inputs.backward(Twins.scalar().attention(), false);
            AttentionCase expected = new AttentionCase(
                    g,
                    inputs.q(),
                    inputs.k(),
                    inputs.v(),
                    null,
                    inputs.dy(),
                    tokens(c, "output"),
                    inputs.lse(),
                    inputs.delta(),
                    tokens(c, "grad_query"),
                    tokens(c, "grad_key"),
                    tokens(c, "grad_value"));
            for (Kernels kernels : Twins.all()) {
                AttentionCase actual = inputs.copy();
                actual.forward(kernels.attention());
                actual.backward(kernels.attention(), false);
                expected.assertClose(c + ", " + kernels.reason(), actual, false);
            }
        }
    }

    /** {@code [N, heads, tokens, dim]} as {@code [N, tokens, heads * dim]}. */
    private static GuardedFloats tokens(ParityFile.Case c, String tensor) {
        int[] shape = c.shape(tensor);
        AttentionGeometry g = geometry(shape[0], shape[1], shape[3], shape[2], shape[2]);
        float[] stored = c.floats(tensor);
        float[] result = new float[stored.length];
        for (int i = 0; i < stored.length; i++) {
            int head = i / (g.tq() * g.dim());
            int token = i / g.dim() % g.tq();
            result[AttentionCase.first(g, head, g.tq(), token, g.width()) + i % g.dim()] = stored[i];
        }
        return GuardedFloats.of(result);
    }
}
