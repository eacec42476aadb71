package dev.hourglass.kernel.scalar;

import dev.hourglass.kernel.Elementwise;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The plain twin of {@link Elementwise}. */
public final class ScalarElementwise implements Elementwise {

    /** Below this, SiLU and its gradient are zero in float32; cutting there keeps minus infinity from becoming NaN. */
    private static final double FLOOR = -200;

    /** Above this, the sigmoid is one; cutting the gradient there keeps infinity from becoming NaN. */
    private static final double CEILING = 200;

    @Override
    public void silu(MemorySegment x, MemorySegment y, long from, long to) {
        for (long i = from; i < to; i++) {
            Memory.set(y, i, silu(Memory.get(x, i)));
        }
    }

    static double silu(double x) {
        double value = Math.max(x, FLOOR);
        return value / (1 + Math.exp(-value));
    }

    static double siluSlope(double x) {
        double value = Math.min(Math.max(x, FLOOR), CEILING);
        double sigmoid = 1 / (1 + Math.exp(-value));
        return sigmoid * (1 + value * (1 - sigmoid));
    }

    @Override
    public void siluGradient(
            MemorySegment x, MemorySegment dy, MemorySegment dx, boolean accumulate, long from, long to) {
        for (long i = from; i < to; i++) {
            Memory.put(dx, i, Memory.get(dy, i) * siluSlope(Memory.get(x, i)), accumulate);
        }
    }

    @Override
    public void add(MemorySegment a, MemorySegment b, MemorySegment y, long from, long to) {
        for (long i = from; i < to; i++) {
            Memory.set(y, i, (double) Memory.get(a, i) + Memory.get(b, i));
        }
    }

    @Override
    public void copy(MemorySegment x, MemorySegment y, boolean accumulate, long from, long to) {
        for (long i = from; i < to; i++) {
            Memory.put(y, i, Memory.get(x, i), accumulate);
        }
    }

    @Override
    public void fill(MemorySegment y, float value, long from, long to) {
        for (long i = from; i < to; i++) {
            Memory.set(y, i, value);
        }
    }

    @Override
    public void blend(float a, MemorySegment x, float b, MemorySegment y, MemorySegment out, long from, long to) {
        for (long i = from; i < to; i++) {
            Memory.set(out, i, (double) a * Memory.get(x, i) + (double) b * Memory.get(y, i));
        }
    }

    @Override
    public void affine(
            MemorySegment x, float scale, float shift, MemorySegment y, boolean accumulate, long from, long to) {
        for (long i = from; i < to; i++) {
            Memory.put(y, i, (double) scale * Memory.get(x, i) + shift, accumulate);
        }
    }

    @Override
    public void clamp(MemorySegment x, float low, float high, MemorySegment y, long from, long to) {
        for (long i = from; i < to; i++) {
            Memory.set(y, i, Math.min(Math.max(Memory.get(x, i), low), high));
        }
    }

    @Override
    public void addExponential(
            float a, MemorySegment t, float b, MemorySegment z, MemorySegment y, long from, long to) {
        for (long i = from; i < to; i++) {
            double exponent = Math.clamp((double) a * Memory.get(t, i) + b, -86, 88);
            Memory.put(y, i, Math.exp(exponent) * Memory.get(z, i), true);
        }
    }

    @Override
    public void addRoot(MemorySegment t, MemorySegment z, MemorySegment y, long from, long to) {
        for (long i = from; i < to; i++) {
            Memory.put(y, i, Math.sqrt(Memory.get(t, i)) * Memory.get(z, i), true);
        }
    }

    @Override
    public void bytesToFloats(
            MemorySegment u, MemorySegment y, float scale, float shift, long uFrom, long yFrom, long count) {
        for (long i = 0; i < count; i++) {
            int value = Byte.toUnsignedInt(u.get(ValueLayout.JAVA_BYTE, uFrom + i));
            Memory.set(y, yFrom + i, (double) scale * value + shift);
        }
    }

    @Override
    public long firstNonFinite(MemorySegment x, long from, long to) {
        for (long i = from; i < to; i++) {
            if (!Float.isFinite(Memory.get(x, i))) {
                return i;
            }
        }
        return -1;
    }
}
