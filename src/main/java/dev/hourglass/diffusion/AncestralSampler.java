package dev.hourglass.diffusion;

import dev.hourglass.kernel.Elementwise;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.kernel.RandomNormal;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Ancestral sampling of DDPM (arXiv 2006.11239, algorithm 2) with the predicted clean image clipped to [-1, 1] and the posterior's own
 * variance ("fixed small"). The images live in the denoiser's {@link Denoiser#sample}.
 */
public final class AncestralSampler implements DenoisingLoop {

    private final NoiseSchedule schedule;
    private final Denoiser denoiser;
    private final Elementwise elementwise;
    private final RandomNormal random;
    private final long seed;
    private final int batch;
    private final long imageElements;
    private final long elements;
    private final Slab slab;
    private final Tensor clean;
    private final Tensor noise;

    /** Opens scratch memory for the denoiser's batch; who opens a sampler closes it. */
    public AncestralSampler(NoiseSchedule schedule, Denoiser denoiser, Kernels kernels, long seed) {
        this.schedule = schedule;
        this.denoiser = denoiser;
        this.elementwise = kernels.elementwise();
        this.random = kernels.randomNormal();
        this.seed = seed;
        Shape shape = denoiser.sample().shape();
        batch = shape.dim(0);
        elements = shape.elements();
        imageElements = elements / batch;
        long bytes = Slab.aligned(shape.floatBytes());
        slab = Slab.open("sampler", 2 * bytes);
        clean = slab.tensor(0, shape);
        noise = slab.tensor(bytes, shape);
    }

    @Override
    public int steps() {
        return schedule.steps();
    }

    @Override
    public Tensor images() {
        return denoiser.sample();
    }

    /** Fills the batch with pure noise, for images {@code firstImage} and following. */
    @Override
    public void start(long firstImage) {
        drawNoise(denoiser.sample(), firstImage, schedule.steps());
    }

    /**
     * Takes the batch from timestep {@code t} to {@code t - 1}.
     *
     * @param firstImage the number of the batch's first image
     * @param t from {@code steps - 1} down to 0: as many steps are left after this one
     */
    @Override
    public void step(long firstImage, int t) {
        elementwise.fill(denoiser.timesteps().segment(), t, 0, batch);
        denoiser.predict();
        predictClean(t);
        MemorySegment x = denoiser.sample().segment();
        MemorySegment x0 = clean.segment();
        elementwise.blend(
                (float) schedule.posteriorCleanFactor(t),
                x0,
                (float) schedule.posteriorNoisyFactor(t),
                x,
                x,
                0,
                elements);
        if (t > 0) {
            drawNoise(noise, firstImage, t);
            float sigma = (float) Math.sqrt(schedule.posteriorVariance(t));
            elementwise.blend(1f, x, sigma, noise.segment(), x, 0, elements);
        }
    }

    /** Clipped to [-1, 1]. */
    @Override
    public Tensor estimate() {
        return clean;
    }

    /** {@code x_0 = (x_t - sqrt(1 - alphaBar) eps) / sqrt(alphaBar)}, clipped. */
    private void predictClean(int t) {
        double alphaBar = schedule.alphaBar(t);
        elementwise.blend(
                (float) (1 / Math.sqrt(alphaBar)),
                denoiser.sample().segment(),
                (float) -Math.sqrt((1 - alphaBar) / alphaBar),
                denoiser.prediction().segment(),
                clean.segment(),
                0,
                elements);
        elementwise.clamp(clean.segment(), -1f, 1f, clean.segment(), 0, elements);
    }

    private void drawNoise(Tensor target, long firstImage, int t) {
        for (int n = 0; n < batch; n++) {
            long stream = Streams.sampling(firstImage + n, t);
            random.fill(target.segment(), n * imageElements, seed, stream, 0, imageElements);
        }
    }

    @Override
    public void close() {
        slab.close();
    }
}
