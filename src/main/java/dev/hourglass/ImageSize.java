package dev.hourglass;

import dev.hourglass.error.HourglassException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Height and width of images.
 *
 * @param height rows
 * @param width columns
 */
public record ImageSize(int height, int width) {

    /** The size of MNIST's digits. */
    public static final ImageSize MNIST = new ImageSize(28, 28);

    private static final Pattern WRITTEN = Pattern.compile("(\\d{1,6})x(\\d{1,6})");

    /**
     * Reads a size as it is written: height, {@code x}, width.
     *
     * @throws HourglassException when it is not written so
     */
    public static ImageSize parse(String text) {
        Matcher matcher = WRITTEN.matcher(text);
        if (!matcher.matches()) {
            throw HourglassException.what("not an image size")
                    .expected("HEIGHTxWIDTH, such as 28x28")
                    .found(text)
                    .build();
        }
        return new ImageSize(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
    }

    @Override
    public String toString() {
        return height + "x" + width;
    }
}
