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
        Activation activation,
        GroupNorm groupNorm,
        LayerNorm layerNorm,
        Pool pool,
        Resample resample,
        Channels channels,
        TimestepEncoding timestepEncoding,
        Loss loss,
        Optimizer optimizer,
        RandomNormal randomNormal,
        Dropout dropout,
        MultiplyAddChains multiplyAddChains) {

    /** The same, as it suits one program best; see {@link Conv2d#suited}. */
    public Kernels suited(int threads, boolean training) {
        return withConv2d(conv2d.suited(threads, training));
    }

    /** The same with another convolution. */
    Kernels withConv2d(Conv2d other) {
        return new Kernels(
                bits,
                reason,
                other,
                attention,
                elementwise,
                activation,
                groupNorm,
                layerNorm,
                pool,
                resample,
                channels,
                timestepEncoding,
                loss,
                optimizer,
                randomNormal,
                dropout,
                multiplyAddChains);
    }
}
