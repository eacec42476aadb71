package dev.hourglass.diffusion.scheduler;

import dev.hourglass.io.ModelConfig;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.memory.Shape;

/**
 * What a scheduler is made from.
 *
 * @param config the {@code scheduler_config.json}
 * @param arguments what diffusers passes to every step, such as {@code eta}
 * @param steps the number of steps that were asked for
 * @param shape the images {@code [N, H, W, C]}
 */
record Setup(ModelConfig config, ModelConfig arguments, int steps, Shape shape, Kernels kernels) {

    private static final int MOST_TIMESTEPS = 1_000_000;

    /** The number of timesteps that the model was trained with. */
    int trainTimesteps() {
        return whole("num_train_timesteps", 1000, 1, MOST_TIMESTEPS);
    }

    /** A whole number in a range. */
    int whole(String key, int fallback, int least, int most) {
        int value = config.integer(key, fallback);
        if (value < least || value > most) {
            throw config.invalid(key, "a whole number from " + least + " to " + most);
        }
        return value;
    }

    /** A number above zero. */
    double positive(String key, double fallback) {
        double value = config.number(key, fallback);
        if (value <= 0) {
            throw config.invalid(key, "a number above 0");
        }
        return value;
    }

    /** Throws unless there are at most as many steps as {@code most}. */
    void requireStepsUpTo(int most) {
        if (steps > most) {
            throw Schedulers.wrongSteps(config.className(), "1 to " + most, steps);
        }
    }
}
