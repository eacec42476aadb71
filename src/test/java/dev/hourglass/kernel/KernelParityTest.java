package dev.hourglass.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.testing.ParityFile;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

/** Both twins against PyTorch's float64 results, rounded to float32 (see {@code parity/ops} in the test resources). */
class KernelParityTest {

    @Test
    void silu() {
        for (ParityFile.Case c : cases("activation", "kind", "silu", 1)) {
            float[] x = c.floats("input");
            float[] dy = c.floats("grad_output");
            for (Kernels kernels : Twins.all()) {
                GuardedFloats y = GuardedFloats.zeros(x.length);
                GuardedFloats dx = GuardedFloats.zeros(x.length);
                GuardedFloats in = GuardedFloats.of(x);
                kernels.elementwise().silu(in.segment(), y.segment(), 0, x.length);
                kernels.elementwise()
                        .siluGradient(in.segment(), GuardedFloats.of(dy).segment(), dx.segment(), false, 0, x.length);
                assertMatches(c, kernels, "output", c.floats("output"), y, i -> Tolerance.silu(x[i]));
                assertMatches(
                        c,
                        kernels,
                        "grad_input",
                        c.floats("grad_input"),
                        dx,
                        i -> Tolerance.siluGradient(x[i], dy[i], 0));
            }
        }
    }

    @Test
    void averagePooling() {
        for (ParityFile.Case c : cases("pool2d", "kind", "avg", 5)) {
            int[] shape = c.shape("input");
            int kernel = c.get("kernel").asInt();
            int stride = c.get("stride").asInt();
            GuardedFloats x = GuardedFloats.of(c.nhwc("input"));
            GuardedFloats dy = GuardedFloats.of(c.nhwc("grad_output"));
            for (Kernels kernels : Twins.all()) {
                GuardedFloats y = GuardedFloats.zeros(dy.length());
                GuardedFloats dx = GuardedFloats.zeros(x.length());
                kernels.pool()
                        .average(x.segment(), y.segment(), shape[2], shape[3], shape[1], kernel, stride, 0, shape[0]);
                kernels.pool()
                        .averageGradient(
                                dy.segment(),
                                dx.segment(),
                                false,
                                shape[2],
                                shape[3],
                                shape[1],
                                kernel,
                                stride,
                                0,
                                shape[0]);
                IntToDoubleFunction tolerance = i -> Tolerance.average(kernel * kernel, 5, 0);
                assertMatches(c, kernels, "output", c.nhwc("output"), y, tolerance);
                assertMatches(c, kernels, "grad_input", c.nhwc("grad_input"), dx, tolerance);
            }
        }
    }

    @Test
    void nearest() {
        for (ParityFile.Case c : cases("interpolate", "mode", "nearest", 8)) {
            int[] in = c.shape("input");
            int[] out = c.shape("output");
            int channels = in[1];
            GuardedFloats x = GuardedFloats.of(c.nhwc("input"));
            GuardedFloats dy = GuardedFloats.of(c.nhwc("grad_output"));
            int readers = ((out[2] + in[2] - 1) / in[2]) * ((out[3] + in[3] - 1) / in[3]);
            for (Kernels kernels : Twins.all()) {
                GuardedFloats y = GuardedFloats.zeros(dy.length());
                GuardedFloats dx = GuardedFloats.zeros(x.length());
                kernels.resample()
                        .nearest(
                                x.segment(),
                                y.segment(),
                                channels,
                                in[2],
                                in[3],
                                out[2],
                                out[3],
                                channels,
                                0,
                                out[0] * out[2]);
                kernels.resample()
                        .nearestGradient(
                                dy.segment(),
                                channels,
                                dx.segment(),
                                false,
                                in[2],
                                in[3],
                                out[2],
                                out[3],
                                channels,
                                0,
                                in[0] * in[2]);
                assertMatches(c, kernels, "output", c.nhwc("output"), y, i -> 0);
                assertMatches(
                        c,
                        kernels,
                        "grad_input",
                        c.nhwc("grad_input"),
                        dx,
                        i -> Tolerance.average(readers, 5.0 * readers, 0));
            }
        }
    }

    @Test
    void groupNorm() {
        List<ParityFile.Case> cases = ParityFile.read("group_norm").cases();
        assertEquals(8, cases.size());
        for (ParityFile.Case c : cases) {
            for (Kernels kernels : Twins.all()) {
                groupNorm(c, kernels);
            }
        }
    }

    private static void groupNorm(ParityFile.Case c, Kernels kernels) {
        int[] shape = c.shape("input");
        int images = shape[0];
        int channels = shape[1];
        int pixels = shape[2] * shape[3];
        int groups = c.get("groups").asInt();
        float eps = (float) c.get("eps").asDouble();
        long n = (long) pixels * channels / groups;
        GuardedFloats x = GuardedFloats.of(c.nhwc("input"));
        GuardedFloats gamma = GuardedFloats.of(c.floats("weight"));
        GuardedFloats beta = GuardedFloats.of(c.floats("bias"));
        GuardedFloats dy = GuardedFloats.of(c.nhwc("grad_output"));
        GuardedFloats y = GuardedFloats.zeros(x.length());
        GuardedFloats dx = GuardedFloats.zeros(x.length());
        GuardedFloats stats = GuardedFloats.zeros(images * groups * 2);
        GuardedFloats partials = GuardedFloats.zeros(images * channels * 2);
        GuardedFloats dgamma = GuardedFloats.zeros(channels);
        GuardedFloats dbeta = GuardedFloats.zeros(channels);
        MemorySegment workspace = GuardedFloats.zeros(
                        Math.toIntExact(kernels.groupNorm().workspaceBytes(pixels, channels) / Float.BYTES))
                .segment();
        kernels.groupNorm()
                .forward(
                        x.segment(),
                        gamma.segment(),
                        beta.segment(),
                        y.segment(),
                        stats.segment(),
                        workspace,
                        pixels,
                        channels,
                        groups,
                        eps,
                        false,
                        0,
                        images);
        kernels.groupNorm()
                .backward(
                        x.segment(),
                        gamma.segment(),
                        beta.segment(),
                        stats.segment(),
                        dy.segment(),
                        dx.segment(),
                        false,
                        partials.segment(),
                        workspace,
                        pixels,
                        channels,
                        groups,
                        false,
                        0,
                        images);
        kernels.groupNorm()
                .reduceGradient(partials.segment(), images, channels, dgamma.segment(), dbeta.segment(), false);
        float[] xs = x.toArray();
        float[] dys = dy.toArray();
        float[] weights = gamma.toArray();
        float[] biases = beta.toArray();
        float[] moments = stats.toArray();
        double[] products = new double[channels];
        double[] gradients = new double[channels];
        double spread = 0;
        double shift = 0;
        double largest = 0;
        for (int i = 0; i < xs.length; i++) {
            int channel = i % channels;
            int group = i / (pixels * channels) * groups + channel / (channels / groups);
            double scale = moments[2 * group + 1];
            double xhat = (xs[i] - moments[2 * group]) * scale;
            spread = Math.max(spread, Math.abs(xhat));
            shift = Math.max(shift, Math.abs(moments[2 * group] * scale));
            largest = Math.max(largest, Math.abs(scale * weights[channel] * dys[i]) * (1 + Math.abs(xhat)));
            // xhat carries the roundings of the statistics
            products[channel] += Math.abs(dys[i]) * (1 + Math.abs(xhat) + Math.abs(moments[2 * group] * scale));
            gradients[channel] += Math.abs(dys[i]);
        }
        double widest = spread;
        double farthest = shift;
        double most = largest * (1 + shift);
        assertMatches(
                c,
                kernels,
                "output",
                c.nhwc("output"),
                y,
                i -> Tolerance.groupNorm(widest, weights[i % channels], biases[i % channels], farthest, 1, n));
        assertMatches(
                c,
                kernels,
                "grad_input",
                c.nhwc("grad_input"),
                dx,
                i -> Tolerance.groupNormGradient(most, widest, 0, n));
        assertMatches(
                c,
                kernels,
                "grad_weight",
                c.floats("grad_weight"),
                dgamma,
                i -> Tolerance.groupNormSums(products[i], n));
        assertMatches(
                c, kernels, "grad_bias", c.floats("grad_bias"), dbeta, i -> Tolerance.groupNormSums(gradients[i], n));
    }

    @Test
    void sinusoidalEmbedding() {
        List<ParityFile.Case> cases = ParityFile.read("sinusoidal_embedding").cases();
        assertEquals(7, cases.size());
        TimestepEncoding encoding = Twins.scalar().timestepEncoding();
        for (ParityFile.Case c : cases) {
            int dim = c.get("dim").asInt();
            double freqShift = c.has("downscale_freq_shift")
                    ? c.get("downscale_freq_shift").asDouble()
                    : 0;
            TimestepEncoding.Order order = c.has("interleaved")
                    ? TimestepEncoding.Order.INTERLEAVED
                    : c.get("flip_sin_to_cos").asBoolean()
                            ? TimestepEncoding.Order.COS_SIN
                            : TimestepEncoding.Order.SIN_COS;
            GuardedFloats t = GuardedFloats.of(c.floats("t"));
            GuardedFloats dy = GuardedFloats.of(c.floats("grad_output"));
            GuardedFloats y = GuardedFloats.zeros(dy.length());
            GuardedFloats dt = GuardedFloats.zeros(t.length());
            encoding.encode(t.segment(), y.segment(), dim, order, freqShift, 10_000, 0, t.length());
            encoding.encodeGradient(
                    t.segment(), dy.segment(), dt.segment(), false, dim, order, freqShift, 10_000, 0, t.length());
            assertMatches(c, Twins.scalar(), "output", c.floats("output"), y, i -> Tolerance.roundings(1, 1e-3));
            assertMatches(c, Twins.scalar(), "grad_t", c.floats("grad_t"), dt, i -> Tolerance.roundings(1, 1));
        }
    }

    @Test
    void meanSquaredError() {
        for (ParityFile.Case c : cases("loss", "kind", "mse", 1)) {
            GuardedFloats x = GuardedFloats.of(c.floats("input"));
            GuardedFloats target = GuardedFloats.of(c.floats("target"));
            int n = x.length();
            float upstream = c.floats("grad_output")[0];
            float[] xs = x.toArray();
            float[] targets = target.toArray();
            for (Kernels kernels : Twins.all()) {
                double loss = kernels.loss().squaredError(x.segment(), target.segment(), 0, n) / n;
                assertEquals(c.floats("output")[0], loss, Tolerance.roundings(1, loss), kernels.reason());
                GuardedFloats dx = GuardedFloats.zeros(n);
                float scale = (float) (2.0 / n * upstream);
                kernels.loss().squaredErrorGradient(x.segment(), target.segment(), scale, dx.segment(), false, 0, n);
                assertMatches(
                        c,
                        kernels,
                        "grad_input",
                        c.floats("grad_input"),
                        dx,
                        i -> Tolerance.squaredErrorGradient(2 * scale * ((double) xs[i] - targets[i]), 0));
            }
        }
    }

    private static List<ParityFile.Case> cases(String file, String key, String value, int count) {
        List<ParityFile.Case> cases = ParityFile.read(file).casesWith(key, value);
        assertEquals(count, cases.size(), file);
        return cases;
    }

    private static void assertMatches(
            ParityFile.Case c,
            Kernels kernels,
            String what,
            float[] expected,
            GuardedFloats actual,
            IntToDoubleFunction tolerance) {
        assertTrue(expected.length > 0, what);
        Tolerance.assertClose(c + " " + what + ", " + kernels.reason(), expected, actual.toArray(), tolerance);
    }
}
