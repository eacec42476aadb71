package dev.hourglass;

/**
 * Height and width of images.
 *
 * @param height rows
 * @param width columns
 */
public record ImageSize(int height, int width) {

    @Override
    public String toString() {
        return height + "x" + width;
    }
}
