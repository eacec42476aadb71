package dev.hourglass.kernel;

/**
 * As many multiply-adds as the processor can do: independent chains {@code c = c + 1/4}, the quarter or the {@code c} as a product, that never leave the registers. It
 * computes nothing that anyone needs; it is the bound that convolutions are judged by.
 */
public interface MultiplyAddChains {

    /** Multiply-adds of one round: one for each chain. */
    int perRound();

    /**
     * Takes every chain some rounds further. The chains begin at different numbers around {@code start}.
     *
     * @return the mean of all chains: {@code start + rounds / 4} up to rounding
     */
    float run(int rounds, float start);
}
