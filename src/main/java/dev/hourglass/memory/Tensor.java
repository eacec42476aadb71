package dev.hourglass.memory;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A view of off-heap memory as a dense array of a shape: the last axis is contiguous. The segment's bounds are the tensor's own, so
 * that a wrong index meets an exception and not a neighbour.
 *
 * @param segment native memory of exactly {@code shape.elements() * dtype.bytes()} bytes
 * @param shape the axis lengths
 * @param dtype the element type
 */
public record Tensor(MemorySegment segment, Shape shape, DType dtype) {

    /** Checks that the segment is native and has the shape's size. */
    public Tensor {
        if (!segment.isNative()) {
            throw new IllegalArgumentException(
                    "a tensor lives in native memory; kernels slow down for good on heap memory");
        }
        if (segment.byteSize() != shape.elements() * dtype.bytes()) {
            throw new IllegalArgumentException(
                    "segment of " + segment.byteSize() + " bytes for a tensor " + shape + " of " + dtype);
        }
    }

    /** Element {@code index} in memory order, as a float. */
    public float get(long index) {
        return segment.getAtIndex(ValueLayout.JAVA_FLOAT, index);
    }

    /** Sets element {@code index} in memory order. */
    public void set(long index, float value) {
        segment.setAtIndex(ValueLayout.JAVA_FLOAT, index, value);
    }

    /** Copies an array of exactly this many elements in. */
    public Tensor copyFrom(float[] values) {
        requireLength(values.length);
        MemorySegment.copy(values, 0, segment, ValueLayout.JAVA_FLOAT, 0, values.length);
        return this;
    }

    /** Copies the elements into an array of exactly this many elements. */
    public void copyTo(float[] values) {
        requireLength(values.length);
        MemorySegment.copy(segment, ValueLayout.JAVA_FLOAT, 0, values, 0, values.length);
    }

    /** The elements in memory order, as a fresh array. */
    public float[] toArray() {
        return segment.toArray(ValueLayout.JAVA_FLOAT);
    }

    private void requireLength(int length) {
        if (length != shape.elements()) {
            throw new IllegalArgumentException("array of " + length + " floats for a tensor " + shape);
        }
    }
}
