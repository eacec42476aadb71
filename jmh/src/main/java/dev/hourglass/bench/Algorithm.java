package dev.hourglass.bench;

import dev.hourglass.kernel.Conv2d;
import dev.hourglass.kernel.vector.VectorConv2d;

/** How a convolution is computed. */
public enum Algorithm {
    /** As the engine chooses for each geometry. */
    FASTEST("fastest", 1),
    /** Only sums of products. */
    DIRECT("sums of products", 1),
    /** Winograd's algorithm on tiles of 2x2 outputs. */
    WINOGRAD_2("Winograd F(2x2)", 2.25),
    /** Winograd's algorithm on tiles of 4x4 outputs. */
    WINOGRAD_4("Winograd F(4x4)", 4);

    private final String label;
    private final double saving;

    Algorithm(String label, double saving) {
        this.label = label;
        this.saving = saving;
    }

    /** For people. */
    public String label() {
        return label;
    }

    /** How many multiply-adds of the textbook's one of this algorithm's products stands for; its transforms are not counted. */
    public double saving() {
        return saving;
    }

    /**
     * The kernel.
     *
     * @throws IllegalArgumentException for the scalar twin, which has one algorithm alone
     */
    Conv2d kernel(Twin twin) {
        if (twin == Twin.SCALAR && this != FASTEST) {
            throw new IllegalArgumentException("the scalar twin has no " + label);
        }
        return switch (this) {
            case FASTEST -> twin.kernels().conv2d();
            case DIRECT -> VectorConv2d.exact();
            case WINOGRAD_2 -> VectorConv2d.winograd(2);
            case WINOGRAD_4 -> VectorConv2d.winograd(4);
        };
    }
}
