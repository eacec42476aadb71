package dev.hourglass.kernel;

/**
 * As many multiply-adds as the processor can do: independent chains {@code c = c / 2 + 1 / 2} that never leave the registers. It
 * computes nothing that anyone needs; it is the bound that convolutions are judged by.
 */
public interface MultiplyAddChains {

    /** Multiply-adds of one round: one for each chain. */
    int perRound();

    /**
     * Takes every chain some rounds further. The chains begin at different numbers around {@code start}.
     *
     * @return the mean of all chains: {@code 1 + (start - 1) / 2^rounds} up to rounding
     */
    float run(int rounds, float start);
}
