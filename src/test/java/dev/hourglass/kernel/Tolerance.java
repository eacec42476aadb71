package dev.hourglass.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.function.IntToDoubleFunction;

/**
 * How far a float32 result may be from the exact one, named once per operation: so many roundings of the largest value that is rounded
 * on the way.
 */
final class Tolerance {

    /** Half a unit in the last place of 1: the relative error of one rounding. */
    static final double ROUNDING = 0x1p-24;

    /** Results this small have few digits. */
    private static final double TINY = 4 * Float.MIN_VALUE;

    private Tolerance() {}

    /** {@code n} roundings of values up to {@code magnitude}. */
    static double roundings(double n, double magnitude) {
        return n * ROUNDING * magnitude + TINY;
    }

    /**
     * Roundings in a sum of {@code n} floats of any signs that is added up in runs of bounded length in several lanes; measured by the
     * sum of the magnitudes.
     */
    static double sum(long n) {
        return 4 + Math.log(n) / Math.log(2);
    }

    /** The vector exponential is within an ulp or so; below -88 the result is cut to zero. */
    static double silu(double x) {
        return roundings(6, Math.abs(x / (1 + Math.exp(-x)))) + 1e-36;
    }

    static double siluGradient(double x, double dy, double before) {
        double sigmoid = 1 / (1 + Math.exp(-x));
        double terms = sigmoid + Math.abs(x) * sigmoid * (1 - sigmoid);
        return roundings(10, Math.abs(dy) * terms) + roundings(1, before(dy * terms, before)) + 1e-36 * Math.abs(dy);
    }

    /** Activation functions and slopes that are smaller than this are cut. */
    private static final double CUT = 4e-36;

    /** {@code Phi} is good to 3 ulps. */
    static double gelu(double x) {
        return roundings(8, Math.abs(x) * probability(x)) + CUT;
    }

    static double geluGradient(double x, double dy, double before) {
        double terms = probability(x) + Math.abs(x) * density(x);
        return roundings(10, Math.abs(dy) * terms) + roundings(1, before(dy * terms, before)) + CUT * Math.abs(dy);
    }

    /** The exponent's roundings count as often as it is large, where the exponential counts. */
    static double geluTanh(double x) {
        double w = 2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
        double sigmoid = 1 / (1 + Math.exp(-w));
        double within = Math.abs(w) / (1 + Math.exp(w));
        return roundings(6 + 4 * Math.min(within, 100), Math.abs(x) * sigmoid) + CUT;
    }

    static double geluTanhGradient(double x, double dy, double before) {
        double w = 2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
        double sigmoid = 1 / (1 + Math.exp(-w));
        double inner = 2 * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
        double terms = sigmoid + Math.abs(x) * inner * sigmoid / (1 + Math.exp(w));
        return roundings(12 + 4 * Math.min(Math.abs(w), 100), Math.abs(dy) * terms)
                + roundings(1, before(dy * terms, before))
                + CUT * Math.abs(dy);
    }

    static double mish(double x) {
        return roundings(10, Math.abs(x) * Math.tanh(Math.log1p(Math.exp(Math.min(x, 50))))) + CUT;
    }

    static double mishGradient(double x, double dy, double before) {
        double tangent = Math.tanh(Math.log1p(Math.exp(Math.min(x, 50))));
        double terms = tangent + Math.abs(x) * (1 - tangent * tangent) / (1 + Math.exp(-x));
        return roundings(12, Math.abs(dy) * terms) + roundings(1, before(dy * terms, before)) + CUT * Math.abs(dy);
    }

    private static double density(double x) {
        return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    }

    /** At least the normal distribution, at most twice that near zero and further out. */
    private static double probability(double x) {
        return x < 0 ? Math.min(0.5, density(x) / -x) : 1;
    }

    /** {@code before + exp(exponent) z}; what rounds the exponent grows with it. */
    static double addExponential(double exponent, double z, double before) {
        double added = Math.abs(z) * Math.exp(exponent);
        return roundings(6 + 2 * Math.abs(exponent), added) + roundings(1, Math.abs(before) + added);
    }

    /** A sum of scaled numbers: two roundings of each factor, one of each addition, and that of adding to what is there. */
    static double filtered(int terms, double magnitude, double before) {
        return roundings(2 + terms, magnitude) + roundings(1, magnitude + Math.abs(before));
    }

    /** {@code y = x + before}. */
    static double add(double x, double before) {
        return roundings(1, before(x, before));
    }

    /** {@code a x + b y}, one product rounded before the sum. */
    static double blend(double ax, double by) {
        return roundings(2, Math.abs(ax) + Math.abs(by));
    }

    /** The mean of a window of {@code n}, added in float and multiplied by a rounded {@code 1 / n}. */
    static double average(int n, double magnitude, double before) {
        return roundings(n + 2, magnitude) + roundings(1, before(magnitude, before));
    }

    /** {@code spread}: the largest distance from the mean in the group. */
    static double groupNormMean(double mean, double spread, long n) {
        return roundings(1, Math.abs(mean)) + roundings(sum(n), spread);
    }

    /** Of {@code 1 / sqrt(variance + eps)}. */
    static double groupNormScale(double scale, long n) {
        return roundings(sum(n), scale);
    }

    /** {@code spread}: the largest {@code xhat} in the group. A mean off by half an ulp moves the whole group. */
    static double groupNorm(double spread, double gamma, double beta, double mean, double scale, long n) {
        return roundings(sum(n) + 4, Math.abs(gamma) * (1 + spread))
                + roundings(2, Math.abs(gamma * mean * scale))
                + roundings(2, Math.abs(beta));
    }

    /** Both parts of a row's mean together. */
    static double layerNormMean(double spread, long n) {
        return roundings(sum(n), spread);
    }

    /** {@code spread}: the largest {@code xhat} in the row. The mean's own rounding does not count. */
    static double layerNorm(double spread, double gamma, double beta, long n) {
        return groupNorm(spread, gamma, beta, 0, 0, n);
    }

    /** Of a sum over {@code n} pixels whose magnitudes add up to {@code magnitudes}. */
    static double groupNormSums(double magnitudes, long n) {
        return roundings(sum(n), magnitudes);
    }

    /** {@code terms}: the largest magnitude of {@code scale gamma dy} in the group; {@code xhat} of the element. */
    static double groupNormGradient(double terms, double xhat, double before, long n) {
        return roundings(sum(n) + 6, terms * (1 + Math.abs(xhat))) + roundings(1, before(terms, before));
    }

    /** Attention is cut to this beside a row's largest, at the least. */
    static final double NO_ATTENTION = 0x1p-60;

    /** Of a score, a sum of {@code dim} products of rounded factors, whose magnitudes add up to {@code magnitude}. */
    static double attentionScore(double magnitude, int dim) {
        return roundings(sum(dim) + 2, magnitude);
    }

    /**
     * Of a sum over {@code keys} keys weighted by softmax, relative to the sum of magnitudes: an exponential is off by its argument's
     * error and 3 half ulps, above and below the fraction.
     */
    static double attention(double magnitude, int dim, int keys) {
        return 2 * attentionScore(magnitude, dim) + roundings(2 * sum(keys) + 6, 1);
    }

    /** The same where a score is taken less the rounded log-sum-exp, and multiplied by differences of sums of {@code dim} products. */
    static double attentionGradient(double magnitude, double logSum, int dim, int tokens) {
        return attention(magnitude, dim, tokens) + roundings(3 * Math.abs(logSum) + 2 * sum(dim), 1);
    }

    /** Sums in double, rounded once. */
    static double doubleSum(double magnitudes, double before) {
        return roundings(1, before(magnitudes, before));
    }

    static double squaredErrorGradient(double gradient, double before) {
        return roundings(2, Math.abs(gradient)) + roundings(1, before(gradient, before));
    }

    /** {@code weight} before the step, {@code step} what is taken off it. */
    static double adamW(double weight, double step) {
        return roundings(2, Math.abs(weight)) + roundings(16, Math.abs(step));
    }

    /** Moments: a product and a sum of products, {@code magnitude} the larger term. */
    static double moment(double magnitude) {
        return roundings(4, magnitude);
    }

    /** Logarithm, root, sine and product; relative to the number itself. */
    static double normal(double value) {
        return roundings(12, Math.abs(value));
    }

    private static double before(double x, double before) {
        return Math.abs(x) + Math.abs(before);
    }

    /**
     * Every element within its tolerance, and half an ulp for the rounding of what is expected; the same bits where the tolerance is 0.
     * Infinities and NaN only where they are expected.
     */
    static void assertClose(String what, float[] expected, float[] actual, IntToDoubleFunction tolerance) {
        assertEquals(expected.length, actual.length, what);
        for (int i = 0; i < expected.length; i++) {
            double error = Math.abs((double) expected[i] - actual[i]);
            double allowed = tolerance.applyAsDouble(i);
            allowed += allowed == 0 ? 0 : roundings(1, Math.abs(expected[i]));
            boolean same = Float.floatToRawIntBits(expected[i]) == Float.floatToRawIntBits(actual[i]);
            boolean bothNaN = Float.isNaN(expected[i]) && Float.isNaN(actual[i]) && allowed != 0;
            if (!same && !bothNaN && !(error <= allowed)) {
                fail(what + ": element " + i + " of " + expected.length + ": expected " + expected[i] + ", found "
                        + actual[i] + ", " + error / allowed + " times the tolerance");
            }
        }
    }
}
