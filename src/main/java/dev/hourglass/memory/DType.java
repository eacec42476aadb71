package dev.hourglass.memory;

/** The element types a tensor in memory can have. Arithmetic is always float32. */
public enum DType {
    /** IEEE 754 binary32. */
    F32(4),
    /** Unsigned bytes: raw images. */
    U8(1);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** Bytes of one element. */
    public int bytes() {
        return bytes;
    }
}
