package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/**
 * Named tensors to be read one at a time, whether they lie in one file or in several. All that files claim about them has
 * been checked before one of these exists; the elements are read only when asked for.
 */
public sealed interface Tensors extends AutoCloseable permits Safetensors, ShardedTensors, RenamedTensors {

    /** The file that lists the tensors: the one they lie in, or the index of several. */
    Path file();

    /**
     * The file that a tensor lies in.
     *
     * @throws HourglassException when there is no tensor of this name
     */
    Path file(String name);

    /** All tensors; a tensor's place counts from the beginning of the data in its own file. */
    List<TensorEntry> entries();

    /** Whether there is a tensor of this name. */
    boolean contains(String name);

    /**
     * Type and shape of one tensor.
     *
     * @throws HourglassException when there is none of this name
     */
    TensorEntry entry(String name);

    /**
     * Copies a run of a tensor's elements, in the file's order. Float16 and bfloat16 become the float32 of the same value; what
     * is stored wider is rounded (integers above 2^24 lose their last digits).
     *
     * @param first the first element of the run
     * @param target native memory, or a float array's segment; its size, a multiple of 4 bytes, is the run's length
     * @throws HourglassException when there is no such tensor, it ends before the run does, this has been closed, or the file has
     *     changed since it was opened
     */
    void copyFloats(String name, long first, MemorySegment target);

    /**
     * Copies the elements of a tensor into memory of exactly {@code elements * 4} bytes, converted as in a run.
     *
     * @param target native memory, or a float array's segment
     * @throws HourglassException as for a run, and when the target has another size
     */
    default void copyFloats(String name, MemorySegment target) {
        TensorEntry entry = entry(name);
        if (target.byteSize() != entry.elements() * Float.BYTES) {
            throw HourglassException.what("the tensor does not fit its place in memory")
                    .where(file(name) + ": tensor " + entry)
                    .expected(target.byteSize() / Float.BYTES + " elements")
                    .found(entry.elements())
                    .mend("check that the file belongs to this model")
                    .build();
        }
        copyFloats(name, 0, target);
    }

    /**
     * The elements of a tensor as a fresh array, converted as by {@link #copyFloats}.
     *
     * @throws HourglassException when there is no such tensor, it is too long for an array, or this has been closed
     */
    default float[] floats(String name) {
        TensorEntry entry = entry(name);
        if (entry.elements() > Integer.MAX_VALUE - 8) {
            throw HourglassException.what("the tensor is too long for a Java array")
                    .where(file(name) + ": tensor " + Problems.quote(name))
                    .expected("at most " + (Integer.MAX_VALUE - 8) + " elements")
                    .found(entry.elements())
                    .mend("copy it into off-heap memory with copyFloats")
                    .build();
        }
        float[] values = new float[(int) entry.elements()];
        copyFloats(name, MemorySegment.ofArray(values));
        return values;
    }

    /** Closes the files; nothing can be read from them any more. Closing twice is harmless. */
    @Override
    void close();
}
