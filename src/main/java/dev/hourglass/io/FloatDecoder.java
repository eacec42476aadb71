package dev.hourglass.io;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Little-endian elements of any stored type to float32. The loops always read mapped memory and write a small array,
 * which then is copied: loops that saw heap and native targets in turn would be several times slower for good.
 */
final class FloatDecoder {

    private static final int CHUNK = 4096;

    private static final ValueLayout.OfFloat FLOATS = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfFloat F32 = FLOATS.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble F64 =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfByte I8 = ValueLayout.JAVA_BYTE;

    private FloatDecoder() {}

    /** Converts {@code count} elements; {@code source} and {@code target} hold exactly that many. */
    static void decode(StoredType type, MemorySegment source, MemorySegment target, long count) {
        if (type == StoredType.F32) {
            MemorySegment.copy(source, F32, 0, target, FLOATS, 0, count);
            return;
        }
        float[] chunk = new float[(int) Math.min(CHUNK, count)];
        for (long done = 0; done < count; done += chunk.length) {
            int n = (int) Math.min(chunk.length, count - done);
            decodeChunk(type, source.asSlice(done * type.bytes(), (long) n * type.bytes()), chunk, n);
            MemorySegment.copy(chunk, 0, target, FLOATS, done * Float.BYTES, n);
        }
    }

    private static void decodeChunk(StoredType type, MemorySegment source, float[] chunk, int n) {
        for (int i = 0; i < n; i++) {
            chunk[i] = switch (type) {
                case F64 -> (float) source.getAtIndex(F64, i);
                case F32 -> source.getAtIndex(F32, i);
                case F16 -> Float.float16ToFloat(source.getAtIndex(I16, i));
                case BF16 -> Float.intBitsToFloat(source.getAtIndex(I16, i) << Short.SIZE);
                case I64 -> source.getAtIndex(I64, i);
                case I32 -> source.getAtIndex(I32, i);
                case I16 -> source.getAtIndex(I16, i);
                case I8 -> source.getAtIndex(I8, i);
                case U64 -> unsignedToFloat(source.getAtIndex(I64, i));
                case U32 -> Integer.toUnsignedLong(source.getAtIndex(I32, i));
                case U16 -> Short.toUnsignedInt(source.getAtIndex(I16, i));
                case U8 -> Byte.toUnsignedInt(source.getAtIndex(I8, i));
                case BOOL -> source.getAtIndex(I8, i) == 0 ? 0 : 1;
            };
        }
    }

    /**
     * Halves a number that is too large for a signed long, keeping its last bit for the rounding, and doubles the
     * result.
     */
    private static float unsignedToFloat(long value) {
        return value >= 0 ? value : 2f * (float) (value >>> 1 | value & 1);
    }
}
