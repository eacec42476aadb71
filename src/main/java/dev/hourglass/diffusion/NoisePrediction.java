package dev.hourglass.diffusion;

import dev.hourglass.kernel.Kernels;
import dev.hourglass.kernel.Philox;
import dev.hourglass.memory.Tensor;
import dev.hourglass.parallel.Workers;

/**
 * The training objective of DDPM (arXiv 2006.11239, equation 14): draw a timestep and noise for each image, mix them, and ask for the
 * noise back. Preparing a batch allocates nothing.
 */
public final class NoisePrediction {

    private final NoiseSchedule schedule;
    private final Kernels kernels;
    private final Workers workers;
    private final Tensor clean;
    private final Tensor timesteps;
    private final Tensor noise;
    private final Tensor noisy;
    private final int batch;
    private final long imageElements;
    private final Workers.Task corrupt = this::corrupt;
    private long seed;
    private long step;

    /**
     * Binds the objective to its tensors.
     *
     * @param clean images {@code [N, H, W, C]} in [-1, 1], read
     * @param timesteps {@code [N]}, written
     * @param noise the target {@code [N, H, W, C]}, written
     * @param noisy the model's input {@code [N, H, W, C]}, written
     */
    public NoisePrediction(
            NoiseSchedule schedule,
            Kernels kernels,
            Workers workers,
            Tensor clean,
            Tensor timesteps,
            Tensor noise,
            Tensor noisy) {
        this.schedule = schedule;
        this.kernels = kernels;
        this.workers = workers;
        this.clean = clean;
        this.timesteps = timesteps;
        this.noise = noise;
        this.noisy = noisy;
        batch = clean.shape().dim(0);
        imageElements = clean.shape().elements() / batch;
    }

    /** Prepares the batch of training step {@code step}: {@code t} uniform, noise normal, both functions of seed, step and slot. */
    public void prepare(long seed, long step) {
        this.seed = seed;
        this.step = step;
        workers.run(corrupt, batch);
    }

    private void corrupt(int slot, int worker) {
        int t = Philox.below(seed, Streams.trainingTimesteps(step), slot, schedule.steps());
        timesteps.set(slot, t);
        long from = slot * imageElements;
        kernels.randomNormal().fill(noise.segment(), from, seed, Streams.trainingNoise(step), from, imageElements);
        qSample(t, from, from + imageElements);
    }

    /** {@code x_t = sqrt(alphaBar_t) x_0 + sqrt(1 - alphaBar_t) noise} on a range of elements. */
    private void qSample(int t, long from, long to) {
        double alphaBar = schedule.alphaBar(t);
        kernels.elementwise()
                .blend(
                        (float) Math.sqrt(alphaBar),
                        clean.segment(),
                        (float) Math.sqrt(1 - alphaBar),
                        noise.segment(),
                        noisy.segment(),
                        from,
                        to);
    }
}
