package dev.hourglass.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.hourglass.kernel.Conv2dGeometry.Window;
import dev.hourglass.kernel.scalar.ScalarConv2d;
import dev.hourglass.kernel.vector.VectorConv2d;
import dev.hourglass.memory.Tensor;
import dev.hourglass.testing.Floats;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterTry;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Convolution of any geometry: the output's size, the vector twin against the scalar one, and backward as the adjoint of forward. */
class Conv2dTest {

    private final Conv2d kernel = Backend.kernels().conv2d();
    private final Conv2d oracle = new ScalarConv2d();

    /**
     * Rounding of a float32 sum of {@code depth} products of uniform numbers below 1. The partial sum after {@code k} of them is about
     * {@code sqrt(k) / 3} and is rounded by up to half an ulp of that; the roundings add up to a deviation of {@code depth / 8.5} ulps
     * of 1, of which six are allowed, and a few ulps for adding twice and halving.
     */
    private static double tolerance(long depth) {
        return Math.ulp(1f) * (4 + 6 / 8.5 * depth);
    }

    @AfterEach
    @AfterTry
    void release() {
        Floats.release();
    }

    @Provide
    Arbitrary<Window> windows() {
        return Combinators.combine(
                        Arbitraries.integers().between(1, 3),
                        Arbitraries.integers().between(0, 4),
                        Arbitraries.integers().between(0, 4),
                        Arbitraries.integers().between(1, 3))
                .as(Window::new);
    }

    @Provide
    Arbitrary<int[]> sizes() {
        // n, h, w, cin, cout, kh, kw
        return Combinators.combine(
                        Arbitraries.integers().between(1, 3),
                        Arbitraries.integers().between(1, 17),
                        Arbitraries.integers().between(1, 17),
                        Arbitraries.of(1, 2, 3, 5, 8, 16, 17, 33),
                        Arbitraries.of(1, 2, 3, 8, 15, 16, 31, 32, 33, 65),
                        Arbitraries.integers().between(1, 5),
                        Arbitraries.integers().between(1, 5))
                .as((n, h, w, cin, cout, kh, kw) -> new int[] {n, h, w, cin, cout, kh, kw});
    }

    private static Conv2dGeometry geometry(int[] s, Window height, Window width) {
        Assume.that(s[1] + height.before() + height.after() >= height.dilation() * (s[5] - 1) + 1);
        Assume.that(s[2] + width.before() + width.after() >= width.dilation() * (s[6] - 1) + 1);
        return Conv2dGeometry.of(s[0], s[1], s[2], s[3], s[4], s[5], s[6], height, width);
    }

    /** The output has exactly the positions at which the dilated kernel fits into the padded input. */
    @Property
    void theOutputsLengthIsTheNumberOfPlacesTheKernelFits(@ForAll("windows") Window window, @ForAll("sizes") int[] s) {
        Conv2dGeometry g = geometry(s, window, window);
        int places = 0;
        for (int start = 0;
                start + window.dilation() * (g.kh() - 1) < g.h() + window.before() + window.after();
                start++) {
            places += start % window.stride() == 0 ? 1 : 0;
        }
        assertEquals(places, g.oh());
    }

    @Property(tries = 300)
    void agreesWithTheScalarTwin(
            @ForAll("sizes") int[] s, @ForAll("windows") Window height, @ForAll("windows") Window width) {
        Conv2dGeometry g = geometry(s, height, width);
        ConvolutionRun expected = new ConvolutionRun(g, oracle);
        ConvolutionRun found = new ConvolutionRun(g, kernel);
        requireClose("output", found.y, expected.y, g.depth());
        requireClose("input gradient", found.dx, expected.dx, g.adjoint().depth());
        requireClose("weight gradient", found.dw, expected.dw, g.rows());
        requireClose("bias gradient", found.db, expected.db, g.rows());
    }

    @Provide
    Arbitrary<int[]> winogradSizes() {
        // n, h, w, cin, cout, padding above and on the left, tile
        return Combinators.combine(
                        Arbitraries.integers().between(1, 3),
                        Arbitraries.integers().between(3, 13),
                        Arbitraries.integers().between(3, 13),
                        Arbitraries.frequencyOf(
                                Tuple.of(9, Arbitraries.of(16, 32, 48)), Tuple.of(1, Arbitraries.of(128, 304))),
                        Arbitraries.of(16, 32, 48, 80),
                        Arbitraries.integers().between(0, 3),
                        Arbitraries.of(2, 4))
                .as((n, h, w, cin, cout, padding, tile) -> new int[] {n, h, w, cin, cout, padding, tile});
    }

    /**
     * Winograd's transforms round more: their products are larger than the result by a factor that grows with the tile (Barabasz et al.,
     * arXiv 1803.10986), and the transforms' own roundings come on top. Measured against float64 with up to 80 channels (PERF.md), the
     * root mean square is 1 and 3 times a plain sum's for tiles of 2 and of 4, and half as much again at the corners of the latter; here
     * 2 and 5 times a plain sum's bound are allowed.
     */
    @Property(tries = 100)
    void winogradAgreesWithTheScalarTwin(@ForAll("winogradSizes") int[] s) {
        Window window = new Window(1, s[5], 1, 1);
        Conv2dGeometry g = Conv2dGeometry.of(s[0], s[1], s[2], s[3], s[4], 3, 3, window, window);
        ConvolutionRun expected = new ConvolutionRun(g, oracle);
        // In a scalar process there is no Winograd, and all algorithms are the scalar one.
        ConvolutionRun found =
                new ConvolutionRun(g, Backend.kernels().bits() == 0 ? kernel : VectorConv2d.winograd(s[6]));
        int growth = s[6] == 2 ? 2 : 5;
        requireClose("output", found.y, expected.y, growth * g.depth());
        requireClose(
                "input gradient", found.dx, expected.dx, growth * g.adjoint().depth());
        requireClose("weight gradient", found.dw, expected.dw, growth * Math.max(g.rows(), g.depth()));
        requireClose("bias gradient", found.db, expected.db, g.rows());
    }

    /** The shift is each image's own, the addend each value's own; both come on top of the bias, whatever the algorithm. */
    @Property(tries = 60)
    void shiftAndAddendComeOnTop(@ForAll("winogradSizes") int[] s) {
        Conv2dGeometry g = Conv2dGeometry.of(
                s[0], s[1], s[2], s[3], s[4], 3, 3, new Window(1, s[5], 1, 1), new Window(1, s[5], 1, 1));
        for (Conv2d each :
                Backend.kernels().bits() == 0 ? List.of(kernel) : List.of(kernel, VectorConv2d.winograd(s[6]))) {
            ConvolutionRun run = new ConvolutionRun(g, each);
            float[] shift = Floats.random(5, (long) g.n() * g.cout());
            float[] addend = Floats.random(6, run.y.length);
            float[] found = run.forward(g, each, Floats.tensor(shift), Floats.tensor(addend));
            float[] expected = new float[found.length];
            for (int k = 0; k < found.length; k++) {
                int image = k / (g.oh() * g.ow() * g.cout());
                expected[k] = run.y[k] + shift[image * g.cout() + k % g.cout()] + addend[k];
            }
            assertTrue(Floats.maxError(found, expected) <= 8 * Math.ulp(1f) * (3 + Floats.maxAbs(run.y)));
        }
    }

    /**
     * Rows, depth and columns of more than one block, blocks of more than one chain, tiles that are not whole, weights that are far for
     * few rows and for many; rows that begin in the same sets of a cache, that are far, and far in several blocks; whatever comes on
     * top, however the work is cut.
     */
    @ParameterizedTest
    @CsvSource({
        "1, 600, 40",
        "277, 520, 70",
        "530, 257, 33",
        "13, 2100, 1540",
        "307, 1100, 330",
        "29, 1024, 40",
        "35, 2048, 70",
        "30011, 30, 33",
        "1701, 1100, 50",
        "545, 2500, 130"
    })
    void productsOfManyBlocksAgreeWithTheScalarTwin(int rows, int in, int out) {
        Conv2dGeometry g = Conv2dGeometry.linear(rows, in, out);
        ConvolutionRun expected = new ConvolutionRun(g, oracle);
        ConvolutionRun found = new ConvolutionRun(g, kernel);
        requireClose("output", found.y, expected.y, in);
        requireClose("input gradient", found.dx, expected.dx, out);
        Conv2d shared = kernel.suited(5, false);
        assertArrayEquals(found.y, new ConvolutionRun(g, shared).y);
        float[] shift = Floats.random(5, (long) rows * out);
        float[] addend = Floats.random(6, (long) rows * out);
        float[] sums = new float[rows * out];
        for (int k = 0; k < sums.length; k++) {
            sums[k] = expected.y[k] + shift[k] + addend[k];
        }
        float[] both = found.forward(g, kernel, Floats.tensor(shift), Floats.tensor(addend));
        requireClose("output, shift and addend", both, sums, in);
        assertArrayEquals(both, found.forward(g, shared, Floats.tensor(shift), Floats.tensor(addend)));
    }

    /** Rows of several chunks and blocks, weights of several blocks; output gradients whose rows begin in few sets of a cache, and others. */
    @ParameterizedTest
    @CsvSource({"300, 70, 256", "700, 500, 128", "5, 20, 384", "129, 530, 96", "600, 33, 200"})
    void gradientsOfManyWeightsAgreeWithTheScalarTwin(int rows, int in, int out) {
        Conv2dGeometry g = Conv2dGeometry.linear(rows, in, out);
        ConvolutionRun expected = new ConvolutionRun(g, oracle);
        ConvolutionRun found = new ConvolutionRun(g, kernel);
        requireClose("weight gradient", found.dw, expected.dw, rows);
        requireClose("bias gradient", found.db, expected.db, rows);
    }

    /**
     * Products of all taps in several strips of rows, panels of columns and blocks of the depth; single pixels, fewer and more of them
     * than are multiplied side by side, whose channels are whole vectors or not; whatever comes on top.
     */
    @ParameterizedTest
    @CsvSource({
        "2, 33, 61, 300, 3, 3, 1",
        "1, 40, 90, 20, 8, 3, 3",
        "3, 5, 4, 1100, 1, 3, 2",
        "2, 9, 11, 320, 3, 1, 1",
        "1, 1, 3, 16, 1, 1, 1",
        "1, 5, 7, 40, 2, 1, 1"
    })
    void fewOutputChannelsAgreeWithTheScalarTwin(int n, int h, int w, int in, int out, int side, int dilation) {
        Window window = new Window(1, dilation * (side / 2), dilation * (side / 2), dilation);
        Conv2dGeometry g = Conv2dGeometry.of(n, h, w, in, out, side, side, window, window);
        ConvolutionRun expected = new ConvolutionRun(g, oracle);
        ConvolutionRun found = new ConvolutionRun(g, kernel);
        requireClose("output", found.y, expected.y, g.depth());
        Tensor shift = Floats.tensor(Floats.random(5, (long) n * out));
        Tensor addend = Floats.tensor(Floats.random(6, found.y.length));
        requireClose(
                "output, shift and addend",
                found.forward(g, kernel, shift, addend),
                expected.forward(g, oracle, shift, addend),
                g.depth());
    }

    /** One chain of 9216 sums rounds off 1.6e-6 of the result, as tiles did that began with earlier sums; blocks of 1024 do 5.6e-7. */
    @Test
    void deepSumsAreAddedInBlocks() {
        assumeTrue(Backend.kernels().bits() > 0, "scalar twins add in one chain");
        int depth = 9216;
        int columns = 40;
        Conv2dGeometry g = Conv2dGeometry.linear(11, depth, columns);
        ConvolutionRun run = new ConvolutionRun(g, kernel);
        double errors = 0;
        double squares = 0;
        for (int k = 0; k < run.y.length; k++) {
            double expected = run.bias[k % columns];
            for (int d = 0; d < depth; d++) {
                expected += (double) run.x[k / columns * depth + d] * run.weight[d * columns + k % columns];
            }
            errors += (run.y[k] - expected) * (run.y[k] - expected);
            squares += expected * expected;
        }
        double found = Math.sqrt(errors / squares);
        assertTrue(found <= 6e-7, "root mean square of the rounding: " + found);
    }

    /** Weights that are too many to be near are multiplied in another order, in groups of another size; channels of several chains, too. */
    @ParameterizedTest
    @CsvSource({"26, 19, 304, 320, 4", "9, 14, 320, 432, 2", "13, 7, 1104, 64, 4", "5, 6, 1072, 96, 2"})
    void winogradWithFarWeightsAgreesWithTheScalarTwin(int h, int w, int cin, int cout, int tile) {
        Conv2dGeometry g = Conv2dGeometry.of(1, h, w, cin, cout, 3, 3, Window.padded(1), Window.padded(1));
        Conv2d each = Backend.kernels().bits() == 0 ? kernel : VectorConv2d.winograd(tile);
        ConvolutionRun expected = new ConvolutionRun(g, oracle);
        ConvolutionRun found = new ConvolutionRun(g, each);
        int growth = tile == 2 ? 2 : 5;
        requireClose("output", found.y, expected.y, growth * g.depth());
        requireClose(
                "input gradient", found.dx, expected.dx, growth * g.adjoint().depth());
        for (int threads : new int[] {2, 3, 7}) {
            assertArrayEquals(found.y, new ConvolutionRun(g, each.suited(threads, false)).y, threads + " threads");
        }
    }

    /** However the work is cut for a number of threads, the output has the same bits. */
    @Property(tries = 40)
    void theOutputDoesNotDependOnTheNumberOfThreads(
            @ForAll("winogradSizes") int[] s, @ForAll @IntRange(min = 2, max = 40) int threads) {
        Window window = new Window(1, s[5], 1, 1);
        Conv2dGeometry g = Conv2dGeometry.of(s[0], s[1], s[2], s[3], s[4], 3, 3, window, window);
        Conv2d each = Backend.kernels().bits() == 0 ? kernel : VectorConv2d.winograd(s[6]);
        assertArrayEquals(
                new ConvolutionRun(g, each).y, new ConvolutionRun(g, each.suited(threads, false)).y, g.toString());
    }

    /**
     * Whatever suits the number of images, as weights that are transformed when they are packed or when they are read, or that are brought
     * near in streams: the same bits.
     */
    @ParameterizedTest
    @CsvSource({"7, 128, 128, 4", "6, 304, 48, 4", "7, 304, 160, 2", "9, 64, 16, 2", "3, 128, 128, 2"})
    void anImagesOutputDoesNotDependOnTheBatch(int side, int in, int out, int tile) {
        Window window = Window.padded(1);
        Conv2dGeometry one = Conv2dGeometry.of(1, side, side, in, out, 3, 3, window, window);
        for (Conv2d each :
                Backend.kernels().bits() == 0 ? List.of(kernel) : List.of(kernel, VectorConv2d.winograd(tile))) {
            ConvolutionRun alone = new ConvolutionRun(one, each);
            ConvolutionRun first = new ConvolutionRun(one.withImages(9), each);
            assertArrayEquals(alone.y, Arrays.copyOf(first.y, alone.y.length), each + ", output");
            assertArrayEquals(alone.dx, Arrays.copyOf(first.dx, alone.dx.length), each + ", input gradient");
        }
    }

    /** {@code <dy, A x> = <A' dy, x>}, and the same for the weights. */
    @Property(tries = 300)
    void backwardIsTheAdjointOfForward(
            @ForAll("sizes") int[] s, @ForAll("windows") Window height, @ForAll("windows") Window width) {
        Conv2dGeometry g = geometry(s, height, width);
        ConvolutionRun run = new ConvolutionRun(g, kernel);
        double forward = Floats.dot(run.dy, run.y) - Floats.dot(run.db, run.bias);
        double scale = Math.max(1, Floats.norm(run.dy) * Floats.norm(run.y));
        double tolerance = 4 * Math.ulp(1f) * scale * Math.sqrt(g.depth() + g.rows());
        assertEquals(forward, Floats.dot(run.dx, run.x), tolerance, g.toString());
        assertEquals(forward, Floats.dot(run.dw, run.weight), tolerance, g.toString());
    }

    private static void requireClose(String what, float[] found, float[] expected, long depth) {
        double error = Floats.maxError(found, expected);
        assertTrue(error <= tolerance(depth), () -> what + ": max error " + error + ", tolerance " + tolerance(depth));
    }

    /** Channels of the input that are not the convolution's own are not read, those of the output not written. */
    @ParameterizedTest
    @CsvSource({"3, 4, 3", "32, 3, 1", "32, 40, 1"})
    void channelsOfWiderPixelsAreLeftAlone(int in, int out, int side) {
        int pixels = 35;
        Window window = Window.padded(side / 2);
        Conv2dGeometry dense = Conv2dGeometry.of(1, 5, 7, in, out, side, side, window, window);
        ConvolutionRun run = new ConvolutionRun(dense, kernel);
        Conv2dGeometry wide = dense.withStrides(in + 5, out + 5);
        float[] x = new float[pixels * (in + 5)];
        Arrays.fill(x, Float.NaN);
        float[] y = new float[pixels * (out + 5)];
        Arrays.fill(y, 7f);
        for (int pixel = 0; pixel < pixels; pixel++) {
            System.arraycopy(run.x, pixel * in, x, pixel * (in + 5), in);
        }
        Tensor input = Floats.tensor(x);
        Tensor output = Floats.tensor(y);
        Tensor packed = Floats.tensor(new float[Math.toIntExact(kernel.packedBytes(wide) / 4)]);
        Tensor weight = Floats.tensor(run.weight);
        Tensor bias = Floats.tensor(run.bias);
        GuardedFloats workspace = GuardedFloats.zeros(ConvolutionRun.scratch(wide, kernel));
        for (int item = 0; item < kernel.packItems(wide); item++) {
            kernel.pack(wide, weight.segment(), bias.segment(), packed.segment(), workspace.segment(), item);
        }
        for (int item = 0; item < kernel.forwardItems(wide); item++) {
            kernel.forward(
                    wide, input.segment(), packed.segment(), null, null, output.segment(), workspace.segment(), item);
        }
        float[] found = new float[pixels * out];
        for (int pixel = 0; pixel < pixels; pixel++) {
            for (int c = 0; c < out; c++) {
                found[pixel * out + c] = output.get(pixel * (out + 5L) + c);
            }
            for (int c = out; c < out + 5; c++) {
                assertEquals(7f, output.get(pixel * (out + 5L) + c));
            }
        }
        requireClose("output", found, run.y, dense.depth());
    }
}
