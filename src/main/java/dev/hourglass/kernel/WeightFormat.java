package dev.hourglass.kernel;

import dev.hourglass.error.HourglassException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * What packed weights are kept in. Arithmetic is float32 in every case: a weight of 16 bits is rounded to the nearest number of its
 * format, ties to even, when it is packed, and widened, which is exact, when it is used.
 */
public enum WeightFormat {

    /** IEEE 754 binary32: nothing is rounded. */
    FLOAT32(Float.BYTES) {
        @Override
        public int bits(float value) {
            return Float.floatToRawIntBits(value);
        }

        @Override
        public float value(int bits) {
            return Float.intBitsToFloat(bits);
        }
    },

    /** The upper half of float32: all of its range, 8 bits of precision. */
    BFLOAT16(Short.BYTES) {
        @Override
        public int bits(float value) {
            int bits = Float.floatToRawIntBits(value);
            if (Float.isNaN(value)) {
                return (bits >>> Short.SIZE) | QUIET; // rounded up, it could become a number
            }
            int odd = (bits >>> Short.SIZE) & 1;
            return (bits + HALF_A_UNIT - 1 + odd) >>> Short.SIZE;
        }

        @Override
        public float value(int bits) {
            return Float.intBitsToFloat(bits << Short.SIZE);
        }
    },

    /** IEEE 754 binary16: 11 bits of precision, magnitudes up to 65504, fewer bits below 6.1e-5. */
    FLOAT16(Short.BYTES) {
        @Override
        public int bits(float value) {
            return Short.toUnsignedInt(Float.floatToFloat16(value));
        }

        @Override
        public float value(int bits) {
            return Float.float16ToFloat((short) bits);
        }
    };

    private static final int QUIET = 0x40; // the bit that makes a NaN one
    private static final int HALF_A_UNIT = 1 << Short.SIZE - 1;

    private final int bytes;

    WeightFormat(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of a weight. */
    public int bytes() {
        return bytes;
    }

    /** The nearest number of this format, in its lowest {@code 8 * bytes()} bits; infinity beyond the largest. */
    public abstract int bits(float value);

    /** The number that {@link #bits} stand for. */
    public abstract float value(int bits);

    /** The nearest number of this format. */
    public float round(float value) {
        return value(bits(value));
    }

    /** The name as people write it, such as {@code bfloat16}. */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * The format of a name.
     *
     * @param where what the name was given for, for the error
     * @throws HourglassException when there is none, with those there are
     */
    public static WeightFormat of(Object where, String key) {
        return Arrays.stream(values())
                .filter(format -> format.key().equals(key))
                .findFirst()
                .orElseThrow(() -> HourglassException.what("there is no such format of weights")
                        .where(where)
                        .expected("one of "
                                + Arrays.stream(values()).map(WeightFormat::key).collect(Collectors.joining(", ")))
                        .found(key)
                        .build());
    }
}
