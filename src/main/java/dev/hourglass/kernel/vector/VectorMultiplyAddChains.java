package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.S;

import dev.hourglass.kernel.MultiplyAddChains;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The vector twin of {@link MultiplyAddChains}. A processor has up to four units that take four to five cycles each, so that about
 * twenty chains keep any of them busy; x86 without AVX-512 has two units, and registers for twelve chains. Chains differ in where they
 * begin, because C2 may compute equal ones once; they are local variables, because it keeps nothing else in registers; and they are what
 * is added to, as in a matrix product, because C2 copies a register that is added to and needed again, which halves the rate.
 */
public final class VectorMultiplyAddChains implements MultiplyAddChains {

    @Override
    public int perRound() {
        return (Width.MANY_REGISTERS ? 24 : 12) * LANES;
    }

    @Override
    public float run(int rounds, float start) {
        return Width.MANY_REGISTERS ? run24(rounds, start) : run12(rounds, start);
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
            c0 = half.fma(half, c0);
            c1 = half.fma(half, c1);
            c2 = half.fma(half, c2);
            c3 = half.fma(half, c3);
            c4 = half.fma(half, c4);
            c5 = half.fma(half, c5);
            c6 = half.fma(half, c6);
            c7 = half.fma(half, c7);
            c8 = half.fma(half, c8);
            c9 = half.fma(half, c9);
            c10 = half.fma(half, c10);
            c11 = half.fma(half, c11);
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
            c0 = half.fma(half, c0);
            c1 = half.fma(half, c1);
            c2 = half.fma(half, c2);
            c3 = half.fma(half, c3);
            c4 = half.fma(half, c4);
            c5 = half.fma(half, c5);
            c6 = half.fma(half, c6);
            c7 = half.fma(half, c7);
            c8 = half.fma(half, c8);
            c9 = half.fma(half, c9);
            c10 = half.fma(half, c10);
            c11 = half.fma(half, c11);
            c12 = half.fma(half, c12);
            c13 = half.fma(half, c13);
            c14 = half.fma(half, c14);
            c15 = half.fma(half, c15);
            c16 = half.fma(half, c16);
            c17 = half.fma(half, c17);
            c18 = half.fma(half, c18);
            c19 = half.fma(half, c19);
            c20 = half.fma(half, c20);
            c21 = half.fma(half, c21);
            c22 = half.fma(half, c22);
            c23 = half.fma(half, c23);
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
