package dev.hourglass.kernel.vector;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Sums of squares in double lanes, a block at a time, so that the short loops are compiled after few calls. */
final class SquareSums {

    private static final long BLOCK = 4096;

    private SquareSums() {}

    /** The sum of {@code a^2}. */
    static double of(long a, long count) {
        double sum = 0;
        for (long i = 0; i < count; i += BLOCK) {
            sum += block(a + i * Float.BYTES, Math.min(BLOCK, count - i));
        }
        return sum;
    }

    /** The sum of {@code (a - b)^2}. */
    static double ofDifference(long a, long b, long count) {
        double sum = 0;
        for (long i = 0; i < count; i += BLOCK) {
            sum += block(a + i * Float.BYTES, b + i * Float.BYTES, Math.min(BLOCK, count - i));
        }
        return sum;
    }

    private static double block(long a, long count) {
        DoubleVector even = DoubleVector.zero(Doubles.D);
        DoubleVector odd = even;
        long i = 0;
        for (; i <= count - 2 * Doubles.LANES; i += 2 * Doubles.LANES) {
            DoubleVector v = ((DoubleVector) FloatVector.fromMemorySegment(
                            Doubles.HALF, Memory.ALL, (a + i * Float.BYTES) & Memory.MASK, Memory.ORDER)
                    .convertShape(VectorOperators.F2D, Doubles.D, 0));
            DoubleVector w = ((DoubleVector) FloatVector.fromMemorySegment(
                            Doubles.HALF,
                            Memory.ALL,
                            (a + (i + Doubles.LANES) * Float.BYTES) & Memory.MASK,
                            Memory.ORDER)
                    .convertShape(VectorOperators.F2D, Doubles.D, 0));
            even = v.fma(v, even);
            odd = w.fma(w, odd);
        }
        DoubleVector lanes = even.add(odd);
        double sum = 0;
        for (int lane = 0; lane < Doubles.LANES; lane++) {
            sum += lanes.lane(0);
            lanes = lanes.reinterpretAsFloats().rearrange(Doubles.ROTATE).reinterpretAsDoubles();
        }
        for (; i < count; i++) {
            double v = Memory.get(a + i * Float.BYTES);
            sum += v * v;
        }
        return sum;
    }

    private static double block(long a, long b, long count) {
        DoubleVector even = DoubleVector.zero(Doubles.D);
        DoubleVector odd = even;
        long i = 0;
        for (; i <= count - 2 * Doubles.LANES; i += 2 * Doubles.LANES) {
            long at = i * Float.BYTES;
            long next = at + (long) Doubles.LANES * Float.BYTES;
            DoubleVector v = ((DoubleVector) FloatVector.fromMemorySegment(
                                    Doubles.HALF, Memory.ALL, (a + at) & Memory.MASK, Memory.ORDER)
                            .convertShape(VectorOperators.F2D, Doubles.D, 0))
                    .sub(((DoubleVector) FloatVector.fromMemorySegment(
                                    Doubles.HALF, Memory.ALL, (b + at) & Memory.MASK, Memory.ORDER)
                            .convertShape(VectorOperators.F2D, Doubles.D, 0)));
            DoubleVector w = ((DoubleVector) FloatVector.fromMemorySegment(
                                    Doubles.HALF, Memory.ALL, (a + next) & Memory.MASK, Memory.ORDER)
                            .convertShape(VectorOperators.F2D, Doubles.D, 0))
                    .sub(((DoubleVector) FloatVector.fromMemorySegment(
                                    Doubles.HALF, Memory.ALL, (b + next) & Memory.MASK, Memory.ORDER)
                            .convertShape(VectorOperators.F2D, Doubles.D, 0)));
            even = v.fma(v, even);
            odd = w.fma(w, odd);
        }
        DoubleVector lanes = even.add(odd);
        double sum = 0;
        for (int lane = 0; lane < Doubles.LANES; lane++) {
            sum += lanes.lane(0);
            lanes = lanes.reinterpretAsFloats().rearrange(Doubles.ROTATE).reinterpretAsDoubles();
        }
        for (; i < count; i++) {
            double v = (double) Memory.get(a + i * Float.BYTES) - Memory.get(b + i * Float.BYTES);
            sum += v * v;
        }
        return sum;
    }
}
