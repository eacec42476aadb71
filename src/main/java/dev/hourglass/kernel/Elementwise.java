package dev.hourglass.kernel;

import java.lang.foreign.MemorySegment;

/** Operations on float32 elements one by one; {@code from} and {@code to} count elements. */
public interface Elementwise {

    /** {@code y = x * sigmoid(x)} (SiLU, also called swish; arXiv 1702.03118); minus infinity gives -0. {@code y} may be {@code x}. */
    void silu(MemorySegment x, MemorySegment y, long from, long to);

    /** {@code dx (+)= dy * sigmoid(x) * (1 + x * (1 - sigmoid(x)))}. */
    void siluGradient(MemorySegment x, MemorySegment dy, MemorySegment dx, boolean accumulate, long from, long to);

    /** {@code y = a + b}. */
    void add(MemorySegment a, MemorySegment b, MemorySegment y, long from, long to);

    /** {@code y (+)= x}. */
    void copy(MemorySegment x, MemorySegment y, boolean accumulate, long from, long to);

    /** {@code y = value}. */
    void fill(MemorySegment y, float value, long from, long to);

    /** {@code out = a * x + b * y}; {@code out} may be {@code x} or {@code y}. */
    void blend(float a, MemorySegment x, float b, MemorySegment y, MemorySegment out, long from, long to);

    /** {@code y (+)= scale * x + shift}; {@code y} may be {@code x}. */
    void affine(MemorySegment x, float scale, float shift, MemorySegment y, boolean accumulate, long from, long to);

    /** {@code y = min(max(x, low), high)}; {@code y} may be {@code x}. */
    void clamp(MemorySegment x, float low, float high, MemorySegment y, long from, long to);

    /** {@code y += exp(a * t + b) * z}; the exponent is cut at -86 and 88, so that its exponential is a normal float. */
    void addExponential(float a, MemorySegment t, float b, MemorySegment z, MemorySegment y, long from, long to);

    /** {@code y += sqrt(t) * z}. */
    void addRoot(MemorySegment t, MemorySegment z, MemorySegment y, long from, long to);

    /** {@code y = scale * u + shift} for unsigned bytes {@code u}: pixels to floats. */
    void bytesToFloats(MemorySegment u, MemorySegment y, float scale, float shift, long uFrom, long yFrom, long count);

    /** The first element in the range that is NaN or infinite, or -1. */
    long firstNonFinite(MemorySegment x, long from, long to);
}
