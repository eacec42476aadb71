package dev.hourglass.diffusion.scheduler;

import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Tensor;

/**
 * The way from noise to an image for a number of steps: which timesteps a model is asked about, and what its answers make of the
 * image. The numbers are those of diffusers' scheduler of the same name.
 *
 * <pre>{@code
 * for (int step = 0; step < scheduler.steps(); step++) {
 *     scheduler.scaleModelInput(sample, step, input);
 *     model(input, scheduler.timestep(step)) -> output
 *     scheduler.step(output, sample, scheduler.needsNoise(step) ? noise : null, step);
 * }
 * }</pre>
 *
 * <p>Images are {@code [N, H, W, C]}. A step allocates nothing; who opens a scheduler closes it. For one thread at a time.
 */
public sealed interface Scheduler extends AutoCloseable permits AbstractScheduler {

    /** How often the model is asked; not always the number of steps that the scheduler was opened for. */
    int steps();

    /** The timestep that the model is told in a step; some schedulers have fractions, see {@link #timesteps}. */
    double timestep(int step);

    /** All timesteps in order, as a fresh array: whole numbers, or numbers of float32 for schedulers with fractions. */
    double[] timesteps();

    /** The noise levels of the steps and the last one, as a fresh array; empty for schedulers that do not have any. */
    double[] sigmas();

    /** The standard deviation of the noise to begin with. */
    double initNoiseSigma();

    /** The shape of a model's output: that of the images, or with twice the channels where the variance is learned. */
    Shape outputShape();

    /**
     * The clean image's share in a sample before a step: {@code sample = cleanShare clean + noiseShare noise}.
     *
     * @param step from 0, or {@link #steps} for a finished image
     */
    double cleanShare(int step);

    /** The noise's share in a sample before a step, or in a finished image. */
    double noiseShare(int step);

    /**
     * The step to begin with in order to leave out some of those that the scheduler was opened for, as {@code get_timesteps} of
     * diffusers' pipelines has it.
     *
     * @param skipped how many to leave out, not all
     */
    int beginAfter(int skipped);

    /**
     * Begins at a later step than the first, with nothing remembered, as {@code set_begin_index} of diffusers: that step comes next.
     *
     * @param step one that {@link #beginAfter} gives
     * @throws IllegalArgumentException when a step goes on with what the one before it has begun
     */
    void begin(int step);

    /** Whether a step goes on with more than its sample: with what those before it left. */
    boolean remembers();

    /** Writes what the model gets to see: {@code input = scale(step) * sample}. */
    void scaleModelInput(Tensor sample, int step, Tensor input);

    /** Whether a step wants a tensor of standard normal noise. */
    boolean needsNoise(int step);

    /**
     * Takes the images from one noise level to the next. Steps come in order; step 0 begins anew.
     *
     * @param output what the model made of the scaled sample, of {@link #outputShape}; kept as it is
     * @param sample the images, replaced by those of the next noise level
     * @param noise standard normal noise of the images' shape, or null where {@link #needsNoise} says no
     * @param step from 0 to {@code steps() - 1}
     * @throws IllegalArgumentException when a shape is wrong, noise is missing, or a step is left out
     */
    void step(Tensor output, Tensor sample, Tensor noise, int step);

    /**
     * Writes the clean images that a model's output stands for, as they are: nothing is clipped.
     *
     * @param output what the model made of {@code input}, of {@link #outputShape}
     * @param input what the model saw, see {@link #scaleModelInput}
     * @param step the step in which it did
     * @param clean receives them, {@code [N, H, W, C]}
     */
    void estimate(Tensor output, Tensor input, int step, Tensor clean);

    /** Gives the scratch memory back. */
    @Override
    void close();
}
