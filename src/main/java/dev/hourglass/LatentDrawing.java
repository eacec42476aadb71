package dev.hourglass;

import dev.hourglass.diffusion.Streams;
import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.Program;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import dev.hourglass.parallel.Workers;
import dev.hourglass.unet.LatentScale;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Between pictures and latents as {@link ScheduledDrawing} draws them: {@code [N, H, W, C]}, and scaled as diffusion has them. */
public final class LatentDrawing {

    /** What diffusers keeps the logarithms of variances between. */
    private static final double LEAST_LOG_VARIANCE = -30;

    private static final double MOST_LOG_VARIANCE = 20;

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
     * The latents of a picture to start from, as diffusers' pipelines have them: one sample of those that it may stand for. A latent is
     * drawn anew where the first of its pixels is.
     *
     * @param shape the pictures, {@code [N, H, W, C]}, as {@link #shape} gives it
     * @param seed decides the sample
     * @param exact see {@link SessionOptions#exact}
     * @throws HourglassException when the picture is of another size, or as {@link #shape}
     */
    public static StartImage start(Vae vae, StartImage picture, Shape shape, long seed, int threads, boolean exact) {
        int scale = vae.architecture().scale();
        Shape one = Shape.of(1, shape.dim(1), shape.dim(2), vae.architecture().inChannels());
        Shape latents = Shape.of(
                1,
                shape.dim(1) / scale,
                shape.dim(2) / scale,
                vae.architecture().latentChannels());
        picture.requireFit(one);
        try (Workers workers = new Workers(threads);
                Program encoder = vae.encoder(one, workers, exact);
                Slab slab = Slab.open("noise of latents", latents.floatBytes())) {
            encoder.input(Vae.PICTURES).copyFrom(picture.pixels());
            encoder.forward();
            Tensor noise = slab.tensor(0, latents);
            Backend.kernels()
                    .randomNormal()
                    .fill(noise.segment(), 0, seed, Streams.startLatents(), 0, latents.elements());
            return picture.with(
                    sample(encoder.output(Vae.OUTPUT), noise, vae.latentScale()),
                    scaledDown(picture.repaint(), scale, latents.dim(1), latents.dim(2)));
        }
    }

    /** Latents from moments, means and then logarithms of variances, and standard normal noise. */
    private static float[] sample(Tensor moments, Tensor noise, LatentScale scale) {
        int channels = noise.shape().dim(3);
        float[] latents = new float[Math.toIntExact(noise.shape().elements())];
        for (int k = 0; k < latents.length; k++) {
            int mean = 2 * (k - k % channels) + k % channels;
            double log = Math.clamp(moments.get(mean + channels), LEAST_LOG_VARIANCE, MOST_LOG_VARIANCE);
            latents[k] = scale.ofDiffusion(moments.get(mean) + Math.exp(log / 2) * noise.get(k));
        }
        return latents;
    }

    private static boolean[] scaledDown(boolean[] mask, int scale, int height, int width) {
        if (mask == null) {
            return null;
        }
        boolean[] small = new boolean[height * width];
        for (int k = 0; k < small.length; k++) {
            small[k] = mask[k / width * scale * width * scale + k % width * scale];
        }
        return small;
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
