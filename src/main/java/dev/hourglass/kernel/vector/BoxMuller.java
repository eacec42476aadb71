package dev.hourglass.kernel.vector;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/**
 * Pairs of random words to pairs of normal numbers (Box and Muller 1958), with the logarithm, sine and cosine polynomials of Cephes.
 * The plain form does the same operations in the same order as the vectors do.
 */
final class BoxMuller {

    private static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, Memory.S.vectorShape());

    /** Lanes of two vectors in turn: the first and the second half of the result. */
    private static final VectorShuffle<Float> ZIP_LOW = VectorShuffle.makeZip(Memory.S, 0);

    private static final VectorShuffle<Float> ZIP_HIGH = VectorShuffle.makeZip(Memory.S, 1);

    private static final float UNIT = 0x1p-24f;
    private static final int ROOT_HALF = 0x3f3504f3; // the bits of sqrt(1/2)
    private static final int EXPONENT_SHIFT = 23;

    private static final float LOG8 = 7.0376836292e-2f;
    private static final float LOG7 = -1.1514610310e-1f;
    private static final float LOG6 = 1.1676998740e-1f;
    private static final float LOG5 = -1.2420140846e-1f;
    private static final float LOG4 = 1.4249322787e-1f;
    private static final float LOG3 = -1.6668057665e-1f;
    private static final float LOG2 = 2.0000714765e-1f;
    private static final float LOG1 = -2.4999993993e-1f;
    private static final float LOG0 = 3.3333331174e-1f;
    private static final float LN2_HIGH = 0.693359375f;
    private static final float LN2_LOW = -2.12194440e-4f;

    /** A 2^24th of a turn in radians. */
    private static final float ANGLE = (float) (2 * Math.PI / (1 << 24));

    private static final int QUARTER_SHIFT = 22; // a quarter turn is 2^22 steps
    private static final int EIGHTH = 1 << 21;
    private static final int SIGN_SHIFT = 30; // from bit 1 to the sign

    private static final float SIN2 = -1.9515295891e-4f;
    private static final float SIN1 = 8.3321608736e-3f;
    private static final float SIN0 = -1.6666654611e-1f;
    private static final float COS2 = 2.443315711809948e-5f;
    private static final float COS1 = -1.388731625493765e-3f;
    private static final float COS0 = 4.166664568298827e-2f;

    private BoxMuller() {}

    /** Turns {@code pairs} pairs of vectors, first words and second words, into as many normals in the order of the stream. */
    static void transform(long address, long pairs) {
        for (long p = 0; p < pairs; p++) {
            radius(address + p * 2 * Memory.BYTES);
        }
        for (long p = 0; p < pairs; p++) {
            turn(address + p * 2 * Memory.BYTES);
        }
    }

    /** First words become {@code sqrt(-2 ln u)}: {@code u} is cut into an octave and a rest from sqrt(1/2) to sqrt(2). */
    private static void radius(long at) {
        IntVector word = IntVector.fromMemorySegment(I, Memory.ALL, at, Memory.ORDER);
        FloatVector u =
                ((FloatVector) word.lanewise(VectorOperators.LSHR, 8).add(1).convert(VectorOperators.I2F, 0)).mul(UNIT);
        IntVector bits = u.reinterpretAsInts();
        IntVector octave = bits.sub(ROOT_HALF).lanewise(VectorOperators.ASHR, EXPONENT_SHIFT);
        FloatVector r = bits.sub(octave.lanewise(VectorOperators.LSHL, EXPONENT_SHIFT))
                .reinterpretAsFloats()
                .sub(1);
        FloatVector n = (FloatVector) octave.convert(VectorOperators.I2F, 0);
        FloatVector square = r.mul(r);
        FloatVector p = FloatVector.broadcast(Memory.S, LOG8);
        p = p.fma(r, FloatVector.broadcast(Memory.S, LOG7));
        p = p.fma(r, FloatVector.broadcast(Memory.S, LOG6));
        p = p.fma(r, FloatVector.broadcast(Memory.S, LOG5));
        p = p.fma(r, FloatVector.broadcast(Memory.S, LOG4));
        p = p.fma(r, FloatVector.broadcast(Memory.S, LOG3));
        p = p.fma(r, FloatVector.broadcast(Memory.S, LOG2));
        p = p.fma(r, FloatVector.broadcast(Memory.S, LOG1));
        p = p.fma(r, FloatVector.broadcast(Memory.S, LOG0));
        FloatVector small = p.mul(r).mul(square);
        small = n.fma(FloatVector.broadcast(Memory.S, LN2_LOW), small);
        small = square.fma(FloatVector.broadcast(Memory.S, -0.5f), small);
        FloatVector log = n.fma(FloatVector.broadcast(Memory.S, LN2_HIGH), r.add(small));
        log.mul(-2).sqrt().intoMemorySegment(Memory.ALL, at, Memory.ORDER);
    }

    private static float radius(int word) {
        float u = ((word >>> 8) + 1) * UNIT;
        int bits = Float.floatToRawIntBits(u);
        int octave = (bits - ROOT_HALF) >> EXPONENT_SHIFT;
        float r = Float.intBitsToFloat(bits - (octave << EXPONENT_SHIFT)) - 1;
        float square = r * r;
        float p = Math.fma(LOG8, r, LOG7);
        p = Math.fma(p, r, LOG6);
        p = Math.fma(p, r, LOG5);
        p = Math.fma(p, r, LOG4);
        p = Math.fma(p, r, LOG3);
        p = Math.fma(p, r, LOG2);
        p = Math.fma(p, r, LOG1);
        p = Math.fma(p, r, LOG0);
        float small = p * r * square;
        small = Math.fma(octave, LN2_LOW, small);
        small = Math.fma(square, -0.5f, small);
        float log = Math.fma(octave, LN2_HIGH, r + small);
        return (float) Math.sqrt(log * -2);
    }

    /** Radii and second words become normals: the angle is cut into quarter turns and a rest within an eighth. */
    private static void turn(long at) {
        FloatVector radius = FloatVector.fromMemorySegment(Memory.S, Memory.ALL, at, Memory.ORDER);
        IntVector steps = IntVector.fromMemorySegment(I, Memory.ALL, at + Memory.BYTES, Memory.ORDER)
                .lanewise(VectorOperators.LSHR, 8);
        IntVector quarters = steps.add(EIGHTH).lanewise(VectorOperators.LSHR, QUARTER_SHIFT);
        FloatVector angle = ((FloatVector) steps.sub(quarters.lanewise(VectorOperators.LSHL, QUARTER_SHIFT))
                        .convert(VectorOperators.I2F, 0))
                .mul(ANGLE);
        FloatVector square = angle.mul(angle);
        FloatVector sine = FloatVector.broadcast(Memory.S, SIN2)
                .fma(square, FloatVector.broadcast(Memory.S, SIN1))
                .fma(square, FloatVector.broadcast(Memory.S, SIN0))
                .mul(square)
                .fma(angle, angle);
        FloatVector cosine = FloatVector.broadcast(Memory.S, COS2)
                .fma(square, FloatVector.broadcast(Memory.S, COS1))
                .fma(square, FloatVector.broadcast(Memory.S, COS0))
                .fma(square, FloatVector.broadcast(Memory.S, -0.5f))
                .fma(square, FloatVector.broadcast(Memory.S, 1));
        IntVector sines = sine.reinterpretAsInts();
        IntVector cosines = cosine.reinterpretAsInts();
        IntVector swap = quarters.and(1).neg(); // all bits where sine and cosine change places
        IntVector difference = sines.lanewise(VectorOperators.XOR, cosines).and(swap);
        FloatVector even = cosines.lanewise(VectorOperators.XOR, difference)
                .lanewise(VectorOperators.XOR, quarters.add(1).and(2).lanewise(VectorOperators.LSHL, SIGN_SHIFT))
                .reinterpretAsFloats()
                .mul(radius);
        FloatVector odd = sines.lanewise(VectorOperators.XOR, difference)
                .lanewise(VectorOperators.XOR, quarters.and(2).lanewise(VectorOperators.LSHL, SIGN_SHIFT))
                .reinterpretAsFloats()
                .mul(radius);
        even.rearrange(ZIP_LOW, odd).intoMemorySegment(Memory.ALL, at, Memory.ORDER);
        even.rearrange(ZIP_HIGH, odd).intoMemorySegment(Memory.ALL, at + Memory.BYTES, Memory.ORDER);
    }

    /** One number of a pair, the same bits as {@link #transform} gives it. */
    static float normal(int first, int second, boolean odd) {
        int steps = second >>> 8;
        int quarters = (steps + EIGHTH) >>> QUARTER_SHIFT;
        float angle = (steps - (quarters << QUARTER_SHIFT)) * ANGLE;
        float part = ((quarters & 1) != 0) != odd ? sine(angle) : cosine(angle);
        int sign = (odd ? quarters : quarters + 1) & 2;
        return (sign != 0 ? -part : part) * radius(first);
    }

    private static float sine(float angle) {
        float square = angle * angle;
        float p = Math.fma(SIN2, square, SIN1);
        p = Math.fma(p, square, SIN0);
        return Math.fma(p * square, angle, angle);
    }

    private static float cosine(float angle) {
        float square = angle * angle;
        float p = Math.fma(COS2, square, COS1);
        p = Math.fma(p, square, COS0);
        p = Math.fma(p, square, -0.5f);
        return Math.fma(p, square, 1);
    }
}
