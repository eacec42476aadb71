package dev.hourglass.kernel.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.hourglass.kernel.Conv2dGeometry;
import dev.hourglass.kernel.Conv2dGeometry.Window;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WinogradConv2dTest {

    /** Distances that a transform's addresses would cut off: rows of 768 MB. */
    @ParameterizedTest
    @CsvSource({"1000000, 16, true", "12000000, 16, false", "64, 5600, true"})
    void leavesWhatIsTooFarApartToOthers(int width, int channels, boolean supported) {
        Window window = Window.padded(1);
        Conv2dGeometry g = Conv2dGeometry.of(1, 3, width, channels, channels, 3, 3, window, window);
        assertEquals(supported, WinogradConv2d.supports(g));
    }
}
