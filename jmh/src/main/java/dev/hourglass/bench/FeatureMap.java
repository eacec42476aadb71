package dev.hourglass.bench;

/**
 * The shape of a feature map, written {@code NxHxWxC} as it lies in memory.
 *
 * @param images in the batch
 * @param height in pixels
 * @param width in pixels
 * @param channels of a pixel
 */
record FeatureMap(int images, int height, int width, int channels) {

    static FeatureMap parse(String text) {
        String[] parts = text.split("x");
        if (parts.length != 4) {
            throw new IllegalArgumentException("not a feature map NxHxWxC: " + text);
        }
        return new FeatureMap(
                Integer.parseInt(parts[0]),
                Integer.parseInt(parts[1]),
                Integer.parseInt(parts[2]),
                Integer.parseInt(parts[3]));
    }

    int pixels() {
        return height * width;
    }

    long elements() {
        return (long) images * pixels() * channels;
    }
}
