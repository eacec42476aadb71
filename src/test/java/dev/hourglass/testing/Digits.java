package dev.hourglass.testing;

import dev.hourglass.io.ImageBytes;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/** Small images of bright bars on black, for training runs that need no real data. */
public final class Digits {

    private Digits() {}

    /** {@code count} images, to be closed by the caller. */
    public static ImageBytes bars(int count, int height, int width) {
        ImageBytes images = ImageBytes.open(count, height, width, 1);
        SplittableRandom random = new SplittableRandom(7);
        for (int n = 0; n < count; n++) {
            int column = random.nextInt(2, width - 2);
            for (int y = 1; y < height - 1; y++) {
                for (int x = column - 1; x <= column + 1; x++) {
                    images.pixels().set(ValueLayout.JAVA_BYTE, ((long) n * height + y) * width + x, (byte) 255);
                }
            }
        }
        return images;
    }
}
