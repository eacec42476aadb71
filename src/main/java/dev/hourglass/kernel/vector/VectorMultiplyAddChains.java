package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.S;

import dev.hourglass.kernel.MultiplyAddChains;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The vector twin of {@link MultiplyAddChains}. A processor has up to four units that take four to five cycles each, so that about
 * twenty chains keep any of them busy; x86 without AVX-512 has two units, and registers for twelve chains. Chains differ in where they
 * begin, because C2 may compute equal ones once; they are local variables, because it keeps nothing else in registers.
 */
public final class VectorMultiplyAddChains implements MultiplyAddChains {

    /** Whether there are 32 vector registers: with AVX-512, and everywhere but on x86. */
    private static final boolean MANY_REGISTERS =
            LANES >= 16 || !System.getProperty("os.arch", "").matches("amd64|x86_64");

    @Override
    public int perRound() {
        return (MANY_REGISTERS ? 24 : 12) * LANES;
    }

    @Override
    public float run(int rounds, float start) {
        return MANY_REGISTERS ? run24(rounds, start) : run12(rounds, start);
    }

    private static float run12(int rounds, float start) {
        FloatVector half = FloatVector.broadcast(S, 0.5f);
        float first = start - 5.5f;
        FloatVector c0 = FloatVector.broadcast(S, first);
        FloatVector c1 = FloatVector.broadcast(S, first + 1);
        FloatVector c2 = FloatVector.broadcast(S, first + 2);
        FloatVector c3 = FloatVector.broadcast(S, first + 3);
        FloatVector c4 = FloatVector.broadcast(S, first + 4);
        FloatVector c5 = FloatVector.broadcast(S, first + 5);
        FloatVector c6 = FloatVector.broadcast(S, first + 6);
        FloatVector c7 = FloatVector.broadcast(S, first + 7);
        FloatVector c8 = FloatVector.broadcast(S, first + 8);
        FloatVector c9 = FloatVector.broadcast(S, first + 9);
        FloatVector c10 = FloatVector.broadcast(S, first + 10);
        FloatVector c11 = FloatVector.broadcast(S, first + 11);
        for (int k = 0; k < rounds; k++) {
            c0 = c0.fma(half, half);
            c1 = c1.fma(half, half);
            c2 = c2.fma(half, half);
            c3 = c3.fma(half, half);
            c4 = c4.fma(half, half);
            c5 = c5.fma(half, half);
            c6 = c6.fma(half, half);
            c7 = c7.fma(half, half);
            c8 = c8.fma(half, half);
            c9 = c9.fma(half, half);
            c10 = c10.fma(half, half);
            c11 = c11.fma(half, half);
        }
        FloatVector sum = c0.add(c1)
                .add(c2)
                .add(c3)
                .add(c4)
                .add(c5)
                .add(c6)
                .add(c7)
                .add(c8)
                .add(c9)
                .add(c10)
                .add(c11);
        return sum.reduceLanes(VectorOperators.ADD) / (12 * LANES);
    }

    private static float run24(int rounds, float start) {
        FloatVector half = FloatVector.broadcast(S, 0.5f);
        float first = start - 11.5f;
        FloatVector c0 = FloatVector.broadcast(S, first);
        FloatVector c1 = FloatVector.broadcast(S, first + 1);
        FloatVector c2 = FloatVector.broadcast(S, first + 2);
        FloatVector c3 = FloatVector.broadcast(S, first + 3);
        FloatVector c4 = FloatVector.broadcast(S, first + 4);
        FloatVector c5 = FloatVector.broadcast(S, first + 5);
        FloatVector c6 = FloatVector.broadcast(S, first + 6);
        FloatVector c7 = FloatVector.broadcast(S, first + 7);
        FloatVector c8 = FloatVector.broadcast(S, first + 8);
        FloatVector c9 = FloatVector.broadcast(S, first + 9);
        FloatVector c10 = FloatVector.broadcast(S, first + 10);
        FloatVector c11 = FloatVector.broadcast(S, first + 11);
        FloatVector c12 = FloatVector.broadcast(S, first + 12);
        FloatVector c13 = FloatVector.broadcast(S, first + 13);
        FloatVector c14 = FloatVector.broadcast(S, first + 14);
        FloatVector c15 = FloatVector.broadcast(S, first + 15);
        FloatVector c16 = FloatVector.broadcast(S, first + 16);
        FloatVector c17 = FloatVector.broadcast(S, first + 17);
        FloatVector c18 = FloatVector.broadcast(S, first + 18);
        FloatVector c19 = FloatVector.broadcast(S, first + 19);
        FloatVector c20 = FloatVector.broadcast(S, first + 20);
        FloatVector c21 = FloatVector.broadcast(S, first + 21);
        FloatVector c22 = FloatVector.broadcast(S, first + 22);
        FloatVector c23 = FloatVector.broadcast(S, first + 23);
        for (int k = 0; k < rounds; k++) {
            c0 = c0.fma(half, half);
            c1 = c1.fma(half, half);
            c2 = c2.fma(half, half);
            c3 = c3.fma(half, half);
            c4 = c4.fma(half, half);
            c5 = c5.fma(half, half);
            c6 = c6.fma(half, half);
            c7 = c7.fma(half, half);
            c8 = c8.fma(half, half);
            c9 = c9.fma(half, half);
            c10 = c10.fma(half, half);
            c11 = c11.fma(half, half);
            c12 = c12.fma(half, half);
            c13 = c13.fma(half, half);
            c14 = c14.fma(half, half);
            c15 = c15.fma(half, half);
            c16 = c16.fma(half, half);
            c17 = c17.fma(half, half);
            c18 = c18.fma(half, half);
            c19 = c19.fma(half, half);
            c20 = c20.fma(half, half);
            c21 = c21.fma(half, half);
            c22 = c22.fma(half, half);
            c23 = c23.fma(half, half);
        }
        FloatVector sum = c0.add(c1)
                .add(c2)
                .add(c3)
                .add(c4)
                .add(c5)
                .add(c6)
                .add(c7)
                .add(c8)
                .add(c9)
                .add(c10)
                .add(c11)
                .add(c12)
                .add(c13)
                .add(c14)
                .add(c15)
                .add(c16)
                .add(c17)
                .add(c18)
                .add(c19)
                .add(c20)
                .add(c21)
                .add(c22)
                .add(c23);
        return sum.reduceLanes(VectorOperators.ADD) / (24 * LANES);
    }
}
