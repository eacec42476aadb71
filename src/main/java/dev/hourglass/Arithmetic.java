package dev.hourglass;

import dev.hourglass.kernel.Backend;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.kernel.WeightFormat;

/**
 * How a session computes. Values and sums are float32 in every case.
 *
 * @param exact whether convolutions only add up products, without Winograd's algorithm: slower, with smaller rounding errors
 * @param weights what the weights of convolutions and linear layers are packed in. In 16 bits they take half of the memory, and
 *     convolutions are sums of products: a session then equals, bit for bit, an exact one on weights that are rounded to the format, to
 *     the nearest, ties to even. Biases, norms and embeddings, which are few, keep their float32; so do the weights of convolutions to a
 *     handful of channels, once they are rounded
 */
public record Arithmetic(boolean exact, WeightFormat weights) {

    /** The fastest algorithms on weights as they are. */
    public static final Arithmetic FASTEST = new Arithmetic(false, WeightFormat.FLOAT32);

    Kernels kernels() {
        return Backend.kernels(exact, weights);
    }
}
