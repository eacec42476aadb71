package dev.hourglass.io;

/** The order of the axes of a batch of images in memory. */
public enum ImageLayout {
    /** {@code [N, C, H, W]}: PyTorch's order, that of the public face and of files. */
    NCHW,
    /** {@code [N, H, W, C]}: the engine's order. */
    NHWC
}
