package dev.hourglass.kernel.vector;

import dev.hourglass.kernel.Kernels;
import dev.hourglass.kernel.scalar.ScalarTimestepEncoding;

/**
 * The vector twins together. Timestep encodings have no vector twin: they are a few thousand sines of large arguments, taken in
 * double, against millions of multiplications in the smallest network.
 */
public final class VectorKernels {

    private VectorKernels() {}

    /** The kernels at the width of {@link Width}. */
    public static Kernels create() {
        int bits = Memory.S.vectorBitSize();
        return new Kernels(
                bits,
                "vector kernels of " + bits + " bits",
                VectorConv2d.fastest(),
                new VectorAttention(),
                new VectorElementwise(),
                new VectorActivation(),
                new VectorGroupNorm(),
                new VectorLayerNorm(),
                new VectorPool(),
                new VectorResample(),
                new VectorChannels(),
                new ScalarTimestepEncoding(),
                new VectorLoss(),
                new VectorOptimizer(),
                new VectorRandomNormal(),
                new VectorDropout(),
                new VectorMultiplyAddChains());
    }
}
