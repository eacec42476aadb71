package dev.hourglass.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.hourglass.kernel.Resample.Border;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/**
 * Every gradient of a linear kernel is its adjoint: {@code <A x, y> = <x, A' y>} for random {@code x} and {@code y}, so that no element
 * is lost, counted twice or misplaced, whatever the shape.
 */
class AdjointPropertyTest {

    private static final int TRIES = 250;

    @Property(tries = TRIES)
    void averagePooling(
            @ForAll @IntRange(min = 1, max = 9) int h,
            @ForAll @IntRange(min = 1, max = 9) int w,
            @ForAll @IntRange(min = 1, max = 40) int channels,
            @ForAll @IntRange(min = 1, max = 4) int size,
            @ForAll @IntRange(min = 1, max = 4) int stride,
            @ForAll @IntRange(min = 1, max = 3) int images) {
        int kernel = Math.min(size, Math.min(h, w));
        int out = images * Pool.outputLength(h, kernel, stride) * Pool.outputLength(w, kernel, stride) * channels;
        GuardedFloats x = GuardedFloats.random(1, images * h * w * channels);
        GuardedFloats dy = GuardedFloats.random(2, out);
        for (Kernels kernels : Twins.all()) {
            GuardedFloats y = GuardedFloats.zeros(out);
            GuardedFloats dx = GuardedFloats.zeros(x.length());
            kernels.pool().average(x.segment(), y.segment(), h, w, channels, kernel, stride, 0, images);
            kernels.pool()
                    .averageGradient(dy.segment(), dx.segment(), false, h, w, channels, kernel, stride, 0, images);
            assertAdjoint(kernels, x, y, dx, dy, kernel * kernel);
        }
    }

    @Property(tries = TRIES)
    void nearest(
            @ForAll @IntRange(min = 1, max = 9) int h,
            @ForAll @IntRange(min = 1, max = 9) int w,
            @ForAll @IntRange(min = 1, max = 20) int oh,
            @ForAll @IntRange(min = 1, max = 20) int ow,
            @ForAll @IntRange(min = 1, max = 40) int channels,
            @ForAll @IntRange(min = 0, max = 20) int wider,
            @ForAll @IntRange(min = 1, max = 3) int images) {
        int stride = channels + wider;
        GuardedFloats x = GuardedFloats.random(1, images * h * w * channels);
        GuardedFloats dy = GuardedFloats.random(2, images * oh * ow * stride);
        for (Kernels kernels : Twins.all()) {
            GuardedFloats y = GuardedFloats.zeros(dy.length());
            GuardedFloats dx = GuardedFloats.zeros(x.length());
            Resample kernel = kernels.resample();
            kernel.nearest(x.segment(), y.segment(), stride, h, w, oh, ow, channels, 0, images * oh);
            kernel.nearestGradient(dy.segment(), stride, dx.segment(), false, h, w, oh, ow, channels, 0, images * h);
            int readers = ((oh + h - 1) / h) * ((ow + w - 1) / w);
            assertAdjoint(kernels, x, y, dx, dy, readers);
        }
    }

    @Property(tries = TRIES)
    void filteredResize(
            @ForAll boolean halve,
            @ForAll Border border,
            @ForAll @IntRange(min = 2, max = 9) int h,
            @ForAll @IntRange(min = 2, max = 9) int w,
            @ForAll @IntRange(min = 0, max = 3) int odd,
            @ForAll @IntRange(min = 1, max = 40) int channels,
            @ForAll @IntRange(min = 1, max = 3) int images) {
        int oh = halve ? h / 2 : 2 * h + odd % 2;
        int ow = halve ? w / 2 : 2 * w + odd / 2;
        GuardedFloats x = GuardedFloats.random(1, images * h * w * channels);
        GuardedFloats dy = GuardedFloats.random(2, images * oh * ow * channels);
        float scale = halve ? 1f / 64 : 1f / 16;
        for (Kernels kernels : Twins.all()) {
            GuardedFloats y = GuardedFloats.zeros(dy.length());
            GuardedFloats dx = GuardedFloats.zeros(x.length());
            Resample kernel = kernels.resample();
            kernel.fir(halve, border, x.segment(), y.segment(), scale, h, w, oh, ow, channels, 0, images);
            kernel.firGradient(
                    halve, border, dy.segment(), dx.segment(), false, scale, h, w, oh, ow, channels, 0, images);
            assertAdjoint(kernels, x, y, dx, dy, 16);
        }
    }

    @Property(tries = TRIES)
    void channelCopy(
            @ForAll @IntRange(min = 1, max = 40) int channels,
            @ForAll @IntRange(min = 0, max = 20) int xOffset,
            @ForAll @IntRange(min = 0, max = 20) int yOffset,
            @ForAll @IntRange(min = 0, max = 20) int wider,
            @ForAll @IntRange(min = 1, max = 20) int pixels) {
        int xStride = xOffset + channels + wider;
        int yStride = yOffset + channels;
        GuardedFloats x = GuardedFloats.random(1, pixels * xStride);
        GuardedFloats dy = GuardedFloats.random(2, pixels * yStride);
        for (Kernels kernels : Twins.all()) {
            GuardedFloats y = GuardedFloats.zeros(dy.length());
            GuardedFloats dx = GuardedFloats.zeros(x.length());
            Channels kernel = kernels.channels();
            kernel.copy(x.segment(), xStride, xOffset, y.segment(), yStride, yOffset, channels, false, 0, pixels);
            kernel.copy(dy.segment(), yStride, yOffset, dx.segment(), xStride, xOffset, channels, true, 0, pixels);
            assertAdjoint(kernels, x, y, dx, dy, 1);
        }
    }

    /** The shift is linear in what is added: with {@code x = 0} it spreads one value over all pixels, and its gradient sums them. */
    @Property(tries = TRIES)
    void shift(
            @ForAll @IntRange(min = 1, max = 70) int channels,
            @ForAll @IntRange(min = 1, max = 60) int pixels,
            @ForAll @IntRange(min = 1, max = 3) int images) {
        GuardedFloats shift = GuardedFloats.random(1, images * channels);
        GuardedFloats dy = GuardedFloats.random(2, images * pixels * channels);
        for (Kernels kernels : Twins.all()) {
            GuardedFloats zero = GuardedFloats.zeros(dy.length());
            GuardedFloats y = GuardedFloats.zeros(dy.length());
            GuardedFloats dshift = GuardedFloats.zeros(shift.length());
            kernels.channels().shift(zero.segment(), shift.segment(), y.segment(), pixels, channels, 0, images);
            kernels.channels().shiftGradient(dy.segment(), dshift.segment(), false, pixels, channels, 0, images);
            assertAdjoint(kernels, shift, y, dshift, dy, pixels);
        }
    }

    /** Both products are exact up to the roundings in {@code y} and {@code dx}, sums of up to {@code terms} numbers. */
    private static void assertAdjoint(
            Kernels kernels, GuardedFloats x, GuardedFloats y, GuardedFloats dx, GuardedFloats dy, int terms) {
        double magnitude = GuardedFloats.dotOfMagnitudes(y, dy) + GuardedFloats.dotOfMagnitudes(x, dx);
        // what cancels inside y and dx is not seen in their magnitudes
        double hidden = 5.0 * terms * Math.sqrt(x.length() + (double) dy.length());
        double tolerance = Tolerance.roundings(terms + 2, magnitude + hidden);
        assertEquals(GuardedFloats.dot(y, dy), GuardedFloats.dot(x, dx), tolerance, kernels.reason());
    }
}
