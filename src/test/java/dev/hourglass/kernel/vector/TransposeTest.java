package dev.hourglass.kernel.vector;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class TransposeTest {

    private static final float UNTOUCHED = -1;

    /** Whole blocks and what is left of them, with gaps between rows that stay as they are. */
    @Property(tries = 300)
    void rowsBecomeColumnsAndNothingElseIsWritten(
            @ForAll @IntRange(max = 40) int rows,
            @ForAll @IntRange(max = 40) int columns,
            @ForAll @IntRange(max = 5) int xGap,
            @ForAll @IntRange(max = 5) int yGap) {
        int xStride = columns + xGap;
        int yStride = rows + yGap;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment x = arena.allocate(4L * rows * xStride + 4, 64);
            float[] expected = new float[columns * yStride + 64];
            Arrays.fill(expected, UNTOUCHED);
            for (int r = 0; r < rows; r++) {
                for (int c = 0; c < columns; c++) {
                    float value = r * 100 + c;
                    x.setAtIndex(ValueLayout.JAVA_FLOAT, (long) r * xStride + c, value);
                    expected[c * yStride + r] = value;
                }
            }
            MemorySegment y = arena.allocate(4L * expected.length, 64);
            for (int k = 0; k < expected.length; k++) {
                y.setAtIndex(ValueLayout.JAVA_FLOAT, k, UNTOUCHED);
            }
            MemorySegment scratch = arena.allocate(Transpose.SCRATCH_BYTES, 64);
            Transpose.copy(x.address(), 4L * xStride, rows, columns, y.address(), 4L * yStride, scratch.address());
            assertArrayEquals(expected, y.toArray(ValueLayout.JAVA_FLOAT));
        }
    }
}
