package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import dev.hourglass.memory.Shape;
import java.util.Arrays;
import java.util.Objects;

/**
 * What a safetensors header says about one tensor. The header's claims have been checked against the file before one of
 * these exists.
 *
 * @param name the tensor's name
 * @param type how its elements are stored
 * @param dims the axis lengths, outermost first; empty for a scalar; a length may be 0
 * @param begin the first byte, counted from the end of the header
 * @param end one past the last byte
 */
public record TensorEntry(String name, StoredType type, long[] dims, long begin, long end) {

    /** Keeps its own copy of the axis lengths. */
    public TensorEntry {
        dims = dims.clone();
    }

    @Override
    public long[] dims() {
        return dims.clone();
    }

    /** The number of elements: 1 for a scalar, 0 where an axis has length 0. */
    public long elements() {
        return bytes() / type.bytes();
    }

    /** The bytes it takes in the file. */
    public long bytes() {
        return end - begin;
    }

    /**
     * The axis lengths as a {@link Shape}, {@code []} for a scalar.
     *
     * @throws HourglassException when an axis is empty or longer than an int, which a file may hold and a model may not
     */
    public Shape shape() {
        for (long dim : dims) {
            if (dim < 1 || dim > Integer.MAX_VALUE) {
                throw HourglassException.what("a tensor of this shape cannot be used")
                        .where("tensor " + Problems.quote(name))
                        .expected("axes of length 1 to " + Integer.MAX_VALUE)
                        .found(Arrays.toString(dims))
                        .mend("export the model again without empty tensors")
                        .build();
            }
        }
        return Shape.of(Arrays.stream(dims).mapToInt(Math::toIntExact).toArray());
    }

    /** The same elements under another name and with other axes. */
    TensorEntry as(String otherName, long[] otherDims) {
        return new TensorEntry(otherName, type, otherDims, begin, end);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TensorEntry entry
                && name.equals(entry.name)
                && type == entry.type
                && Arrays.equals(dims, entry.dims)
                && begin == entry.begin
                && end == entry.end;
    }

    @Override
    public int hashCode() {
        return Objects.hash(name, type, Arrays.hashCode(dims), begin, end);
    }

    /** As in {@code "conv.weight" F32 [8, 1, 3, 3]}. */
    @Override
    public String toString() {
        return Problems.quote(name) + " " + type + " " + Arrays.toString(dims);
    }
}
