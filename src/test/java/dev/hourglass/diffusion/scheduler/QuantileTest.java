package dev.hourglass.diffusion.scheduler;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class QuantileTest {

    @Test
    void isThatOfSortedMagnitudes() {
        Random random = new Random(1);
        Quantile quantile = new Quantile();
        for (int count = 1; count < 300; count += 1 + count / 7) {
            for (boolean coarse : new boolean[] {false, true}) {
                MemorySegment floats = Arena.ofAuto().allocate(4L * (count + 5), 64);
                double[] magnitudes = new double[count];
                for (int i = 0; i < count; i++) {
                    float value = (float) random.nextGaussian();
                    value = coarse ? Math.round(value) : value;
                    floats.setAtIndex(ValueLayout.JAVA_FLOAT, i + 3, value);
                    magnitudes[i] = Math.abs(value);
                }
                Arrays.sort(magnitudes);
                for (double ratio : new double[] {0, 0.1, 0.5, 0.77, 0.995, 1}) {
                    double position = ratio * (count - 1);
                    int low = (int) position;
                    int high = Math.min(low + 1, count - 1);
                    double expected = magnitudes[low] + (position - low) * (magnitudes[high] - magnitudes[low]);
                    assertEquals(
                            expected, quantile.ofMagnitudes(floats, 3, count + 3, ratio), 1e-12, count + ", " + ratio);
                }
            }
        }
    }
}
