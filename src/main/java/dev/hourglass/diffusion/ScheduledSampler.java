package dev.hourglass.diffusion;

import dev.hourglass.diffusion.scheduler.Scheduler;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.kernel.RandomNormal;
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
    private final Tensor known; // an image to start from, [H, W, C]
    private int firstStep;
    private boolean startsFromKnown;
    private boolean[] repaint; // or null for all pixels
    private final MemorySegment with; // the prediction's second half, or null

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
        known = slab.tensor(2 * bytes + 2 * wholeBytes, Shape.of(shape.dim(1), shape.dim(2), shape.dim(3)));
        MemorySegment sample = denoiser.sample().segment();
        long half = whole.floatBytes();
        with = guided ? denoiser.prediction().segment().asSlice(half, half) : null;
        input = new Tensor(sample.asSlice(0, shape.floatBytes()), shape, images.dtype());
    }

    @Override
    public int steps() {
        return scheduler.steps() - firstStep;
    }

    @Override
    public Tensor images() {
        return images;
    }

    /** Fills the batch, for images {@code firstImage} and following, with pure noise or with the known image and its first noise. */
    @Override
    public void start(long firstImage) {
        scheduler.begin(firstStep);
        drawNoise(firstImage, scheduler.steps());
        if (startsFromKnown) {
            for (int n = 0; n < batch; n++) {
                addNoise(n);
            }
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
     *     exactly its own in the end (arXiv 2201.09865, without going back), and from step 0 the start is pure noise; null for all
     */
    public void from(float[] image, int step, boolean[] repaint) {
        scheduler.begin(step);
        known.copyFrom(image);
        firstStep = step;
        startsFromKnown = repaint == null || step > 0;
        this.repaint = repaint == null ? null : repaint.clone();
    }

    @Override
    public void step(long firstImage, int left) {
        int step = scheduler.steps() - 1 - left;
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
        if (repaint != null) {
            putBack(firstImage, left);
        }
    }

    /** Image {@code n} becomes the known one with its own noise. */
    private void addNoise(int n) {
        long each = elements / batch;
        long bytes = each * Float.BYTES;
        float clean = (float) scheduler.cleanShare(firstStep);
        float noisy = (float) scheduler.noiseShare(firstStep);
        MemorySegment own = noise.segment().asSlice(n * bytes, bytes);
        MemorySegment image = images.segment().asSlice(n * bytes, bytes);
        kernels.elementwise().blend(clean, known.segment(), noisy, own, image, 0, each);
    }

    /** Pixels that are not drawn anew become the known image's, with the noise that they began with. */
    private void putBack(long firstImage, int left) {
        int step = scheduler.steps() - left;
        boolean noisy = left > 0;
        if (noisy) {
            drawNoise(firstImage, scheduler.steps());
        }
        float clean = (float) scheduler.cleanShare(step);
        float share = (float) scheduler.noiseShare(step);
        int channels = images.shape().dim(3);
        long each = elements / batch;
        for (long k = 0; k < elements; k++) {
            long inImage = k % each;
            if (!repaint[(int) (inImage / channels)]) {
                float value = known.get(inImage);
                images.set(k, noisy ? clean * value + share * noise.get(k) : value);
            }
        }
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

    private void drawNoise(long firstImage, int left) {
        RandomNormal random = kernels.randomNormal();
        long each = elements / batch;
        for (int n = 0; n < batch; n++) {
            random.fill(noise.segment(), n * each, seed, Streams.sampling(firstImage + n, left), 0, each);
        }
    }

    @Override
    public void close() {
        slab.close();
    }
}
