package dev.hourglass.kernel.scalar;

/** The standard normal distribution in double, to about 14 digits. */
final class NormalDistribution {

    /** Below this the power series is quicker, above it the continued fraction. */
    private static final double SERIES = 3;

    private static final int FRACTIONS = 60;

    private NormalDistribution() {}

    /** {@code phi(x) = e^(-x^2 / 2) / sqrt(2 pi)}. */
    static double density(double x) {
        return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    }

    /**
     * {@code Phi(x) = (1 + erf(x / sqrt 2)) / 2}: around zero {@code 1/2 + phi(x) (x + x^3 / 3 + x^5 / (3 * 5) + ..)}, further out
     * {@code phi(x) / (x + 1 / (x + 2 / (x + 3 / ..)))} for what is left to one side (Abramowitz and Stegun 26.2.11 and 26.2.14).
     */
    static double probability(double x) {
        if (Math.abs(x) < SERIES) {
            double term = x;
            double sum = x;
            for (int n = 3; Math.abs(term) > 1e-18; n += 2) {
                term *= x * x / n;
                sum += term;
            }
            return 0.5 + density(x) * sum;
        }
        double fraction = Math.abs(x);
        for (int n = FRACTIONS; n > 0; n--) {
            fraction = Math.abs(x) + n / fraction;
        }
        double tail = density(x) / fraction;
        return x < 0 ? tail : 1 - tail;
    }
}
