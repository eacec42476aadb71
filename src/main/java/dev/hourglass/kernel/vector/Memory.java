package dev.hourglass.kernel.vector;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import jdk.incubator.vector.VectorSpecies;

/**
 * How vector kernels reach memory: every access goes through one constant, unbounded native segment by absolute address. C2 then sees
 * a plain address computation; bounded segments cost it so many nodes that it stops inlining and boxes the vectors. A kernel asks
 * {@link #address} for every range that it will touch, before touching it; with {@code -Dhourglass.checked=true} that verifies the
 * range against the segment's bounds and lifetime.
 *
 * <p>Vectors are loaded and stored with {@code FloatVector.fromMemorySegment(S, ALL, ...)} and {@code intoMemorySegment}, written out:
 * the Vector API's own methods are inlined whatever the size of the code around them, a helper of ours is not, and a vector that
 * crosses a call is boxed on the heap.
 */
final class Memory {

    /** All of native memory: safe because every offset is proven when a program is compiled. */
    @SuppressWarnings("restricted")
    static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    /**
     * Bits that an address may have. A kernel masks the addresses it computes: C2 then knows that they are not negative and that adding
     * an offset does not overflow, and the bounds checks of {@link #ALL} fold away where the code is parsed. Otherwise every access
     * brings its checks along, loops need a slow first round to get rid of them, and the nodes bring the inlining cliff nearer.
     */
    static final long MASK = (1L << 48) - 1;

    /**
     * Bits that the distance between two addresses may have. A masked distance that is added to a masked address needs no mask of its
     * own, and since it fits an int, C2 makes an operand of base and index of the sum instead of computing it first. Who masks with it
     * makes sure beforehand that distances are not larger.
     */
    static final long STEP = (1L << 31) - 1;

    /** The lanes of a vector. */
    static final VectorSpecies<Float> S = Width.SPECIES;

    /** Floats in a vector. */
    static final int LANES = S.length();

    /** Bytes in a vector. */
    static final int BYTES = S.vectorByteSize();

    /** The machine's own order: nothing is swapped. */
    static final ByteOrder ORDER = ByteOrder.nativeOrder();

    /** Single floats: {@code (float) FLOAT.get(ALL, address)}. */
    static final VarHandle FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.varHandle().withInvokeExactBehavior();

    private static final VarHandle BITS =
            ValueLayout.JAVA_INT_UNALIGNED.varHandle().withInvokeExactBehavior();

    private static final boolean CHECKED = Boolean.getBoolean("hourglass.checked");

    private Memory() {}

    /**
     * The address of float {@code offset} of a segment, of which {@code count} floats are about to be used.
     *
     * @throws IllegalArgumentException when the segment lies on the heap, where addresses mean nothing
     */
    static long address(MemorySegment segment, long offset, long count) {
        if (!segment.isNative()) {
            throw new IllegalArgumentException(
                    "a vector kernel was given memory on the heap, and reads native memory only; copy it into a Slab or an Arena");
        }
        if (CHECKED) {
            check(segment, offset, count);
        }
        return segment.address() + offset * Float.BYTES;
    }

    static float get(long address) {
        return (float) FLOAT.get(ALL, address);
    }

    static void set(long address, float value) {
        FLOAT.set(ALL, address, value);
    }

    static int bits(long address) {
        return (int) BITS.get(ALL, address);
    }

    static void setBits(long address, int bits) {
        BITS.set(ALL, address, bits);
    }

    private static void check(MemorySegment segment, long offset, long count) {
        if (!segment.scope().isAlive()) {
            throw new IllegalStateException("memory used after it was given back");
        }
        if (offset < 0 || count < 0 || (offset + count) * Float.BYTES > segment.byteSize()) {
            throw new IndexOutOfBoundsException("floats " + offset + " to " + (offset + count) + " of a segment of "
                    + segment.byteSize() + " bytes");
        }
    }
}
