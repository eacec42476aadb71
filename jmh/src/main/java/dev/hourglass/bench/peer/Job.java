package dev.hourglass.bench.peer;

/**
 * What is timed: TinyUNet on 28x28 images.
 *
 * @param kind forward pass or training step
 * @param batch images at a time
 * @param threads threads that work
 */
public record Job(Kind kind, int batch, int threads) {

    /** Height and width of the images. */
    static final int SIDE = 28;

    /** The learning rate of training steps. */
    static final double RATE = 1e-3;

    /** Forward pass or training step. */
    public enum Kind {
        /** The noise prediction alone. */
        FORWARD("forward"),
        /** Forward, mean squared error, backward, AdamW. */
        TRAIN("training step");

        private final String label;

        Kind(String label) {
            this.label = label;
        }
    }

    /** For people: {@code forward, batch 16}. */
    public String label() {
        return kind.label + ", batch " + batch;
    }
}
