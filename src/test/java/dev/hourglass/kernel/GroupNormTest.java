package dev.hourglass.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.memory.Slab;
import dev.hourglass.testing.Floats;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/** The vector twin of {@link GroupNorm} against the scalar one, which is held by PyTorch's figures and by finite differences. */
class GroupNormTest {

    private static final MemorySegment WORKSPACE =
            Slab.open("workspace", 2 << 20).slice(0, 2 << 20);

    private static final float EPS = 1e-5f;
    private static final int[] CHANNELS = {1, 2, 3, 5, 8, 12, 16, 17, 24, 31, 32, 33, 48, 64, 100, 128};
    private static final int[] PIXELS = {1, 2, 3, 7, 16, 49, 63, 65, 300};

    /** Input, parameters and results of one call. */
    private record Problem(
            int images,
            int pixels,
            int channels,
            int groups,
            GuardedFloats x,
            GuardedFloats gamma,
            GuardedFloats beta,
            GuardedFloats dy,
            GuardedFloats y,
            GuardedFloats stats,
            GuardedFloats dx,
            GuardedFloats partials) {

        static Problem of(int images, int pixels, int channels, int groups, double mean, double deviation) {
            int n = images * pixels * channels;
            return new Problem(
                    images,
                    pixels,
                    channels,
                    groups,
                    GuardedFloats.random(n, n, mean, deviation),
                    GuardedFloats.random(1, channels),
                    GuardedFloats.random(2, channels),
                    GuardedFloats.random(3, n),
                    GuardedFloats.random(4, n),
                    GuardedFloats.random(5, images * groups * 2),
                    GuardedFloats.random(6, n),
                    GuardedFloats.random(7, images * channels * 2));
        }

        Problem copy() {
            return new Problem(
                    images,
                    pixels,
                    channels,
                    groups,
                    x,
                    gamma,
                    beta,
                    dy,
                    y.copy(),
                    stats.copy(),
                    dx.copy(),
                    partials.copy());
        }

        void forward(GroupNorm kernels, int from, int to) {
            kernels.forward(
                    x.segment(),
                    gamma.segment(),
                    beta.segment(),
                    y.segment(),
                    stats.segment(),
                    WORKSPACE,
                    pixels,
                    channels,
                    groups,
                    EPS,
                    false,
                    from,
                    to);
        }

        void backward(GroupNorm kernels, boolean accumulate, int from, int to) {
            kernels.backward(
                    x.segment(),
                    gamma.segment(),
                    beta.segment(),
                    stats.segment(),
                    dy.segment(),
                    dx.segment(),
                    accumulate,
                    partials.segment(),
                    WORKSPACE,
                    pixels,
                    channels,
                    groups,
                    false,
                    from,
                    to);
        }

        void forward(GroupNorm kernels, boolean silu) {
            kernels.forward(
                    x.segment(),
                    gamma.segment(),
                    beta.segment(),
                    y.segment(),
                    stats.segment(),
                    WORKSPACE,
                    pixels,
                    channels,
                    groups,
                    EPS,
                    silu,
                    0,
                    images);
        }

        void backward(GroupNorm kernels, boolean silu, boolean accumulate) {
            kernels.backward(
                    x.segment(),
                    gamma.segment(),
                    beta.segment(),
                    stats.segment(),
                    dy.segment(),
                    dx.segment(),
                    accumulate,
                    partials.segment(),
                    WORKSPACE,
                    pixels,
                    channels,
                    groups,
                    silu,
                    0,
                    images);
        }

        /** The same problem, results included, with another gradient. */
        Problem withDy(GuardedFloats other) {
            return new Problem(images, pixels, channels, groups, x, gamma, beta, other, y, stats, dx, partials);
        }

        int groupOf(int element) {
            return element / (pixels * channels) * groups + element % channels / (channels / groups);
        }

        long groupSize() {
            return (long) pixels * channels / groups;
        }
    }

    @Test
    void vectorMatchesScalar() {
        Kernels vector = Twins.vector();
        int cases = 0;
        for (int channels : CHANNELS) {
            for (int groups = 1; groups <= channels; groups++) {
                if (channels % groups == 0) {
                    for (int pixels : PIXELS) {
                        compare(vector.groupNorm(), Problem.of(3, pixels, channels, groups, 0.3, 1.5));
                        cases++;
                    }
                }
            }
        }
        assertTrue(cases > 300, cases + " cases");
    }

    @Test
    void aMeanFarFromZeroCostsNoDigits() {
        GroupNorm vector = Twins.vector().groupNorm();
        for (int channels : new int[] {1, 8, 17, 32, 64}) {
            compare(vector, Problem.of(2, 784, channels, channels % 8 == 0 ? 8 : 1, 100, 1));
            compare(vector, Problem.of(2, 784, channels, channels % 8 == 0 ? 8 : 1, -3000, 0.5));
        }
    }

    @Test
    void aFirstPixelFarFromTheRestCostsNoDigits() {
        GroupNorm vector = Twins.vector().groupNorm();
        for (int channels : new int[] {1, 17, 32}) {
            Problem problem = Problem.of(1, 900, channels, 1, 1, 1e-3);
            problem.x().segment().fill((byte) 0x44); // 785.07
            GuardedFloats rest = GuardedFloats.random(8, 899 * channels, 1, 1e-3);
            problem.x().segment().asSlice(channels * 4L).copyFrom(rest.segment());
            compare(vector, problem);
        }
    }

    @Test
    void aLongReductionKeepsItsDigits() {
        compare(Twins.vector().groupNorm(), Problem.of(1, 70_000, 16, 1, 5, 1));
        compare(Twins.vector().groupNorm(), Problem.of(1, 300_000, 1, 1, 5, 1));
    }

    /** Images 1 and on only: image 0 must stay as it is. */
    private static void compare(GroupNorm vector, Problem expected) {
        GroupNorm scalar = Twins.scalar().groupNorm();
        Problem actual = expected.copy();
        int from = expected.images() > 1 ? 1 : 0;
        String what =
                expected.pixels() + " pixels, " + expected.channels() + " channels, " + expected.groups() + " groups";
        expected.forward(scalar, from, expected.images());
        actual.forward(vector, from, expected.images());
        compareForward(what, expected, actual, from);
        for (boolean accumulate : new boolean[] {false, true}) {
            Problem left = expected.copy();
            Problem right = expected.copy();
            left.backward(scalar, accumulate, from, expected.images());
            right.backward(vector, accumulate, from, expected.images());
            compareBackward(what, expected, left, right, from);
        }
    }

    private static void compareForward(String what, Problem expected, Problem actual, int from) {
        float[] stats = expected.stats().toArray();
        float[] x = expected.x().toArray();
        float[] gamma = expected.gamma().toArray();
        float[] beta = expected.beta().toArray();
        long n = expected.groupSize();
        int perImage = expected.pixels() * expected.channels();
        double[] spread = new double[stats.length / 2];
        for (int i = from * perImage; i < x.length; i++) {
            int group = expected.groupOf(i);
            spread[group] = Math.max(spread[group], Math.abs(x[i] - (double) stats[2 * group]));
        }
        Tolerance.assertClose("statistics of " + what, stats, actual.stats().toArray(), i -> {
            if (i < from * 2 * expected.groups()) {
                return 0;
            }
            return i % 2 == 0
                    ? Tolerance.groupNormMean(stats[i], spread[i / 2], n)
                    : Tolerance.groupNormScale(stats[i], n);
        });
        Tolerance.assertClose(
                "output of " + what, expected.y().toArray(), actual.y().toArray(), i -> {
                    if (i < from * perImage) {
                        return 0;
                    }
                    int c = i % expected.channels();
                    int group = expected.groupOf(i);
                    double scale = stats[2 * group + 1];
                    return Tolerance.groupNorm(spread[group] * scale, gamma[c], beta[c], stats[2 * group], scale, n);
                });
    }

    private static void compareBackward(String what, Problem before, Problem expected, Problem actual, int from) {
        int channels = before.channels();
        int perImage = before.pixels() * channels;
        float[] x = before.x().toArray();
        float[] dy = before.dy().toArray();
        float[] stats = before.stats().toArray();
        float[] gamma = before.gamma().toArray();
        float[] dx = before.dx().toArray();
        double[] magnitudes = new double[before.images() * 2 * channels];
        double[] largest = new double[before.images() * before.groups()];
        for (int i = from * perImage; i < dy.length; i++) {
            int group = before.groupOf(i);
            double xhat = (x[i] - stats[2 * group]) * stats[2 * group + 1];
            int sum = i / perImage * 2 * channels + i % channels;
            magnitudes[sum] += Math.abs(dy[i] * xhat);
            magnitudes[sum + channels] += Math.abs(dy[i]);
            double term = Math.abs(stats[2 * group + 1] * gamma[i % channels] * dy[i]) * (1 + Math.abs(xhat));
            largest[group] = Math.max(largest[group], term);
        }
        Tolerance.assertClose(
                "sums of " + what,
                expected.partials().toArray(),
                actual.partials().toArray(),
                i -> i < from * 2 * channels ? 0 : Tolerance.groupNormSums(magnitudes[i], before.pixels()));
        Tolerance.assertClose(
                "input gradient of " + what,
                expected.dx().toArray(),
                actual.dx().toArray(),
                i -> {
                    if (i < from * perImage) {
                        return 0;
                    }
                    int group = before.groupOf(i);
                    double xhat = (x[i] - stats[2 * group]) * stats[2 * group + 1];
                    return Tolerance.groupNormGradient(largest[group], xhat, dx[i], before.groupSize());
                });
    }

    /** Normalisation and SiLU in one go against one after the other, forward and backward. */
    @Test
    void siluComesAfterNormalisation() {
        for (Kernels kernels : Twins.all()) {
            for (int channels : new int[] {1, 5, 16, 48}) {
                for (boolean accumulate : new boolean[] {false, true}) {
                    Problem apart = Problem.of(2, 199, channels, 1, 2, 1);
                    Problem joined = apart.copy();
                    int n = 2 * 199 * channels;
                    apart.forward(kernels.groupNorm(), 0, 2);
                    joined.forward(kernels.groupNorm(), true);
                    GuardedFloats activated = GuardedFloats.zeros(n);
                    kernels.elementwise().silu(apart.y().segment(), activated.segment(), 0, n);
                    assertSame(kernels, activated, joined.y());

                    kernels.elementwise()
                            .siluGradient(apart.y().segment(), apart.dy().segment(), activated.segment(), false, 0, n);
                    apart.withDy(activated).backward(kernels.groupNorm(), accumulate, 0, 2);
                    joined.backward(kernels.groupNorm(), true, accumulate);
                    assertSame(kernels, apart.dx(), joined.dx());
                    assertSame(kernels, apart.partials(), joined.partials());
                }
            }
        }
    }

    /** The vector twin takes the same steps either way; the scalar one does not round between them. */
    private static void assertSame(Kernels kernels, GuardedFloats expected, GuardedFloats found) {
        float[] e = expected.toArray();
        double largest = Floats.maxAbs(e);
        double tolerance = kernels.bits() == 0 ? 8 * Math.ulp(1f) * largest : 0;
        assertArrayEquals(e, found.toArray(), (float) tolerance);
    }

    @Test
    void outputMayBeInput() {
        for (Kernels kernels : Twins.all()) {
            for (int channels : new int[] {1, 5, 16, 48}) {
                Problem apart = Problem.of(2, 99, channels, 1, 2, 1);
                Problem same = new Problem(
                        2,
                        99,
                        channels,
                        1,
                        apart.x().copy(),
                        apart.gamma(),
                        apart.beta(),
                        null,
                        null,
                        apart.stats().copy(),
                        null,
                        null);
                apart.forward(kernels.groupNorm(), 0, 2);
                kernels.groupNorm()
                        .forward(
                                same.x().segment(),
                                same.gamma().segment(),
                                same.beta().segment(),
                                same.x().segment(),
                                same.stats().segment(),
                                WORKSPACE,
                                99,
                                channels,
                                1,
                                EPS,
                                false,
                                0,
                                2);
                assertArrayEquals(apart.y().toArray(), same.x().toArray());
            }
        }
    }

    @Test
    void sumsComeWithoutAnInputGradient() {
        for (Kernels kernels : Twins.all()) {
            Problem problem = Problem.of(2, 49, 24, 3, 0, 1);
            problem.forward(kernels.groupNorm(), 0, 2);
            Problem without = problem.copy();
            problem.backward(kernels.groupNorm(), false, 0, 2);
            kernels.groupNorm()
                    .backward(
                            without.x().segment(),
                            without.gamma().segment(),
                            without.beta().segment(),
                            without.stats().segment(),
                            without.dy().segment(),
                            null,
                            false,
                            without.partials().segment(),
                            WORKSPACE,
                            49,
                            24,
                            3,
                            false,
                            0,
                            2);
            assertArrayEquals(problem.partials().toArray(), without.partials().toArray());
        }
    }

    @Test
    void parameterGradientsAddUpInOrder() {
        Kernels vector = Twins.vector();
        for (int channels : CHANNELS) {
            for (boolean accumulate : new boolean[] {false, true}) {
                GuardedFloats partials = GuardedFloats.random(channels, 7 * 2 * channels);
                GuardedFloats gamma = GuardedFloats.random(1, channels);
                GuardedFloats beta = GuardedFloats.random(2, channels);
                GuardedFloats vectorGamma = gamma.copy();
                GuardedFloats vectorBeta = beta.copy();
                Twins.scalar()
                        .groupNorm()
                        .reduceGradient(partials.segment(), 7, channels, gamma.segment(), beta.segment(), accumulate);
                vector.groupNorm()
                        .reduceGradient(
                                partials.segment(),
                                7,
                                channels,
                                vectorGamma.segment(),
                                vectorBeta.segment(),
                                accumulate);
                assertArrayEquals(gamma.toArray(), vectorGamma.toArray());
                assertArrayEquals(beta.toArray(), vectorBeta.toArray());
            }
        }
    }

    @Test
    void scalarGradientsAreTheDerivatives() {
        GroupNorm scalar = Twins.scalar().groupNorm();
        Problem problem = Problem.of(1, 6, 4, 2, 0.5, 1);
        problem.forward(scalar, 0, 1);
        problem.backward(scalar, false, 0, 1);
        float[] gradient = problem.dx().toArray();
        double step = 1e-2;
        for (int i = 0; i < gradient.length; i++) {
            double difference = (lossAt(problem, i, step) - lossAt(problem, i, -step)) / (2 * step);
            // the third derivative of the loss is some tens here, outputs and the step are rounded
            double tolerance = 40 * step * step / 6 + Tolerance.roundings(24, 4) / step;
            assertEquals(difference, gradient[i], tolerance, "element " + i);
        }
    }

    private static double lossAt(Problem problem, int element, double step) {
        float[] moved = problem.x().toArray();
        moved[element] += (float) step;
        Problem at = new Problem(
                1,
                problem.pixels(),
                problem.channels(),
                problem.groups(),
                GuardedFloats.of(moved),
                problem.gamma(),
                problem.beta(),
                problem.dy(),
                problem.y().copy(),
                problem.stats().copy(),
                null,
                null);
        at.forward(Twins.scalar().groupNorm(), 0, 1);
        return GuardedFloats.dot(at.y(), problem.dy());
    }
}
