package dev.hourglass.io;

import java.util.List;

/**
 * Images that are sorted into classes. Who gets one closes it.
 *
 * @param images the images
 * @param labels one number for each image, from 0
 */
public record LabelledImages(ImageBytes images, List<Integer> labels) implements AutoCloseable {

    /** Copies the labels. */
    public LabelledImages {
        labels = List.copyOf(labels);
        if (labels.size() != images.count()) {
            throw new IllegalArgumentException(labels.size() + " labels for " + images.count() + " images");
        }
    }

    /** Gives the images' memory back. Closing twice is harmless. */
    @Override
    public void close() {
        images.close();
    }
}
