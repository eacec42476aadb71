package dev.hourglass.diffusion.scheduler;

import dev.hourglass.io.ModelConfig;
import java.util.Arrays;
import java.util.Locale;

/**
 * What a model's output stands for in {@code sample = alpha clean + sigma noise}. Both the clean image and the noise are sums of the
 * sample and the output, with the factors given here.
 */
enum Prediction {
    /** The noise (DDPM, arXiv 2006.11239). */
    EPSILON,

    /** The clean image. */
    SAMPLE,

    /** {@code alpha noise - sigma clean} (Progressive Distillation, arXiv 2202.00512). */
    V_PREDICTION,

    /** {@code noise - clean}, where {@code alpha = 1 - sigma} (flow matching, arXiv 2210.02747). */
    FLOW_PREDICTION;

    private static final String KEY = "prediction_type";

    /** Reads {@code prediction_type}, which has to be one of those given. */
    static Prediction read(ModelConfig config, Prediction... supported) {
        String[] names = Arrays.stream(supported).map(Prediction::key).toArray(String[]::new);
        return valueOf(config.choice(KEY, EPSILON.key(), names).toUpperCase(Locale.ROOT));
    }

    /** Reads the kinds that most schedulers take. */
    static Prediction readUsual(ModelConfig config) {
        return read(config, EPSILON, SAMPLE, V_PREDICTION);
    }

    /** Reads any kind. */
    static Prediction readAny(ModelConfig config) {
        return read(config, values());
    }

    private String key() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The sample's share in the clean image. */
    double cleanFromSample(double alpha, double sigma) {
        return switch (this) {
            case EPSILON -> 1 / alpha;
            case SAMPLE -> 0;
            case V_PREDICTION -> alpha;
            case FLOW_PREDICTION -> 1;
        };
    }

    /** The output's share in the clean image. */
    double cleanFromOutput(double alpha, double sigma) {
        return switch (this) {
            case EPSILON -> -sigma / alpha;
            case SAMPLE -> 1;
            case V_PREDICTION, FLOW_PREDICTION -> -sigma;
        };
    }

    /** The sample's share in the noise. */
    double noiseFromSample(double alpha, double sigma) {
        return switch (this) {
            case EPSILON -> 0;
            case SAMPLE -> 1 / sigma;
            case V_PREDICTION -> sigma;
            case FLOW_PREDICTION -> 1;
        };
    }

    /** The output's share in the noise. */
    double noiseFromOutput(double alpha, double sigma) {
        return switch (this) {
            case EPSILON -> 1;
            case SAMPLE -> -alpha / sigma;
            case V_PREDICTION, FLOW_PREDICTION -> alpha;
        };
    }
}
