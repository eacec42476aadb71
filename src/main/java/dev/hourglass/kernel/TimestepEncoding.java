package dev.hourglass.kernel;

import java.lang.foreign.MemorySegment;

/**
 * The sinusoidal encoding of timesteps (arXiv 1706.03762, section 3.5; diffusers' {@code get_timestep_embedding}). With
 * {@code half = dim / 2} and {@code f[k] = period^(-k / (half - freqShift))} the encoding of {@code t} holds {@code sin(t f[k])} and
 * {@code cos(t f[k])}, and one zero at the end when {@code dim} is odd. {@code from} and {@code to} count timesteps.
 */
public interface TimestepEncoding {

    /** Where the sines and cosines go. */
    enum Order {
        /** All sines, then all cosines. */
        SIN_COS,
        /** All cosines, then all sines ({@code flip_sin_to_cos}). */
        COS_SIN,
        /** Sine and cosine of each frequency side by side. */
        INTERLEAVED
    }

    /**
     * Gaussian Fourier features (arXiv 2006.10739; diffusers' {@code GaussianFourierProjection}):
     * {@code y[n] = [sin(2 pi w s[n]), cos(2 pi w s[n])]}, from {@code w [dim]} to {@code [N, 2 dim]}, where {@code s} is {@code ln t} or
     * {@code t} itself.
     *
     * @param log whether the logarithm of {@code t} is encoded
     * @param order sines or cosines first
     */
    void fourier(
            MemorySegment t, MemorySegment w, MemorySegment y, int dim, boolean log, Order order, int from, int to);

    /** {@code y [N, dim]} from {@code t [N]}. */
    void encode(
            MemorySegment t, MemorySegment y, int dim, Order order, double freqShift, double period, int from, int to);

    /** {@code dt [N] (+)= sum over k of dy * dy/dt}. */
    void encodeGradient(
            MemorySegment t,
            MemorySegment dy,
            MemorySegment dt,
            boolean accumulate,
            int dim,
            Order order,
            double freqShift,
            double period,
            int from,
            int to);
}
