package dev.hourglass.diffusion;

import dev.hourglass.memory.Tensor;

/** Something that predicts the noise in a batch of images; its tensors stay the same from run to run. */
public interface Denoiser {

    /** Noisy images {@code [N, H, W, C]}, to be filled; kept as they are by {@link #predict}. */
    Tensor sample();

    /** Timesteps {@code [N]}, to be filled. */
    Tensor timesteps();

    /** Computes the {@link #prediction}. */
    void predict();

    /** The predicted noise {@code [N, H, W, C]}. */
    Tensor prediction();
}
