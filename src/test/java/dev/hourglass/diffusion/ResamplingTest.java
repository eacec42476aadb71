package dev.hourglass.diffusion;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.hourglass.error.HourglassException;
import org.junit.jupiter.api.Test;

class ResamplingTest {

    @Test
    void aWalkEndsItsStretchesAtMultiplesOfTheJump() {
        assertArrayEquals(new int[] {3, 4, 5, 6}, Resampling.NONE.walk(3, 7));
        // with two steps left twice back, and with none left, too
        int[] walk = {1, 2, 3, 2, 3, 2, 3, 4, 5, 4, 5, 4, 5};
        assertArrayEquals(walk, new Resampling(3, 2).walk(1, 6));
    }

    /** The paper's own numbers: 250 steps, stretches of 10, 10 times, 24 of them: at 0, 10, .. 230 steps left. */
    @Test
    void everyStretchIsTakenSoOften() {
        assertEquals(250 + 24 * 9 * 10, new Resampling(10, 10).walk(0, 250).length);
    }

    @Test
    void whatIsNoResamplingIsRefused() {
        assertThrows(HourglassException.class, () -> new Resampling(0, 1));
        assertThrows(HourglassException.class, () -> new Resampling(1, 0));
        assertThrows(HourglassException.class, () -> new Resampling(2, 5).walk(0, 5));
        assertThrows(HourglassException.class, () -> new Resampling(Integer.MAX_VALUE, 1).walk(0, 1000));
    }
}
