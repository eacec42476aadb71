package dev.hourglass.graph;

/** What a program is compiled for. */
public enum Purpose {
    /** Forward passes. */
    INFERENCE,
    /** Forward and backward passes; what backward reads is kept from forward. */
    TRAINING,
    /**
     * The same numbers in less memory and more time: what lies inside of a {@linkplain Graph#block block} is forgotten, and computed
     * again right before the block's backward passes (arXiv 1604.06174).
     */
    RECOMPUTING_TRAINING;

    /** Training with or without recomputation. */
    public static Purpose training(boolean recompute) {
        return recompute ? RECOMPUTING_TRAINING : TRAINING;
    }

    /** Whether there are backward passes. */
    public boolean trains() {
        return this != INFERENCE;
    }
}
