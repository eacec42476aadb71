package dev.hourglass.unet;

import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ModelConfig;

/**
 * How latents of diffusion, of about unit variance, belong to an autoencoder's: {@code latent / factor + shift}, as diffusers'
 * pipelines have it.
 *
 * @param factor {@code scaling_factor}
 * @param shift {@code shift_factor}
 */
public record LatentScale(double factor, double shift) {

    /**
     * Reads the scale.
     *
     * @throws HourglassException naming the key when a value is wrong or not supported
     */
    public static LatentScale fromConfig(ModelConfig config) {
        for (String key : new String[] {"latents_mean", "latents_std"}) {
            if (config.has(key)) {
                throw config.invalid(key, "null: a scale for each channel is not supported");
            }
        }
        double factor = config.number("scaling_factor", 0.18215);
        if (factor == 0) {
            throw config.invalid("scaling_factor", "a number that is not 0");
        }
        return new LatentScale(factor, config.number("shift_factor", 0));
    }

    /** An autoencoder's latent as diffusion has it. */
    public float ofDiffusion(double latent) {
        return (float) ((latent - shift) * factor);
    }

    /** A latent as the autoencoder has it. */
    public float ofVae(float latent) {
        return (float) (latent / factor + shift);
    }
}
