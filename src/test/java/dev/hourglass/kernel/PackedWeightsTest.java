package dev.hourglass.kernel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.error.HourglassException;
import dev.hourglass.kernel.Conv2dGeometry.Window;
import dev.hourglass.memory.Tensor;
import dev.hourglass.testing.Floats;
import java.lang.foreign.MemorySegment;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.lifecycle.AfterTry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights of 16 bits: how they are rounded, that nothing else changes, and the memory that they save. */
class PackedWeightsTest {

    private static final int NUMBERS = 1 << Short.SIZE;

    @AfterTry
    void release() {
        Floats.release();
    }

    /** Every number stands for itself; of neighbours the nearer one is chosen, in the middle the even one. */
    @ParameterizedTest
    @EnumSource(names = {"BFLOAT16", "FLOAT16"})
    void roundsToTheNearestAndTiesToEven(WeightFormat format) {
        int compared = 0;
        for (int bits = 0; bits < NUMBERS; bits++) {
            float value = format.value(bits);
            if (Float.isNaN(value)) {
                assertTrue(Float.isNaN(format.round(value)));
                continue;
            }
            assertEquals(bits, format.bits(value));
            float next = format.value(bits + 1);
            if ((bits & 0x7fff) != 0x7fff && Float.isFinite(value) && Float.isFinite(next)) {
                float middle = (float) (((double) value + next) / 2);
                assertEquals(bits % 2 == 0 ? bits : bits + 1, format.bits(middle));
                boolean up = next > value;
                assertEquals(bits, format.bits(up ? Math.nextDown(middle) : Math.nextUp(middle)));
                assertEquals(bits + 1, format.bits(up ? Math.nextUp(middle) : Math.nextDown(middle)));
                compared++;
            }
        }
        assertTrue(compared > NUMBERS / 2, "numbers compared");
    }

    @Test
    void whatIsBeyondTheLargestNumberBecomesInfinite() {
        assertEquals(65504, WeightFormat.FLOAT16.round(65519.9f));
        assertEquals(Float.POSITIVE_INFINITY, WeightFormat.FLOAT16.round(65520));
        assertEquals(Float.NEGATIVE_INFINITY, WeightFormat.BFLOAT16.round(-Float.MAX_VALUE));
        for (WeightFormat format : WeightFormat.values()) {
            assertTrue(Float.isNaN(format.round(Float.intBitsToFloat(0x7fffffff))));
            assertEquals(Float.NEGATIVE_INFINITY, format.round(Float.NEGATIVE_INFINITY));
        }
    }

    @Property
    void float32IsLeftAsItIs(@ForAll @FloatRange(min = -Float.MAX_VALUE, max = Float.MAX_VALUE) float value) {
        assertEquals(value, WeightFormat.FLOAT32.round(value));
    }

    @Test
    void formatsHaveNames() {
        for (WeightFormat format : WeightFormat.values()) {
            assertEquals(format, WeightFormat.of("--weights", format.key()));
        }
        HourglassException error = assertThrows(HourglassException.class, () -> WeightFormat.of("--weights", "float8"));
        assertTrue(error.getMessage().contains("float32, bfloat16, float16"), error.getMessage());
    }

    /** A linear layer shows its weights to the rows of a unit matrix: all finite numbers there are. */
    @ParameterizedTest
    @EnumSource(names = {"BFLOAT16", "FLOAT16"})
    void everyNumberComesBackFromAPanel(WeightFormat format) {
        int side = 1 << 8;
        float[] numbers = new float[NUMBERS];
        float[] unit = new float[NUMBERS];
        for (int k = 0; k < NUMBERS; k++) {
            numbers[k] = Float.isFinite(format.value(k)) ? format.value(k) : 0;
            unit[k] = k % (side + 1) == 0 ? 1 : 0;
        }
        float[] found = product(Backend.kernels(true, format).conv2d(), side, unit, numbers);
        for (int k = 0; k < NUMBERS; k++) {
            assertEquals(numbers[k] + 0f, found[k], "number " + k); // a sum of zeros has no sign
        }
    }

    /** The product of two square matrices, the second of which is packed. */
    private static float[] product(Conv2d kernel, int side, float[] a, float[] b) {
        Conv2dGeometry g = Conv2dGeometry.linear(side, side, side);
        MemorySegment left = Floats.tensor(a).segment();
        MemorySegment right = Floats.tensor(b).segment();
        Tensor out = Floats.tensor(new float[a.length]);
        MemorySegment packed =
                GuardedFloats.zeros(Math.toIntExact(kernel.packedBytes(g) / 4)).segment();
        MemorySegment work = GuardedFloats.zeros(Math.toIntExact(kernel.workspaceBytes(g) / 4))
                .segment();
        for (int item = 0; item < kernel.packItems(g); item++) {
            kernel.pack(g, right, null, packed, work, item);
        }
        for (int item = 0; item < kernel.forwardItems(g); item++) {
            kernel.forward(g, left, packed, null, null, out.segment(), work, item);
        }
        return out.toArray();
    }

    @Provide
    Arbitrary<Conv2dGeometry> geometries() {
        Arbitrary<Integer> sizes = Arbitraries.integers().between(1, 13);
        Arbitrary<Integer> kernels = Arbitraries.integers().between(1, 3);
        Arbitrary<Window> windows =
                Combinators.combine(kernels, kernels).as((stride, padding) -> new Window(stride, padding, padding, 1));
        return Combinators.combine(
                        kernels,
                        sizes,
                        sizes,
                        Arbitraries.of(1, 3, 16, 33, 100),
                        Arbitraries.of(1, 4, 9, 16, 31, 32, 65),
                        kernels,
                        windows)
                .as((n, h, w, in, out, side, window) ->
                        Conv2dGeometry.of(n, h, w, in, out, side, side, window, window));
    }

    @Provide
    Arbitrary<WeightFormat> sixteenBits() {
        return Arbitraries.of(WeightFormat.BFLOAT16, WeightFormat.FLOAT16);
    }

    /** Whatever the geometry, and in either direction, the bits are those of a convolution in float32 with rounded weights. */
    @Property(tries = 150)
    void nothingButTheWeightsIsRounded(
            @ForAll("geometries") Conv2dGeometry g, @ForAll("sixteenBits") WeightFormat format) {
        float[] weight = Floats.random(2, (long) g.depth() * g.cout());
        float[] rounded = new float[weight.length];
        for (int k = 0; k < weight.length; k++) {
            weight[k] = Math.scalb(weight[k], -(k % 26)); // down to where float16 has no bits left
            rounded[k] = format.round(weight[k]);
        }
        ConvolutionRun expected = new ConvolutionRun(g, Backend.kernels(true).conv2d(), rounded);
        ConvolutionRun found =
                new ConvolutionRun(g, Backend.kernels(false, format).conv2d(), weight);
        assertArrayEquals(expected.y, found.y);
        assertArrayEquals(expected.dx, found.dx);
    }

    /** Each weight takes two bytes less, the padding of a panel's as well; a bias stays as it is. */
    @Property
    void sixteenBitsTakeHalfOfTheMemory(
            @ForAll("geometries") Conv2dGeometry g, @ForAll("sixteenBits") WeightFormat format) {
        long whole = Backend.kernels(true).conv2d().packedBytes(g);
        long biases = whole / (g.depth() + 1);
        long half = Backend.kernels(true, format).conv2d().packedBytes(g);
        assertTrue(half <= whole);
        if (g.cout() > 8) { // fewer keep their float32
            assertTrue(half - biases <= (whole - biases) / 2 + 2, half + " of " + whole);
        }
    }
}
