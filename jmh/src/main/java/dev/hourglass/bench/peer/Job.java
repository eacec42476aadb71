package dev.hourglass.bench.peer;

/**
 * What is timed.
 *
 * @param subject the network
 * @param kind forward pass or training step
 * @param batch images at a time
 * @param threads threads that work
 */
public record Job(Subject subject, Kind kind, int batch, int threads) {

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

    /** {@code [N, C, H, W]} of samples, targets and predictions. */
    int[] images() {
        return new int[] {batch, subject.channels(), subject.side(), subject.side()};
    }
}
