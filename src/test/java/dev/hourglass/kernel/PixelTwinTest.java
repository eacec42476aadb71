package dev.hourglass.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.kernel.Resample.Border;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

/** The vector twins of {@link Pool}, {@link Resample} and {@link Channels} against the scalar ones. */
class PixelTwinTest {

    private static final int[] CHANNELS = {1, 2, 3, 5, 8, 16, 17, 31, 32, 33, 64, 100};
    private static final int IMAGES = 3;

    private final Kernels scalar = Twins.scalar();

    private interface Operation {
        void run(Kernels kernels, GuardedFloats out);
    }

    private interface AccumulatingOperation {
        void run(Kernels kernels, GuardedFloats out, boolean accumulate);
    }

    private interface Tolerances {
        IntToDoubleFunction of(float[] before);
    }

    /** Image 0 is left out by every operation and must stay as it is. */
    private void compare(String what, int length, Operation operation, Tolerances tolerances) {
        GuardedFloats expected = GuardedFloats.random(length, length);
        GuardedFloats actual = expected.copy();
        float[] before = expected.toArray();
        operation.run(scalar, expected);
        operation.run(Twins.vector(), actual);
        IntToDoubleFunction inside = tolerances.of(before);
        Tolerance.assertClose(
                what, expected.toArray(), actual.toArray(), i -> i < length / IMAGES ? 0 : inside.applyAsDouble(i));
    }

    private void compareBoth(String what, int length, AccumulatingOperation operation, Tolerances tolerances) {
        compare(
                what,
                length,
                (kernels, out) -> operation.run(kernels, out, false),
                before -> tolerances.of(new float[length]));
        compare(what + ", adding", length, (kernels, out) -> operation.run(kernels, out, true), tolerances);
    }

    @Test
    void averagePooling() {
        int[][] shapes = {{1, 1, 1, 1}, {2, 2, 2, 2}, {7, 9, 2, 2}, {9, 8, 3, 2}, {8, 8, 2, 3}, {5, 6, 3, 1}};
        int cases = 0;
        for (int channels : CHANNELS) {
            for (int[] s : shapes) {
                averagePooling(s[0], s[1], channels, s[2], s[3]);
                cases++;
            }
        }
        assertEquals(72, cases);
    }

    private void averagePooling(int h, int w, int channels, int kernel, int stride) {
        int in = IMAGES * h * w * channels;
        int out = IMAGES * Pool.outputLength(h, kernel, stride) * Pool.outputLength(w, kernel, stride) * channels;
        GuardedFloats x = GuardedFloats.random(1, in);
        GuardedFloats dy = GuardedFloats.random(2, out);
        String what = h + "x" + w + "x" + channels + " in windows of " + kernel + " every " + stride;
        compare(
                what,
                out,
                (k, y) -> k.pool().average(x.segment(), y.segment(), h, w, channels, kernel, stride, 1, IMAGES),
                before -> i -> Tolerance.average(kernel * kernel, 5, 0));
        compareBoth(
                what,
                in,
                (k, dx, accumulate) -> k.pool()
                        .averageGradient(
                                dy.segment(), dx.segment(), accumulate, h, w, channels, kernel, stride, 1, IMAGES),
                before -> i -> Tolerance.average(kernel * kernel, 5, before[i]));
    }

    @Test
    void nearest() {
        int[][] shapes = {{1, 1, 3, 2}, {3, 3, 7, 7}, {7, 7, 14, 14}, {9, 10, 4, 5}, {4, 5, 4, 5}, {13, 7, 1, 1}};
        int cases = 0;
        for (int channels : CHANNELS) {
            for (int[] s : shapes) {
                nearest(s[0], s[1], s[2], s[3], channels);
                cases++;
            }
        }
        assertEquals(72, cases);
    }

    private void nearest(int h, int w, int oh, int ow, int channels) {
        GuardedFloats x = GuardedFloats.random(1, IMAGES * h * w * channels);
        GuardedFloats dy = GuardedFloats.random(2, IMAGES * oh * ow * channels);
        String what = h + "x" + w + "x" + channels + " to " + oh + "x" + ow;
        compare(
                what,
                dy.length(),
                (k, y) -> k.resample()
                        .nearest(x.segment(), y.segment(), channels, h, w, oh, ow, channels, oh, IMAGES * oh),
                before -> i -> 0);
        int readers = ((oh + h - 1) / h) * ((ow + w - 1) / w);
        compareBoth(
                what,
                x.length(),
                (k, dx, accumulate) -> k.resample()
                        .nearestGradient(
                                dy.segment(),
                                channels,
                                dx.segment(),
                                accumulate,
                                h,
                                w,
                                oh,
                                ow,
                                channels,
                                h,
                                IMAGES * h),
                before -> i -> Tolerance.average(readers, 5.0 * readers, before[i]));
    }

    /** Wider pixels, and rows in two goes that meet inside of an image: the same numbers, and nothing between the pixels is touched. */
    @Test
    void nearestInWiderPixels() {
        int[][] shapes = {{1, 1, 3, 2}, {3, 3, 7, 7}, {9, 10, 4, 5}, {4, 5, 4, 5}};
        for (int channels : CHANNELS) {
            for (int[] s : shapes) {
                for (Kernels kernels : Twins.all()) {
                    nearestInWiderPixels(kernels.resample(), s[0], s[1], s[2], s[3], channels, channels + 5);
                }
            }
        }
    }

    private static void nearestInWiderPixels(Resample k, int h, int w, int oh, int ow, int channels, int stride) {
        String what = k.getClass() + ": " + h + "x" + w + "x" + channels + " to " + oh + "x" + ow;
        int in = IMAGES * h;
        int out = IMAGES * oh;
        GuardedFloats x = GuardedFloats.random(1, in * w * channels);
        GuardedFloats narrow = GuardedFloats.zeros(out * ow * channels);
        GuardedFloats wide = GuardedFloats.random(2, ((out * ow) - 1) * stride + channels);
        float[] before = wide.toArray();
        k.nearest(x.segment(), narrow.segment(), channels, h, w, oh, ow, channels, 0, out);
        k.nearest(x.segment(), wide.segment(), stride, h, w, oh, ow, channels, 0, oh + 1);
        k.nearest(x.segment(), wide.segment(), stride, h, w, oh, ow, channels, oh + 1, out);
        float[] pixels = narrow.toArray();
        float[] found = wide.toArray();
        for (int i = 0; i < found.length; i++) {
            int c = i % stride;
            assertEquals(c < channels ? pixels[i / stride * channels + c] : before[i], found[i], what);
        }
        GuardedFloats expected = GuardedFloats.random(3, x.length());
        GuardedFloats actual = expected.copy();
        k.nearestGradient(narrow.segment(), channels, expected.segment(), true, h, w, oh, ow, channels, 0, in);
        k.nearestGradient(wide.segment(), stride, actual.segment(), true, h, w, oh, ow, channels, 0, h + 1);
        k.nearestGradient(wide.segment(), stride, actual.segment(), true, h, w, oh, ow, channels, h + 1, in);
        assertArrayEquals(expected.toArray(), actual.toArray(), what);
    }

    /** Every output reads exactly the input whose range of readers it lies in. */
    @Test
    void readersAreTheInverseOfSources() {
        for (int in = 1; in <= 40; in++) {
            for (int out = 1; out <= 90; out++) {
                assertEquals(0, Resample.firstReader(0, in, out));
                assertEquals(out, Resample.firstReader(in, in, out));
                for (int reader = 0; reader < out; reader++) {
                    int source = Resample.nearestSource(reader, in, out);
                    assertTrue(Resample.firstReader(source, in, out) <= reader);
                    assertTrue(reader < Resample.firstReader(source + 1, in, out));
                }
            }
        }
    }

    @Test
    void channelCopies() {
        int pixels = 13;
        for (int channels : CHANNELS) {
            int xStride = channels + 3;
            int yStride = channels + 20;
            GuardedFloats x = GuardedFloats.random(channels, pixels * xStride);
            GuardedFloats before = GuardedFloats.random(channels + 1, pixels * yStride);
            for (boolean accumulate : new boolean[] {false, true}) {
                GuardedFloats expected = before.copy();
                GuardedFloats actual = before.copy();
                for (Kernels kernels : new Kernels[] {scalar, Twins.vector()}) {
                    GuardedFloats y = kernels.bits() == 0 ? expected : actual;
                    kernels.channels()
                            .copy(x.segment(), xStride, 3, y.segment(), yStride, 7, channels, accumulate, 2, pixels);
                    kernels.channels()
                            .copy(x.segment(), xStride, 0, y.segment(), yStride, 0, channels, accumulate, 5, 5);
                }
                float[] old = before.toArray();
                Tolerance.assertClose(channels + " channels", expected.toArray(), actual.toArray(), i -> {
                    boolean inside = i >= 2 * yStride && i % yStride >= 7 && i % yStride < 7 + channels;
                    return inside && accumulate ? Tolerance.add(5, old[i]) : 0;
                });
            }
        }
    }

    @Test
    void shift() {
        for (int channels : CHANNELS) {
            for (int pixels : new int[] {1, 2, 49, 300}) {
                int n = IMAGES * pixels * channels;
                GuardedFloats x = GuardedFloats.random(1, n);
                GuardedFloats shift = GuardedFloats.random(2, IMAGES * channels);
                String what = pixels + " pixels, " + channels + " channels";
                compare(
                        what,
                        n,
                        (k, y) -> k.channels()
                                .shift(x.segment(), shift.segment(), y.segment(), pixels, channels, 1, IMAGES),
                        before -> i -> Tolerance.add(5, 5));
                compareBoth(
                        what,
                        IMAGES * channels,
                        (k, sums, accumulate) -> k.channels()
                                .shiftGradient(x.segment(), sums.segment(), accumulate, pixels, channels, 1, IMAGES),
                        before -> i -> Tolerance.doubleSum(0, before[i]));
            }
        }
    }

    @Test
    void filteredResize() {
        int[][] sizes = {{1, 2}, {2, 1}, {7, 4}, {8, 9}, {3, 3}};
        for (int channels : CHANNELS) {
            for (int[] s : sizes) {
                int h = 2 * s[0] + s[1] % 2; // even and odd
                int w = 2 * s[1];
                filteredResize(Border.ZEROS, true, h, w, s[0], s[1], channels);
                filteredResize(Border.ZEROS, false, s[0], s[1], h, w, channels);
                filteredResize(Border.MIRROR, true, h, w, s[0], s[1], channels);
                filteredResize(Border.MIRROR, false, s[0] + 1, s[1] + 1, h + 2, w + 2, channels);
            }
        }
    }

    private void filteredResize(Border border, boolean halve, int h, int w, int oh, int ow, int channels) {
        GuardedFloats x = GuardedFloats.random(1, IMAGES * h * w * channels);
        GuardedFloats dy = GuardedFloats.random(2, IMAGES * oh * ow * channels);
        String what = "%s %dx%d to %dx%d, %d channels".formatted(border, h, w, oh, ow, channels);
        // numbers up to 5, and the factors of an output add up to 64 or 16; of an input, that a border mirrors, to 4
        // times as much
        double magnitude = 0.1 * 64 * 5;
        compare(
                what,
                dy.length(),
                (k, y) -> k.resample()
                        .fir(halve, border, x.segment(), y.segment(), 0.1f, h, w, oh, ow, channels, 1, IMAGES),
                before -> i -> Tolerance.filtered(halve ? 16 : 4, magnitude, 0));
        compareBoth(
                what + ", gradient",
                x.length(),
                (k, dx, add) -> k.resample()
                        .firGradient(
                                halve,
                                border,
                                dy.segment(),
                                dx.segment(),
                                add,
                                0.1f,
                                h,
                                w,
                                oh,
                                ow,
                                channels,
                                1,
                                IMAGES),
                before -> i -> Tolerance.filtered(64, magnitude, before[i]));
    }

    @Test
    void scaleShift() {
        for (int channels : CHANNELS) {
            for (int pixels : new int[] {1, 2, 49, 300}) {
                int n = IMAGES * pixels * channels;
                GuardedFloats x = GuardedFloats.random(1, n);
                GuardedFloats dy = GuardedFloats.random(2, n);
                GuardedFloats s = GuardedFloats.random(3, IMAGES * 2 * channels);
                String what = pixels + " pixels, " + channels + " channels";
                compare(
                        what,
                        n,
                        (k, y) -> k.channels()
                                .scaleShift(x.segment(), s.segment(), y.segment(), pixels, channels, 1, IMAGES),
                        before -> i -> Tolerance.blend(25, 5));
                compareBoth(
                        what,
                        n,
                        (k, dx, accumulate) -> k.channels()
                                .scaleShiftInputGradient(
                                        dy.segment(),
                                        s.segment(),
                                        dx.segment(),
                                        accumulate,
                                        pixels,
                                        channels,
                                        1,
                                        IMAGES),
                        before -> i -> Tolerance.blend(25, before[i]));
                compareBoth(
                        what,
                        IMAGES * 2 * channels,
                        (k, ds, accumulate) -> k.channels()
                                .scaleShiftGradient(
                                        x.segment(),
                                        dy.segment(),
                                        ds.segment(),
                                        accumulate,
                                        pixels,
                                        channels,
                                        1,
                                        IMAGES),
                        before -> i -> pixels * Math.ulp(25f) / 2 + Tolerance.doubleSum(0, before[i]));
            }
        }
    }
}
