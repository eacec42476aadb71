package dev.hourglass.kernel.scalar;

import dev.hourglass.kernel.MultiplyAddChains;

/** The plain twin of {@link MultiplyAddChains}: a product and a sum, because not every processor has a fused instruction. */
public final class ScalarMultiplyAddChains implements MultiplyAddChains {

    /** No constant for the compiler, which would leave the product out. */
    private float one = 1;

    @Override
    public int perRound() {
        return 12;
    }

    @Override
    public float run(int rounds, float start) {
        float one = this.one;
        float first = start - 5.5f;
        float c0 = first;
        float c1 = first + 1;
        float c2 = first + 2;
        float c3 = first + 3;
        float c4 = first + 4;
        float c5 = first + 5;
        float c6 = first + 6;
        float c7 = first + 7;
        float c8 = first + 8;
        float c9 = first + 9;
        float c10 = first + 10;
        float c11 = first + 11;
        for (int k = 0; k < rounds; k++) {
            c0 = c0 * one + 0.25f;
            c1 = c1 * one + 0.25f;
            c2 = c2 * one + 0.25f;
            c3 = c3 * one + 0.25f;
            c4 = c4 * one + 0.25f;
            c5 = c5 * one + 0.25f;
            c6 = c6 * one + 0.25f;
            c7 = c7 * one + 0.25f;
            c8 = c8 * one + 0.25f;
            c9 = c9 * one + 0.25f;
            c10 = c10 * one + 0.25f;
            c11 = c11 * one + 0.25f;
        }
        return (c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11) / 12;
    }
}
