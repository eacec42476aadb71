package dev.hourglass.io;

import dev.hourglass.memory.DType;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;

/**
 * A named float32 tensor on its way into a file.
 *
 * @param name its name in the file
 * @param shape its axis lengths there; {@code []} for a scalar
 * @param data asked once, when its turn to be written has come, for {@code shape.elements()} floats in the machine's
 *     byte order, native or on the heap: a tensor that has to be reordered first needs memory only for that moment
 */
public record TensorData(String name, Shape shape, Supplier<MemorySegment> data) {

    /** A tensor whose floats are in memory already. */
    public static TensorData of(String name, Shape shape, MemorySegment floats) {
        return new TensorData(name, shape, () -> floats);
    }

    /** A tensor whose floats are in an array. */
    public static TensorData of(String name, Shape shape, float... floats) {
        return of(name, shape, MemorySegment.ofArray(floats));
    }

    /** A float32 tensor. */
    public static TensorData of(String name, Tensor tensor) {
        if (tensor.dtype() != DType.F32) {
            throw new IllegalArgumentException(name + ": only float32 tensors are written, not " + tensor.dtype());
        }
        return of(name, tensor.shape(), tensor.segment());
    }
}
