package dev.hourglass.diffusion;

import dev.hourglass.diffusion.scheduler.Scheduler;
import dev.hourglass.error.HourglassException;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Sampling with any {@link Scheduler}, with classifier-free guidance (arXiv 2207.12598) where the denoiser's batch is twice the
 * scheduler's: the first half of it is asked without the condition, the second half with.
 */
public final class ScheduledSampler implements DenoisingLoop {

    private final Scheduler scheduler;
    private final Denoiser denoiser;
    private final Kernels kernels;
    private final double guidance;
    private final long seed;
    private final int batch;
    private final long elements;
    private final int outputs; // channels that the scheduler takes
    private final int predicted; // channels that the model makes
    private final boolean guided;
    private final Slab slab;
    private final Tensor images;
    private final Tensor noise;
    private final Tensor input; // the denoiser's first images
    private final Tensor mixed; // of the model's channels
    private final Tensor output; // of the scheduler's channels
    private final Tensor pixels; // of an image to start from, [H, W, C]
    private final MemorySegment with; // the prediction's second half, or null
    private int[] walk; // the steps in the order in which they are taken
    private KnownImage known; // or null to start from pure noise
    private boolean resamples;
    private int last; // the step taken last

    /**
     * Opens scratch memory; who opens a sampler closes it. The scheduler and the denoiser stay the caller's.
     *
     * @param shape the images, {@code [N, H, W, C]}, as the scheduler has them
     * @param guidance how far to go from the prediction without the condition to that with it, where the batch is twice {@code N}
     * @throws IllegalArgumentException when the denoiser's tensors do not suit
     */
    public ScheduledSampler(
            Scheduler scheduler, Denoiser denoiser, Shape shape, double guidance, Kernels kernels, long seed) {
        this.scheduler = scheduler;
        this.denoiser = denoiser;
        this.kernels = kernels;
        this.guidance = guidance;
        this.seed = seed;
        batch = shape.dim(0);
        elements = shape.elements();
        guided = denoiser.sample().shape().dim(0) == 2 * batch;
        predicted = denoiser.prediction().shape().dim(3);
        outputs = scheduler.outputShape().dim(3);
        boolean fits = denoiser.sample().shape().elements() == (guided ? 2 : 1) * elements
                && (predicted == outputs || predicted == 2 * outputs);
        if (!fits) {
            throw new IllegalArgumentException(
                    "a model from " + denoiser.sample().shape() + " to "
                            + denoiser.prediction().shape() + " for images " + shape + " and outputs "
                            + scheduler.outputShape());
        }
        Shape whole = Shape.of(batch, shape.dim(1), shape.dim(2), predicted);
        long bytes = Slab.aligned(shape.floatBytes());
        long wholeBytes = Slab.aligned(whole.floatBytes());
        slab = Slab.open("sampler", 2 * bytes + 2 * wholeBytes + Float.BYTES * elements / batch);
        images = slab.tensor(0, shape);
        noise = slab.tensor(bytes, shape);
        mixed = slab.tensor(2 * bytes, whole);
        output = slab.tensor(2 * bytes + wholeBytes, scheduler.outputShape());
        pixels = slab.tensor(2 * bytes + 2 * wholeBytes, Shape.of(shape.dim(1), shape.dim(2), shape.dim(3)));
        MemorySegment sample = denoiser.sample().segment();
        long half = whole.floatBytes();
        with = guided ? denoiser.prediction().segment().asSlice(half, half) : null;
        input = new Tensor(sample.asSlice(0, shape.floatBytes()), shape, images.dtype());
        walk = Resampling.NONE.walk(0, scheduler.steps());
    }

    @Override
    public int steps() {
        return walk.length;
    }

    @Override
    public Tensor images() {
        return images;
    }

    /** Fills the batch, for images {@code firstImage} and following, with pure noise or with the known image and its first noise. */
    @Override
    public void start(long firstImage) {
        int step = walk[0];
        scheduler.begin(step);
        drawFirstNoise(firstImage);
        if (known != null && (step > 0 || !known.keepsSome())) {
            known.begin(images, scheduler.cleanShare(step), noise, scheduler.noiseShare(step));
            return;
        }
        float sigma = (float) scheduler.initNoiseSigma();
        kernels.elementwise().affine(noise.segment(), sigma, 0, images.segment(), false, 0, elements);
    }

    /**
     * Makes all images start from one that is known, at a step's noise level, and not from pure noise.
     *
     * @param image {@code [H, W, C]}
     * @param step the step that is the first one, see {@link Scheduler#beginAfter}
     * @param repaint which pixels {@code [H, W]} are drawn anew: the others follow the known image through all noise levels, and are
     *     exactly its own in the end, and from step 0 the start is pure noise; null for all
     * @param resampling how often steps are taken
     * @throws HourglassException when the scheduler cannot resample, or the steps do not suit
     */
    public void from(float[] image, int step, boolean[] repaint, Resampling resampling) {
        resamples = resampling.times() > 1;
        if (resamples && scheduler.remembers()) {
            throw HourglassException.what("this scheduler cannot resample: its steps go on from those before them")
                    .where("the scheduler")
                    .expected("ddpm, ddim, euler, euler-ancestral or lcm")
                    .found(scheduler.getClass().getSimpleName())
                    .build();
        }
        scheduler.begin(step);
        walk = resampling.walk(step, scheduler.steps());
        pixels.copyFrom(image);
        known = new KnownImage(pixels, repaint);
    }

    @Override
    public void step(long firstImage, int left) {
        int number = walk.length - 1 - left;
        int step = walk[number];
        last = step;
        if (number > 0 && walk[number - 1] >= step) {
            goBack(firstImage, left, walk[number - 1] + 1, step);
        }
        scheduler.scaleModelInput(images, step, input);
        if (guided) {
            long bytes = elements * Float.BYTES;
            MemorySegment.copy(input.segment(), 0, denoiser.sample().segment(), bytes, bytes);
        }
        float timestep = (float) scheduler.timestep(step);
        kernels.elementwise()
                .fill(
                        denoiser.timesteps().segment(),
                        timestep,
                        0,
                        denoiser.timesteps().shape().elements());
        denoiser.predict();
        boolean noisy = scheduler.needsNoise(step);
        if (noisy) {
            drawNoise(firstImage, left);
        }
        scheduler.step(answer(), images, noisy ? noise : null, step);
        if (known != null && known.keepsSome()) {
            putBack(firstImage, left, step + 1);
        }
    }

    @Override
    public Tensor estimate() {
        scheduler.estimate(answer(), input, last, noise);
        return noise;
    }

    /** Adds the noise that is between two noise levels, and shrinks the image as far as it has to. */
    private void goBack(long firstImage, int left, int from, int to) {
        double ratio = scheduler.cleanShare(to) / scheduler.cleanShare(from);
        double kept = ratio * scheduler.noiseShare(from);
        double wanted = scheduler.noiseShare(to);
        float added = (float) Math.sqrt(wanted * wanted - kept * kept);
        for (int n = 0; n < batch; n++) {
            drawNoise(n, Streams.resampling(firstImage + n, left));
        }
        MemorySegment x = images.segment();
        kernels.elementwise().blend((float) ratio, x, added, noise.segment(), x, 0, elements);
        scheduler.begin(to);
    }

    /** What is kept has the noise that it began with, as in diffusers' pipelines, or that of the step, as in RePaint. */
    private void putBack(long firstImage, int left, int step) {
        if (step == scheduler.steps()) {
            known.putBack(images, 1, noise, 0);
            return;
        }
        if (resamples) {
            drawNoise(firstImage, left);
        } else {
            drawFirstNoise(firstImage);
        }
        known.putBack(images, scheduler.cleanShare(step), noise, scheduler.noiseShare(step));
    }

    /** The model's answer: mixed where there is guidance, without a variance that the scheduler does not want. */
    private Tensor answer() {
        if (!guided && predicted == outputs) {
            return denoiser.prediction();
        }
        MemorySegment whole = denoiser.prediction().segment();
        if (guided) {
            mix(whole);
            whole = mixed.segment();
        }
        long pixels = output.shape().elements() / outputs;
        kernels.channels().copy(whole, predicted, 0, output.segment(), outputs, 0, outputs, false, 0, pixels);
        return output;
    }

    /** {@code without + guidance (with - without)}; a variance is that with the condition. */
    private void mix(MemorySegment both) {
        long count = mixed.shape().elements();
        kernels.elementwise().blend((float) (1 - guidance), both, (float) guidance, with, mixed.segment(), 0, count);
        int channels = images.shape().dim(3);
        if (predicted == 2 * channels) {
            kernels.channels()
                    .copy(
                            with,
                            predicted,
                            channels,
                            mixed.segment(),
                            predicted,
                            channels,
                            channels,
                            false,
                            0,
                            count / predicted);
        }
    }

    /** Of a stream that no step has. */
    private void drawFirstNoise(long firstImage) {
        drawNoise(firstImage, Math.max(scheduler.steps(), walk.length));
    }

    private void drawNoise(long firstImage, int left) {
        for (int n = 0; n < batch; n++) {
            drawNoise(n, Streams.sampling(firstImage + n, left));
        }
    }

    private void drawNoise(int n, long stream) {
        long each = elements / batch;
        kernels.randomNormal().fill(noise.segment(), n * each, seed, stream, 0, each);
    }

    @Override
    public void close() {
        slab.close();
    }
}
