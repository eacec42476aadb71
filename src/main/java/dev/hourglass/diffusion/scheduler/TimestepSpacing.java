package dev.hourglass.diffusion.scheduler;

import dev.hourglass.io.ModelConfig;
import java.util.Locale;

/**
 * How a few timesteps are chosen from those of training (arXiv 2305.08891, table 2). Downwards, with NumPy's roundings, for timesteps
 * are compared exactly.
 */
enum TimestepSpacing {
    /** From the last to the first, evenly. */
    LINSPACE,

    /** Multiples of a whole number, from 0, and an offset. */
    LEADING,

    /** From the last one down in even steps. */
    TRAILING;

    /** Reads {@code timestep_spacing}. */
    static TimestepSpacing read(ModelConfig config, TimestepSpacing fallback) {
        String name = config.choice(
                "timestep_spacing", fallback.name().toLowerCase(Locale.ROOT), "linspace", "leading", "trailing");
        return valueOf(name.toUpperCase(Locale.ROOT));
    }

    /** Whole timesteps of {@code train}, {@code steps} of them: DDPM and its kin. */
    double[] whole(int train, int steps, int offset) {
        double[] timesteps = fractional(train, steps, offset);
        if (this == LINSPACE) {
            double[] even = evenly(0, train - 1, steps);
            for (int i = 0; i < steps; i++) {
                timesteps[i] = Math.rint(even[steps - 1 - i]);
            }
        }
        return timesteps;
    }

    /** Timesteps in float32, fractions where they are even: the schedulers on noise levels. */
    double[] fractional(int train, int steps, int offset) {
        return switch (this) {
            case LINSPACE -> {
                double[] even = evenly(0, train - 1, steps);
                double[] timesteps = new double[steps];
                for (int i = 0; i < steps; i++) {
                    timesteps[i] = (float) even[steps - 1 - i];
                }
                yield timesteps;
            }
            case LEADING -> multiples(train / steps, steps, steps, offset);
            case TRAILING -> down(train, train / (double) steps);
        };
    }

    /** Whole timesteps of the multistep solvers, which end before timestep 0: {@code last} is one past the noisiest. */
    double[] solver(int last, int train, int steps, int offset) {
        return switch (this) {
            case LINSPACE -> {
                double[] even = evenly(0, last - 1, steps + 1);
                double[] timesteps = new double[steps];
                for (int i = 0; i < steps; i++) {
                    timesteps[i] = Math.rint(even[steps - i]);
                }
                yield timesteps;
            }
            case LEADING -> multiples(last / (steps + 1), steps + 1, steps, offset);
            case TRAILING -> down(last, train / (double) steps);
        };
    }

    /** The upper {@code steps} of {@code count} multiples, downwards. */
    private static double[] multiples(int ratio, int count, int steps, int offset) {
        double[] timesteps = new double[steps];
        for (int i = 0; i < steps; i++) {
            timesteps[i] = (double) (count - 1 - i) * ratio + offset;
        }
        return timesteps;
    }

    /** NumPy's {@code arange(from, 0, -step)}, rounded, less one. It may be one longer than meant, and end with -1. */
    private static double[] down(int from, double step) {
        int count = (int) Math.ceil((0 - from) / -step);
        double[] timesteps = new double[count];
        double delta = (from - step) - from;
        for (int i = 0; i < count; i++) {
            timesteps[i] = Math.rint(i == 1 ? from - step : from + i * delta) - 1;
        }
        return timesteps;
    }

    /** NumPy's {@code linspace(start, stop, count)}. */
    static double[] evenly(double start, double stop, int count) {
        double[] values = new double[count];
        double step = (stop - start) / (count - 1);
        for (int i = 0; i < count; i++) {
            values[i] = i == 0 ? start : i * step + start;
        }
        if (count > 1) {
            values[count - 1] = stop;
        }
        return values;
    }
}
