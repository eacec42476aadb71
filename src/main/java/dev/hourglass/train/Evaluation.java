package dev.hourglass.train;

import dev.hourglass.diffusion.Denoiser;
import dev.hourglass.diffusion.NoiseSchedule;
import dev.hourglass.diffusion.Streams;
import dev.hourglass.io.ImageBytes;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.kernel.Philox;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * The error of noise prediction on a test set: the mean squared difference between noise and prediction, one uniform timestep for each
 * image. Timesteps and noise are functions of seed and image, so two models meet the same questions, whatever the batch.
 *
 * @param error over all images
 * @param quarters over the images whose timestep fell into each quarter, the least noisy first; NaN where there were none
 * @param images how many images
 */
public record Evaluation(double error, List<Double> quarters, int images) {

    private static final int QUARTERS = 4;

    /**
     * Measures a model.
     *
     * @param denoiser the model, compiled for the images' size and any batch
     * @param count how many images to take, from the first; at most all
     * @param done told after each batch how many images are done
     */
    public static Evaluation measure(
            Denoiser denoiser,
            NoiseSchedule schedule,
            ImageBytes images,
            int count,
            long seed,
            Kernels kernels,
            IntConsumer done) {
        return measure(denoiser, schedule, images, Conditions.Feed.NOTHING, count, seed, kernels, done);
    }

    /**
     * The same for models that are told more than images.
     *
     * @param feed fills the model's other inputs with what belongs to an image
     */
    public static Evaluation measure(
            Denoiser denoiser,
            NoiseSchedule schedule,
            ImageBytes images,
            Conditions.Feed feed,
            int count,
            long seed,
            Kernels kernels,
            IntConsumer done) {
        double[] sums = new double[QUARTERS];
        int[] counts = new int[QUARTERS];
        int batch = denoiser.sample().shape().dim(0);
        try (Slab slab = Slab.open("evaluation noise", denoiser.sample().shape().floatBytes())) {
            Tensor noise = slab.tensor(0, denoiser.sample().shape());
            for (int first = 0; first < count; first += batch) {
                int present = Math.min(batch, count - first);
                for (int slot = 0; slot < present; slot++) {
                    corrupt(denoiser, schedule, images, first + slot, slot, noise, seed, kernels);
                    feed.feed(slot, first + slot);
                }
                denoiser.predict();
                for (int slot = 0; slot < present; slot++) {
                    int quarter = (int) (denoiser.timesteps().get(slot) * QUARTERS / schedule.steps());
                    sums[quarter] += error(denoiser, noise, slot, images.imageBytes(), kernels);
                    counts[quarter]++;
                }
                done.accept(first + present);
            }
        }
        double[] means = new double[QUARTERS];
        Arrays.setAll(means, q -> sums[q] / counts[q]);
        return new Evaluation(
                Arrays.stream(sums).sum() / count, Arrays.stream(means).boxed().toList(), count);
    }

    private static void corrupt(
            Denoiser denoiser,
            NoiseSchedule schedule,
            ImageBytes images,
            int image,
            int slot,
            Tensor noise,
            long seed,
            Kernels kernels) {
        long elements = images.imageBytes();
        long from = slot * elements;
        Tensor x = denoiser.sample();
        int t = Philox.below(seed, Streams.evaluationTimesteps(), image, schedule.steps());
        denoiser.timesteps().set(slot, t);
        kernels.elementwise()
                .bytesToFloats(images.pixels(), x.segment(), 2f / 255f, -1f, image * elements, from, elements);
        kernels.randomNormal().fill(noise.segment(), from, seed, Streams.evaluationNoise(image), 0, elements);
        float signal = (float) Math.sqrt(schedule.alphaBar(t));
        float deviation = (float) Math.sqrt(1 - schedule.alphaBar(t));
        kernels.elementwise()
                .blend(signal, x.segment(), deviation, noise.segment(), x.segment(), from, from + elements);
    }

    private static double error(Denoiser denoiser, Tensor noise, int slot, long elements, Kernels kernels) {
        long from = slot * elements;
        return kernels.loss().squaredError(denoiser.prediction().segment(), noise.segment(), from, from + elements)
                / elements;
    }
}
