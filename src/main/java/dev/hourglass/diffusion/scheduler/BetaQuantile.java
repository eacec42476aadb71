package dev.hourglass.diffusion.scheduler;

/**
 * Quantiles of the beta distribution with both parameters 0.6: the regularised incomplete beta function by its continued fraction
 * (Abramowitz and Stegun 26.5.8), turned round by halving.
 */
final class BetaQuantile {

    private static final double SHAPE = 0.6;

    /** {@code SHAPE * B(SHAPE, SHAPE)}, from the gamma function at 0.6 and 1.2. */
    private static final double SCALE = SHAPE * 1.4891922488128171 * 1.4891922488128171 / 0.9181687423997607;

    private static final int MOST_TERMS = 200;
    private static final int HALVINGS = 1100;

    private BetaQuantile() {}

    /** The {@code x} of 0 to 1 that a share {@code p} of the distribution is below. */
    static double of(double p) {
        if (p <= 0 || p >= 1) {
            return p <= 0 ? 0 : 1;
        }
        if (p > 0.5) {
            return 1 - of(1 - p);
        }
        double low = 0;
        double high = 0.5;
        for (int k = 0; k < HALVINGS; k++) {
            double middle = (low + high) / 2;
            if (middle == low || middle == high) {
                break;
            }
            if (below(middle) < p) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return (low + high) / 2;
    }

    /** The share below {@code x}, which is at most one half. */
    static double below(double x) {
        return Math.pow(x * (1 - x), SHAPE) / SCALE * fraction(x);
    }

    /** The continued fraction by the method of Lentz. */
    private static double fraction(double x) {
        double c = 1;
        double d = 1 / (1 - 2 * SHAPE * x / (SHAPE + 1));
        double value = d;
        for (int m = 1; m <= MOST_TERMS; m++) {
            double top = SHAPE + 2 * m;
            double even = m * (SHAPE - m) * x / ((top - 1) * top);
            d = 1 / (1 + even * d);
            c = 1 + even / c;
            value *= c * d;
            double odd = -(SHAPE + m) * (2 * SHAPE + m) * x / (top * (top + 1));
            d = 1 / (1 + odd * d);
            c = 1 + odd / c;
            value *= c * d;
            if (c * d == 1) {
                break;
            }
        }
        return value;
    }
}
