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
        Elementwise elementwise,
        GroupNorm groupNorm,
        Pool pool,
        Resample resample,
        Channels channels,
        TimestepEncoding timestepEncoding,
        Loss loss,
        Optimizer optimizer,
        RandomNormal randomNormal,
        MultiplyAddChains multiplyAddChains) {}
