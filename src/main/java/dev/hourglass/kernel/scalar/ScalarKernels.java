package dev.hourglass.kernel.scalar;

import dev.hourglass.kernel.Kernels;

/** The scalar twins together. */
public final class ScalarKernels {

    private ScalarKernels() {}

    /** The kernels, with the reason for their choice. */
    public static Kernels create(String reason) {
        return new Kernels(
                0,
                reason,
                new ScalarConv2d(),
                new ScalarAttention(),
                new ScalarElementwise(),
                new ScalarActivation(),
                new ScalarGroupNorm(),
                new ScalarLayerNorm(),
                new ScalarPool(),
                new ScalarResample(),
                new ScalarChannels(),
                new ScalarTimestepEncoding(),
                new ScalarLoss(),
                new ScalarOptimizer(),
                new ScalarRandomNormal(),
                new ScalarDropout(),
                new ScalarMultiplyAddChains());
    }
}
