package dev.hourglass.cli;

import dev.hourglass.LatentDrawing;
import dev.hourglass.Sampler;
import dev.hourglass.Vae;
import dev.hourglass.diffusion.DenoisingLoop;
import dev.hourglass.io.Images;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Tensor;
import java.nio.file.Path;
import java.util.Arrays;

/** Writes every few steps what the model then takes for the images of the first batch, beside the picture that is to come. */
final class Previews implements Sampler.Watcher {

    private final Path out;
    private final int every;
    private final Vae vae;
    private final int threads;
    private final boolean exact;

    /**
     * Writes nothing yet.
     *
     * @param out the picture to come, {@code samples.png}: step 10 becomes {@code samples-10.png}
     * @param every how many steps go by from one to the next
     * @param vae makes pictures of latents, or null for models of pictures
     */
    Previews(Path out, int every, Vae vae, int threads, boolean exact) {
        this.out = out;
        this.every = every;
        this.vae = vae;
        this.threads = threads;
        this.exact = exact;
    }

    @Override
    public void at(int first, int present, int level, DenoisingLoop loop) {
        int step = loop.steps() - level;
        if (first > 0 || step == 0 || level == 0 || step % every != 0) {
            return;
        }
        Tensor estimate = loop.estimate();
        Shape batch = estimate.shape();
        Shape shape = Shape.of(present, batch.dim(1), batch.dim(2), batch.dim(3));
        float[] images = Arrays.copyOf(estimate.toArray(), Math.toIntExact(shape.elements()));
        if (vae != null) {
            images = LatentDrawing.pictures(vae, images, shape, threads, exact);
            shape = LatentDrawing.shape(vae, shape);
        }
        Images.writePng(file(step, loop.steps()), Pictures.square(images, shape));
    }

    /** Numbers have leading zeros, so that files sort. */
    private Path file(int step, int steps) {
        String name = out.getFileName().toString();
        int dot = name.lastIndexOf('.');
        String stem = dot < 0 ? name : name.substring(0, dot);
        int digits = String.valueOf(steps).length();
        String number = ("%0" + digits + "d").formatted(step);
        return out.resolveSibling(stem + "-" + number + ".png");
    }
}
