package dev.hourglass;

import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.Program;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import dev.hourglass.unet.LatentScale;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Pictures of latents as {@link ScheduledDrawing} draws them: {@code [N, H, W, C]}, and scaled as diffusion has them. */
public final class LatentDrawing {

    private LatentDrawing() {}

    /**
     * The shape of the pictures of latents.
     *
     * @param latents {@code [N, h, w, C]}
     * @throws HourglassException when the autoencoder's latents are others, or it scales them in a way that is not supported
     */
    public static Shape shape(Vae vae, Shape latents) {
        vae.latentScale();
        int channels = vae.architecture().latentChannels();
        if (latents.dim(3) != channels) {
            throw HourglassException.what("the model's latents are not those of the autoencoder")
                    .where("the pipeline's vae")
                    .expected(channels + " channels")
                    .found(latents.dim(3))
                    .mend("check that unet and vae are of one pipeline")
                    .build();
        }
        int scale = vae.architecture().scale();
        return Shape.of(
                latents.dim(0),
                scale * latents.dim(1),
                scale * latents.dim(2),
                vae.architecture().outChannels());
    }

    /**
     * Decodes one image after the other, so that their number does not cost memory.
     *
     * @param latents {@code [N, h, w, C]}
     * @param exact see {@link Arithmetic#exact}
     * @return {@code [N, H, W, C]}
     * @throws HourglassException as {@link #shape}
     */
    public static float[] pictures(Vae vae, float[] latents, Shape shape, int threads, boolean exact) {
        Shape all = shape(vae, shape);
        LatentScale scale = vae.latentScale();
        int each = latents.length / shape.dim(0);
        int drawn = Math.toIntExact(all.elements() / shape.dim(0));
        float[] pictures = new float[Math.multiplyExact(shape.dim(0), drawn)];
        Shape one = Shape.of(1, shape.dim(1), shape.dim(2), shape.dim(3));
        try (Workers workers = new Workers(threads);
                Program decoder = vae.decoder(one, workers, exact)) {
            MemorySegment input = decoder.input(Vae.LATENTS).segment();
            MemorySegment output = decoder.output(Vae.OUTPUT).segment();
            for (int n = 0; n < shape.dim(0); n++) {
                for (int k = 0; k < each; k++) {
                    input.setAtIndex(ValueLayout.JAVA_FLOAT, k, scale.ofVae(latents[n * each + k]));
                }
                decoder.forward();
                MemorySegment.copy(output, ValueLayout.JAVA_FLOAT, 0, pictures, n * drawn, drawn);
            }
        }
        return pictures;
    }
}
