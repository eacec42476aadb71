package dev.hourglass.diffusion.scheduler;

import dev.hourglass.io.ModelConfig;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;

/**
 * The share of an image's variance that is left at each timestep of training, {@code alphaBar_t = prod (1 - beta_s)}. Kept in float32
 * with diffusers' roundings, in the order in which it makes them: close to the clean image {@code 1 - alphaBar} is so small that the
 * rounding of {@code alphaBar} is a thousandth of it, and the samples show that. All that is computed from the table is in double.
 */
final class AlphaBars {

    /** What a beta is at most where it follows from a curve of alphaBar. */
    private static final double MOST_BETA = 0.999;

    /** Stands for zero in schedulers that divide by alphaBar. */
    private static final float ALMOST_ZERO = 0x1p-24f;

    private final float[] values;

    private AlphaBars(float[] values) {
        this.values = values;
    }

    /**
     * What a class has for betas when its configuration does not say.
     *
     * @param more kinds of {@code beta_schedule} besides those that all classes have
     */
    record Defaults(double start, double end, String schedule, String... more) {

        /** DDPM's, and those of most classes. */
        static final Defaults DDPM = new Defaults(1e-4, 0.02, "linear");
    }

    /** The product of the betas as they stand in a configuration. */
    static AlphaBars read(Setup setup, Defaults defaults) {
        return new AlphaBars(product(betas(setup, defaults)));
    }

    /** The same where the configuration may ask for zero terminal SNR (arXiv 2305.08891). */
    static AlphaBars readRescaled(Setup setup, Defaults defaults) {
        float[] betas = betas(setup, defaults);
        return new AlphaBars(product(rescaled(setup) ? withZeroTerminalSnr(betas) : betas));
    }

    /** The same for schedulers that divide by the last alphaBar: zero becomes 2^-24. */
    static AlphaBars readDivisible(Setup setup, Defaults defaults) {
        AlphaBars bars = readRescaled(setup, defaults);
        if (rescaled(setup)) {
            bars.values[bars.values.length - 1] = ALMOST_ZERO;
        }
        return bars;
    }

    private static boolean rescaled(Setup setup) {
        return setup.config().bool("rescale_betas_zero_snr", false);
    }

    private static float[] betas(Setup setup, Defaults defaults) {
        ModelConfig config = setup.config();
        int steps = setup.trainTimesteps();
        if (config.has("trained_betas")) {
            return trained(config);
        }
        double start = beta(config, "beta_start", defaults.start());
        double end = beta(config, "beta_end", defaults.end());
        String[] supported = Stream.concat(
                        Stream.of("linear", "scaled_linear", "squaredcos_cap_v2"), Stream.of(defaults.more()))
                .toArray(String[]::new);
        return switch (config.choice("beta_schedule", defaults.schedule(), supported)) {
            case "linear" -> evenly(start, end, steps);
            case "scaled_linear" -> squares(evenly(Math.sqrt(start), Math.sqrt(end), steps));
            case "sigmoid" -> sigmoid((float) start, (float) (end - start), evenly(-6, 6, steps));
            case "laplace" -> fromCurve(AlphaBars::laplace, steps);
            case "exp" -> fromCurve(t -> Math.exp(-12 * t), steps);
            default -> fromCurve(AlphaBars::cosine, steps);
        };
    }

    private static double beta(ModelConfig config, String key, double fallback) {
        double value = config.number(key, fallback);
        if (value < 0 || value > 1) {
            throw config.invalid(key, "a number from 0 to 1");
        }
        return value;
    }

    private static float[] trained(ModelConfig config) {
        List<Double> given = config.numbers("trained_betas");
        float[] betas = new float[given.size()];
        for (int t = 0; t < betas.length; t++) {
            betas[t] = given.get(t).floatValue();
            if (betas[t] < 0 || betas[t] > 1) {
                throw config.invalid("trained_betas", "numbers from 0 to 1");
            }
        }
        if (betas.length < 1) {
            throw config.invalid("trained_betas", "at least one number");
        }
        return betas;
    }

    /** PyTorch's {@code linspace} in float32: from both ends to the middle, with fused multiply-adds. */
    private static float[] evenly(double first, double last, int steps) {
        float start = (float) first;
        float end = (float) last;
        float[] values = new float[steps];
        values[0] = start;
        float step = steps > 1 ? (end - start) / (steps - 1) : 0;
        for (int t = 1; t < steps; t++) {
            values[t] = t < steps / 2 ? Math.fma(step, t, start) : Math.fma(-step, steps - 1 - t, end);
        }
        return values;
    }

    private static float[] squares(float[] values) {
        for (int t = 0; t < values.length; t++) {
            values[t] *= values[t];
        }
        return values;
    }

    private static float[] sigmoid(float start, float range, float[] values) {
        for (int t = 0; t < values.length; t++) {
            values[t] = (float) (1 / (1 + Math.exp(-values[t]))) * range + start;
        }
        return values;
    }

    private static double cosine(double t) {
        double cosine = Math.cos((t + 0.008) / 1.008 * Math.PI / 2);
        return cosine * cosine;
    }

    private static double laplace(double t) {
        double logSnr = -0.5 * Math.copySign(1, 0.5 - t) * Math.log(1 - 2 * Math.abs(0.5 - t) + 1e-6);
        double snr = Math.exp(logSnr);
        return Math.sqrt(snr / (1 + snr));
    }

    private static float[] fromCurve(DoubleUnaryOperator alphaBar, int steps) {
        float[] betas = new float[steps];
        for (int t = 0; t < steps; t++) {
            double left = alphaBar.applyAsDouble((t + 1) / (double) steps) / alphaBar.applyAsDouble(t / (double) steps);
            betas[t] = (float) Math.min(1 - left, MOST_BETA);
        }
        return betas;
    }

    /** Rounds every product, but multiplies on with what was not rounded, as PyTorch's {@code cumprod} does. */
    private static float[] product(float[] betas) {
        float[] bars = new float[betas.length];
        double product = 1;
        for (int t = 0; t < betas.length; t++) {
            product *= 1 - betas[t];
            bars[t] = (float) product;
        }
        return bars;
    }

    /** Algorithm 1 of arXiv 2305.08891: the last timestep becomes pure noise, the first stays as it is. */
    private static float[] withZeroTerminalSnr(float[] betas) {
        float[] roots = product(betas);
        for (int t = 0; t < roots.length; t++) {
            roots[t] = (float) Math.sqrt(roots[t]);
        }
        float first = roots[0];
        float last = roots[roots.length - 1];
        float factor = first / (first - last);
        float[] rescaled = new float[betas.length];
        float before = 1;
        for (int t = 0; t < roots.length; t++) {
            float root = (roots[t] - last) * factor;
            float bar = root * root;
            rescaled[t] = 1 - bar / before;
            before = bar;
        }
        return rescaled;
    }

    /** The number of timesteps. */
    int length() {
        return values.length;
    }

    /** alphaBar of a timestep; -1 is the last one, as in Python (some spacings of diffusers end there). */
    double at(int t) {
        return values[t < 0 ? t + values.length : t];
    }

    /** Throws unless there is an alphaBar for all timesteps. */
    double[] requireAll(ModelConfig config, double[] timesteps) {
        for (double t : timesteps) {
            if (t >= values.length || t < -values.length) {
                String key = config.has("trained_betas") ? "trained_betas" : "steps_offset";
                throw config.invalid(key, "an alpha for every timestep; there is none for " + (long) t);
            }
        }
        return timesteps;
    }

    /** The noise levels {@code sqrt((1 - alphaBar) / alphaBar)} of all timesteps, rounded as diffusers does. */
    float[] sigmas() {
        float[] sigmas = new float[values.length];
        for (int t = 0; t < sigmas.length; t++) {
            sigmas[t] = (float) Math.sqrt((1 - values[t]) / values[t]);
        }
        return sigmas;
    }
}
