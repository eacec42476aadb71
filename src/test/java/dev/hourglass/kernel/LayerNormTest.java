package dev.hourglass.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.hourglass.testing.ParityFile;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** Layer norm: the vector twin against the scalar one, both against PyTorch and the derivatives. */
class LayerNormTest {

    private static final float EPS = 1e-5f;
    private static final int SHARES = 2;

    /** Inputs and results of one call. The statistics' two parts of the mean are compared together. */
    private record Problem(
            int rows,
            int channels,
            float eps,
            GuardedFloats x,
            GuardedFloats gamma,
            GuardedFloats beta,
            GuardedFloats dy,
            GuardedFloats y,
            GuardedFloats stats,
            GuardedFloats dx,
            GuardedFloats partials) {

        static Problem of(
                int rows,
                int channels,
                float eps,
                GuardedFloats x,
                GuardedFloats gamma,
                GuardedFloats beta,
                GuardedFloats dy) {
            return new Problem(
                    rows,
                    channels,
                    eps,
                    x,
                    gamma,
                    beta,
                    dy,
                    GuardedFloats.random(4, rows * channels),
                    GuardedFloats.random(5, rows * LayerNorm.STATISTICS),
                    GuardedFloats.random(6, rows * channels),
                    GuardedFloats.random(7, SHARES * 2 * channels));
        }

        static Problem random(int rows, int channels, double mean, double deviation) {
            int n = rows * channels;
            return of(
                    rows,
                    channels,
                    EPS,
                    GuardedFloats.random(n, n, mean, deviation),
                    GuardedFloats.random(1, channels),
                    GuardedFloats.random(2, channels),
                    GuardedFloats.random(3, n));
        }

        Problem copy() {
            return new Problem(
                    rows, channels, eps, x, gamma, beta, dy, y.copy(), stats.copy(), dx.copy(), partials.copy());
        }

        void forward(LayerNorm kernel, int from, int to) {
            kernel.forward(
                    x.segment(),
                    gamma.segment(),
                    beta.segment(),
                    y.segment(),
                    stats.segment(),
                    channels,
                    eps,
                    from,
                    to);
        }

        void backward(LayerNorm kernel, boolean accumulate, int share, int from, int to) {
            kernel.backward(
                    x.segment(),
                    gamma.segment(),
                    stats.segment(),
                    dy.segment(),
                    dx.segment(),
                    accumulate,
                    partials.segment(),
                    share,
                    channels,
                    from,
                    to);
        }

        /** {@code x - mean} over the deviation, by these statistics. */
        double[] xhats() {
            float[] s = stats.toArray();
            float[] values = x.toArray();
            double[] xhats = new double[values.length];
            for (int i = 0; i < xhats.length; i++) {
                int row = i / channels * LayerNorm.STATISTICS;
                xhats[i] = (values[i] - (double) s[row] - s[row + 1]) * s[row + 2];
            }
            return xhats;
        }
    }

    @Property(tries = 300)
    void twinsAgree(
            @ForAll @IntRange(min = 1, max = 400) int channels,
            @ForAll @IntRange(min = 1, max = 5) int rows,
            @ForAll boolean accumulate) {
        compare(Problem.random(rows, channels, 0.3, 1.5), accumulate);
    }

    @Test
    void transformersWidths() {
        for (int channels : new int[] {320, 640, 768, 1024, 1025, 1280, 5000}) {
            compare(Problem.random(3, channels, 0, 1), false);
        }
    }

    @Test
    void aMeanFarFromZeroCostsNoDigits() {
        for (int channels : new int[] {2, 17, 64, 320, 1280}) {
            compare(Problem.random(3, channels, 100, 1), false);
            compare(Problem.random(3, channels, -3000, 0.5), true);
            compare(Problem.random(3, channels, 1e6, 1), false);
        }
    }

    /** The first element, about which sums are taken, is no better than another. */
    @Test
    void aFirstElementFarFromTheRestCostsNoDigits() {
        for (int channels : new int[] {40, 320}) {
            Problem problem = Problem.random(2, channels, 1, 1e-2);
            float[] x = problem.x().toArray();
            x[0] = 700;
            x[channels] = -700;
            compare(
                    Problem.of(2, channels, EPS, GuardedFloats.of(x), problem.gamma(), problem.beta(), problem.dy()),
                    false);
        }
    }

    @Test
    void aLongRowKeepsItsDigits() {
        compare(Problem.random(1, 200_000, 5, 1), false);
    }

    /** Row 0 must stay as it is where there are several. */
    private static void compare(Problem problem, boolean accumulate) {
        for (Kernels kernels : Twins.all()) {
            compare(kernels.layerNorm(), problem, accumulate);
        }
    }

    private static void compare(LayerNorm vector, Problem problem, boolean accumulate) {
        LayerNorm scalar = Twins.scalar().layerNorm();
        int from = problem.rows() > 1 ? 1 : 0;
        Problem expected = problem.copy();
        Problem actual = problem.copy();
        expected.forward(scalar, from, problem.rows());
        actual.forward(vector, from, problem.rows());
        compareForward(expected, actual, from);
        Problem left = expected.copy();
        Problem right = expected.copy();
        left.backward(scalar, accumulate, 1, from, problem.rows());
        right.backward(vector, accumulate, 1, from, problem.rows());
        compareBackward(expected, left, right, accumulate, from);
    }

    private static void compareForward(Problem expected, Problem actual, int from) {
        int channels = expected.channels();
        double[] xhats = expected.xhats();
        double[] spread = new double[expected.rows()];
        for (int i = from * channels; i < xhats.length; i++) {
            spread[i / channels] = Math.max(spread[i / channels], Math.abs(xhats[i]));
        }
        float[] stats = expected.stats().toArray();
        float[] found = actual.stats().toArray();
        for (int k = 0; k < stats.length; k += LayerNorm.STATISTICS) {
            int row = k / LayerNorm.STATISTICS;
            if (row < from) {
                assertEquals(stats[k], found[k]);
                continue;
            }
            assertEquals(
                    (double) stats[k] + stats[k + 1],
                    (double) found[k] + found[k + 1],
                    Tolerance.layerNormMean(spread[row] / stats[k + 2], channels),
                    "mean of row " + row);
            assertEquals(
                    stats[k + 2],
                    found[k + 2],
                    Tolerance.groupNormScale(stats[k + 2], channels),
                    "scale of row " + row);
        }
        float[] gamma = expected.gamma().toArray();
        float[] beta = expected.beta().toArray();
        Tolerance.assertClose(
                "output of " + channels + " channels",
                expected.y().toArray(),
                actual.y().toArray(),
                i -> i < from * channels
                        ? 0
                        : Tolerance.layerNorm(spread[i / channels], gamma[i % channels], beta[i % channels], channels));
    }

    private static void compareBackward(
            Problem before, Problem expected, Problem actual, boolean accumulate, int from) {
        int channels = before.channels();
        float[] dy = before.dy().toArray();
        float[] stats = before.stats().toArray();
        float[] gamma = before.gamma().toArray();
        float[] dx = before.dx().toArray();
        double[] xhats = before.xhats();
        double[] magnitudes = new double[SHARES * 2 * channels];
        double[] largest = new double[before.rows()];
        for (int i = from * channels; i < dy.length; i++) {
            int row = i / channels;
            int c = i % channels;
            double scale = stats[row * LayerNorm.STATISTICS + 2];
            magnitudes[2 * channels + c] += Math.abs(dy[i] * xhats[i]);
            magnitudes[3 * channels + c] += Math.abs(dy[i]);
            double term = Math.abs(scale * gamma[c] * dy[i]) * (1 + Math.abs(xhats[i]));
            largest[row] = Math.max(largest[row], term);
        }
        Tolerance.assertClose(
                "sums of " + channels + " channels",
                expected.partials().toArray(),
                actual.partials().toArray(),
                i -> i < 2 * channels ? 0 : Tolerance.groupNormSums(magnitudes[i], before.rows()));
        Tolerance.assertClose(
                "gradient of " + channels + " channels",
                expected.dx().toArray(),
                actual.dx().toArray(),
                i -> i < from * channels
                        ? 0
                        : Tolerance.groupNormGradient(
                                largest[i / channels], xhats[i], accumulate ? dx[i] : 0, channels));
    }

    @Test
    void rowsDoNotDependOnTheCutAndMayBeOverwritten() {
        for (Kernels kernels : Twins.all()) {
            for (int channels : new int[] {1, 16, 37, 320}) {
                Problem whole = Problem.random(7, channels, 1, 2);
                Problem cut = whole.copy();
                whole.forward(kernels.layerNorm(), 0, 7);
                cut.forward(kernels.layerNorm(), 0, 3);
                cut.forward(kernels.layerNorm(), 3, 7);
                assertArrayEquals(whole.y().toArray(), cut.y().toArray());
                assertArrayEquals(whole.stats().toArray(), cut.stats().toArray());
                whole.backward(kernels.layerNorm(), false, 0, 0, 7);
                cut.backward(kernels.layerNorm(), false, 0, 0, 3);
                cut.backward(kernels.layerNorm(), false, 1, 3, 7);
                assertArrayEquals(whole.dx().toArray(), cut.dx().toArray());
                GuardedFloats same = whole.x().copy();
                kernels.layerNorm()
                        .forward(
                                same.segment(),
                                whole.gamma().segment(),
                                whole.beta().segment(),
                                same.segment(),
                                whole.stats().segment(),
                                channels,
                                EPS,
                                0,
                                7);
                assertArrayEquals(whole.y().toArray(), same.toArray());
            }
        }
    }

    @Test
    void sumsComeWithoutAnInputGradient() {
        for (Kernels kernels : Twins.all()) {
            Problem problem = Problem.random(4, 37, 0, 1);
            problem.forward(kernels.layerNorm(), 0, 4);
            Problem without = problem.copy();
            problem.backward(kernels.layerNorm(), false, 0, 0, 4);
            kernels.layerNorm()
                    .backward(
                            without.x().segment(),
                            without.gamma().segment(),
                            without.stats().segment(),
                            without.dy().segment(),
                            null,
                            false,
                            without.partials().segment(),
                            0,
                            37,
                            0,
                            4);
            assertArrayEquals(problem.partials().toArray(), without.partials().toArray());
        }
    }

    /** Without beta the output is linear in gamma, and gamma's gradient its adjoint: {@code <y, dy> = <gamma, dgamma>}. */
    @Property(tries = 200)
    void adjointInGamma(
            @ForAll @IntRange(min = 1, max = 90) int channels, @ForAll @IntRange(min = 1, max = 9) int rows) {
        Problem random = Problem.random(rows, channels, 1, 2);
        GuardedFloats none = GuardedFloats.zeros(channels);
        for (Kernels kernels : Twins.all()) {
            Problem p = Problem.of(rows, channels, EPS, random.x(), random.gamma(), none, random.dy());
            p.forward(kernels.layerNorm(), 0, rows);
            p.backward(kernels.layerNorm(), false, 0, 0, rows);
            float[] sums = p.partials().toArray();
            float[] gamma = p.gamma().toArray();
            double product = 0;
            for (int c = 0; c < channels; c++) {
                product += (double) gamma[c] * sums[c];
            }
            // xhat carries a few roundings on both sides, the sums one for each row
            double tolerance = Tolerance.roundings(rows + 6, 2 * GuardedFloats.dotOfMagnitudes(p.y(), p.dy()));
            assertEquals(GuardedFloats.dot(p.y(), p.dy()), product, tolerance, kernels.reason());
        }
    }

    @Property(tries = 100)
    void gradientsAreTheDerivatives(
            @ForAll @IntRange(min = 2, max = 40) int channels, @ForAll @IntRange(min = 0, max = 1000) int seed) {
        LayerNorm scalar = Twins.scalar().layerNorm();
        GuardedFloats dy = GuardedFloats.random(seed, channels);
        GuardedFloats gamma = GuardedFloats.random(seed + 1, channels);
        GuardedFloats beta = GuardedFloats.random(seed + 2, channels);
        GuardedFloats x = GuardedFloats.random(seed + 3, channels, 0.5, 2);
        GuardedFloats direction = GuardedFloats.random(seed + 4, channels);
        Problem at = Problem.of(1, channels, 1, x, gamma, beta, dy); // a large epsilon keeps curvatures small
        at.forward(scalar, 0, 1);
        at.backward(scalar, false, 0, 0, 1);
        double step = 1e-3;
        double[] losses = new double[2];
        for (int side = 0; side < 2; side++) {
            float[] moved = x.toArray();
            float[] along = direction.toArray();
            for (int c = 0; c < channels; c++) {
                moved[c] += (float) ((side == 0 ? -step : step) * along[c]);
            }
            Problem there = Problem.of(1, channels, 1, GuardedFloats.of(moved), gamma, beta, dy);
            there.forward(scalar, 0, 1);
            losses[side] = GuardedFloats.dot(there.y(), dy);
        }
        double norms = norm(dy) * norm(gamma) * norm(direction);
        // points and outputs are rounded, and third derivatives are a few times the product of the norms
        double tolerance = 10 * step * step * Math.pow(1 + norm(direction), 2) * norms
                + Tolerance.roundings(2, 8 * (norms + norm(dy) * (norm(gamma) + norm(beta)))) / step;
        assertEquals((losses[1] - losses[0]) / (2 * step), GuardedFloats.dot(at.dx(), direction), tolerance);
    }

    private static double norm(GuardedFloats values) {
        return Math.sqrt(GuardedFloats.dot(values, values));
    }

    @Test
    void pyTorch() {
        List<ParityFile.Case> cases = ParityFile.read("layer_norm").cases();
        assertEquals(4, cases.size());
        for (ParityFile.Case c : cases) {
            int channels = c.shape("input")[2];
            int rows = c.shape("input")[0] * c.shape("input")[1];
            for (Kernels kernels : Twins.all()) {
                Problem p = Problem.of(
                        rows,
                        channels,
                        (float) c.get("eps").asDouble(),
                        GuardedFloats.of(c.floats("input")),
                        GuardedFloats.of(c.floats("weight")),
                        GuardedFloats.of(c.floats("bias")),
                        GuardedFloats.of(c.floats("grad_output")));
                p.forward(kernels.layerNorm(), 0, rows);
                p.backward(kernels.layerNorm(), false, 0, 0, rows);
                matches(c, kernels, p);
            }
        }
    }

    private static void matches(ParityFile.Case c, Kernels kernels, Problem p) {
        int channels = p.channels();
        GuardedFloats dgamma = GuardedFloats.zeros(channels);
        GuardedFloats dbeta = GuardedFloats.zeros(channels);
        kernels.groupNorm()
                .reduceGradient(p.partials().segment(), 1, channels, dgamma.segment(), dbeta.segment(), false);
        double[] xhats = p.xhats();
        float[] dy = p.dy().toArray();
        float[] gamma = p.gamma().toArray();
        float[] beta = p.beta().toArray();
        float[] stats = p.stats().toArray();
        double[] products = new double[channels];
        double[] gradients = new double[channels];
        double spread = 0;
        double largest = 0;
        for (int i = 0; i < dy.length; i++) {
            double scale = stats[i / channels * LayerNorm.STATISTICS + 2];
            spread = Math.max(spread, Math.abs(xhats[i]));
            largest = Math.max(largest, Math.abs(scale * gamma[i % channels] * dy[i]) * (1 + Math.abs(xhats[i])));
            products[i % channels] += Math.abs(dy[i]) * (1 + Math.abs(xhats[i]));
            gradients[i % channels] += Math.abs(dy[i]);
        }
        double widest = spread;
        double most = largest;
        String what = c + ", " + kernels.reason() + ", ";
        Tolerance.assertClose(
                what + "output",
                c.floats("output"),
                p.y().toArray(),
                i -> Tolerance.layerNorm(widest, gamma[i % channels], beta[i % channels], channels));
        Tolerance.assertClose(
                what + "grad_input",
                c.floats("grad_input"),
                p.dx().toArray(),
                i -> Tolerance.groupNormGradient(most, xhats[i], 0, channels));
        Tolerance.assertClose(
                what + "grad_weight",
                c.floats("grad_weight"),
                dgamma.toArray(),
                i -> Tolerance.groupNormSums(products[i], p.rows()));
        Tolerance.assertClose(
                what + "grad_bias",
                c.floats("grad_bias"),
                dbeta.toArray(),
                i -> Tolerance.groupNormSums(gradients[i], p.rows()));
    }
}
