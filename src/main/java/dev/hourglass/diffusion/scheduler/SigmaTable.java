package dev.hourglass.diffusion.scheduler;

/**
 * The noise levels of all timesteps of training, read between timesteps and backwards. Noise levels rise with the timestep.
 *
 * <p>The logarithms are in float32, with the roundings of NumPy's vector code: timesteps that are found by them are compared exactly,
 * and some are cut to whole numbers.
 */
final class SigmaTable {

    private static final float[] LOG_NUMERATOR = {
        2.589979117907922693523e-02f,
        3.808837741388407920751e-01f,
        1.480000633576506585156e+00f,
        2.112677543073053063722e+00f,
        1,
        0
    };
    private static final float[] LOG_DENOMINATOR = {
        5.875095403124574342950e-03f,
        1.546476374983906719538e-01f,
        9.864942958519418960339e-01f,
        2.453006071784736363091e+00f,
        2.612677543073109236779e+00f,
        1
    };
    private static final float LOG_2 = 0.693147182f;
    private static final float ROOT_HALF = 0.707106769f;
    private static final int MANTISSA_BITS = 23;
    private static final int MANTISSA = (1 << MANTISSA_BITS) - 1;
    private static final int HALF_EXPONENT = 126;
    private static final double LEAST = 1e-10;

    private final float[] sigmas;
    private final float[] logs;

    SigmaTable(AlphaBars alphaBars) {
        sigmas = alphaBars.sigmas();
        logs = new float[sigmas.length];
        for (int t = 0; t < logs.length; t++) {
            logs[t] = log(sigmas[t]);
        }
    }

    /** The least noise. */
    double least() {
        return sigmas[0];
    }

    /** The most noise. */
    double most() {
        return sigmas[sigmas.length - 1];
    }

    /** The logarithm of the least noise. */
    double logLeast() {
        return logs[0];
    }

    /** The logarithm of the most noise. */
    double logMost() {
        return logs[logs.length - 1];
    }

    /** The noise level at a timestep, linear between two; that of the nearest end outside. */
    double at(double timestep) {
        if (timestep <= 0) {
            return sigmas[0];
        }
        if (timestep >= sigmas.length - 1) {
            return most();
        }
        int below = (int) timestep;
        double slope = (double) sigmas[below + 1] - sigmas[below];
        return timestep == below ? sigmas[below] : slope * (timestep - below) + sigmas[below];
    }

    /** The noise levels at timesteps. */
    double[] at(double[] timesteps) {
        double[] levels = new double[timesteps.length];
        for (int i = 0; i < levels.length; i++) {
            levels[i] = at(timesteps[i]);
        }
        return levels;
    }

    /** The timestep of a noise level, between two linear in the logarithm. */
    double timestepOf(double sigma) {
        double log = Math.log(Math.max(sigma, LEAST));
        int low = 0;
        for (int t = 0; t < logs.length; t++) {
            low = log >= logs[t] ? t : low;
        }
        low = Math.max(0, Math.min(low, logs.length - 2));
        int high = Math.min(low + 1, logs.length - 1);
        double w = (logs[low] - log) / (logs[low] - logs[high]);
        w = Math.clamp(w, 0, 1);
        return (1 - w) * low + w * high;
    }

    /** The timesteps of noise levels. */
    double[] timestepsOf(double[] levels) {
        double[] timesteps = new double[levels.length];
        for (int i = 0; i < timesteps.length; i++) {
            timesteps[i] = timestepOf(levels[i]);
        }
        return timesteps;
    }

    /** NumPy's logarithm of float32 vectors: a quotient of polynomials around 1, and the octaves. */
    static float log(float x) {
        if (!(x >= Float.MIN_NORMAL && x < Float.POSITIVE_INFINITY)) {
            return (float) Math.log(x);
        }
        int bits = Float.floatToRawIntBits(x);
        float octaves = (bits >>> MANTISSA_BITS) - HALF_EXPONENT;
        float mantissa = Float.intBitsToFloat(bits & MANTISSA | HALF_EXPONENT << MANTISSA_BITS);
        if (mantissa <= ROOT_HALF) {
            mantissa += mantissa;
            octaves--;
        }
        float y = mantissa - 1;
        return Math.fma(octaves, LOG_2, polynomial(LOG_NUMERATOR, y) / polynomial(LOG_DENOMINATOR, y));
    }

    /** Horner's rule, the highest power first. */
    private static float polynomial(float[] factors, float y) {
        float sum = factors[0];
        for (int k = 1; k < factors.length; k++) {
            sum = Math.fma(sum, y, factors[k]);
        }
        return sum;
    }
}
