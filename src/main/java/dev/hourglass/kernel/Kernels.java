package dev.hourglass.kernel;

/**
 * One implementation of every operation family: either the scalar twins or the vector twins.
 *
 * @param bits the vector width in bits; 0 for the scalar twins
 * @param reason one line for people: what was chosen and why
 */
public record Kernels(
        int bits,
        String reason,
        Conv2d conv2d,
        Attention attention,
        Elementwise elementwise,
        GroupNorm groupNorm,
        Pool pool,
        Resample resample,
        Channels channels,
        TimestepEncoding timestepEncoding,
        Loss loss,
        Optimizer optimizer,
        RandomNormal randomNormal,
        MultiplyAddChains multiplyAddChains) {

    /** The same, with work cut into items for so many threads; the results do not depend on it. */
    public Kernels forThreads(int threads) {
        return withConv2d(conv2d.forThreads(threads));
    }

    /** The same with another convolution. */
    Kernels withConv2d(Conv2d other) {
        return new Kernels(
                bits,
                reason,
                other,
                attention,
                elementwise,
                groupNorm,
                pool,
                resample,
                channels,
                timestepEncoding,
                loss,
                optimizer,
                randomNormal,
                multiplyAddChains);
    }
}
