package dev.hourglass.diffusion.scheduler;

import dev.hourglass.io.ModelConfig;

/** How noise levels are spread between the most and the least noise. */
enum SigmaSpacing {
    /** As the timesteps are. */
    TIMESTEPS(null),

    /** Evenly in the seventh root (Karras et al., arXiv 2206.00364, equation 5). */
    KARRAS("use_karras_sigmas"),

    /** Evenly in the logarithm. */
    EXPONENTIAL("use_exponential_sigmas"),

    /** By the quantiles of a beta distribution (arXiv 2407.12173). */
    BETA("use_beta_sigmas");

    private static final double RHO = 7;

    private final String key;

    SigmaSpacing(String key) {
        this.key = key;
    }

    /** Reads the three switches, of which one may be on. */
    static SigmaSpacing read(ModelConfig config) {
        SigmaSpacing chosen = TIMESTEPS;
        for (SigmaSpacing spacing : values()) {
            if (spacing.key != null && config.bool(spacing.key, false)) {
                if (chosen != TIMESTEPS) {
                    throw config.invalid(spacing.key, "false, since " + chosen.key + " is true");
                }
                chosen = spacing;
            }
        }
        return chosen;
    }

    /** Noise levels from {@code most} down to {@code least}; the configuration may have other ends. */
    double[] levels(ModelConfig config, double most, double least, int count) {
        double first = end(config, "sigma_max", most);
        double last = end(config, "sigma_min", least);
        return switch (this) {
            case TIMESTEPS -> throw new IllegalStateException("noise levels follow from the timesteps");
            case KARRAS -> karras(first, last, count);
            case EXPONENTIAL -> exponentials(Math.log(first), Math.log(last), count);
            case BETA -> quantiles(first, last, count);
        };
    }

    private static double end(ModelConfig config, String key, double fallback) {
        double value = config.number(key, fallback);
        if (config.has(key) && value <= 0) {
            throw config.invalid(key, "a number above 0");
        }
        return value;
    }

    private static double[] karras(double first, double last, int count) {
        double from = Math.pow(first, 1 / RHO);
        double to = Math.pow(last, 1 / RHO);
        double[] levels = TimestepSpacing.evenly(0, 1, count);
        for (int i = 0; i < count; i++) {
            levels[i] = Math.pow(from + levels[i] * (to - from), RHO);
        }
        return levels;
    }

    private static double[] exponentials(double first, double last, int count) {
        double[] levels = TimestepSpacing.evenly(first, last, count);
        for (int i = 0; i < count; i++) {
            levels[i] = Math.exp(levels[i]);
        }
        return levels;
    }

    private static double[] quantiles(double first, double last, int count) {
        double[] levels = TimestepSpacing.evenly(0, 1, count);
        for (int i = 0; i < count; i++) {
            levels[i] = last + BetaQuantile.of(1 - levels[i]) * (first - last);
        }
        return levels;
    }

    /** Evenly in the logarithm between the table's own ends (arXiv 2211.01095, appendix; "Lu's lambdas"). */
    static double[] lu(SigmaTable table, int count) {
        double from = table.logMost();
        double to = table.logLeast();
        double[] levels = TimestepSpacing.evenly(0, 1, count);
        for (int i = 0; i < count; i++) {
            levels[i] = Math.exp(from + levels[i] * (to - from));
        }
        return levels;
    }

    /** Noise levels in float32, as they are used, and the last one behind them. */
    static double[] rounded(double[] levels, double end) {
        double[] sigmas = new double[levels.length + 1];
        for (int i = 0; i < levels.length; i++) {
            sigmas[i] = (float) levels[i];
        }
        sigmas[levels.length] = (float) end;
        return sigmas;
    }

    /** Timesteps in float32. */
    static double[] rounded(double[] timesteps) {
        double[] floats = new double[timesteps.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) timesteps[i];
        }
        return floats;
    }
}
