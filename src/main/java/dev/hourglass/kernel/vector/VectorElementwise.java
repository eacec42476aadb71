package dev.hourglass.kernel.vector;

import dev.hourglass.kernel.Elementwise;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The vector twin of {@link Elementwise}. The elements after the last whole vector go through the same float operations one by one,
 * so that an element's bits depend neither on where a range ends nor on the width of a vector.
 */
public final class VectorElementwise implements Elementwise {

    /** Elements that {@link #firstNonFinite} looks at before it asks whether it saw a bad one. */
    private static final long SCAN = 1024;

    @Override
    public void silu(MemorySegment x, MemorySegment y, long from, long to) {
        long count = to - from;
        long xs = Memory.address(x, from, count);
        long ys = Memory.address(y, from, count);
        long i = Silu.values(xs, ys, Math.toIntExact(count));
        for (; i < count; i++) {
            Memory.set(ys + i * Float.BYTES, Silu.value(Memory.get(xs + i * Float.BYTES)));
        }
    }

    @Override
    public void siluGradient(
            MemorySegment x, MemorySegment dy, MemorySegment dx, boolean accumulate, long from, long to) {
        long count = to - from;
        long xs = Memory.address(x, from, count);
        long dys = Memory.address(dy, from, count);
        long dxs = Memory.address(dx, from, count);
        long i = Silu.gradients(xs, dys, dxs, accumulate, Math.toIntExact(count));
        for (; i < count; i++) {
            long at = i * Float.BYTES;
            float gradient = Memory.get(dys + at) * Silu.slope(Memory.get(xs + at));
            Memory.set(dxs + at, accumulate ? Memory.get(dxs + at) + gradient : gradient);
        }
    }

    @Override
    public void add(MemorySegment a, MemorySegment b, MemorySegment y, long from, long to) {
        int count = Math.toIntExact(to - from);
        Rows.add(Memory.address(a, from, count), Memory.address(b, from, count), Memory.address(y, from, count), count);
    }

    @Override
    public void copy(MemorySegment x, MemorySegment y, boolean accumulate, long from, long to) {
        if (accumulate) {
            add(x, y, y, from, to);
        } else {
            int count = Math.toIntExact(to - from);
            Rows.copy(Memory.address(x, from, count), Memory.address(y, from, count), count);
        }
    }

    @Override
    public void fill(MemorySegment y, float value, long from, long to) {
        long count = to - from;
        long ys = Memory.address(y, from, count);
        FloatVector values = FloatVector.broadcast(Memory.S, value);
        long i = 0;
        for (; i <= count - Memory.LANES; i += Memory.LANES) {
            values.intoMemorySegment(Memory.ALL, (ys + i * Float.BYTES) & Memory.MASK, Memory.ORDER);
        }
        for (; i < count; i++) {
            Memory.set(ys + i * Float.BYTES, value);
        }
    }

    @Override
    public void blend(float a, MemorySegment x, float b, MemorySegment y, MemorySegment out, long from, long to) {
        long count = to - from;
        long xs = Memory.address(x, from, count);
        long ys = Memory.address(y, from, count);
        long outs = Memory.address(out, from, count);
        FloatVector as = FloatVector.broadcast(Memory.S, a);
        FloatVector bs = FloatVector.broadcast(Memory.S, b);
        long i = 0;
        for (; i <= count - Memory.LANES; i += Memory.LANES) {
            long at = i * Float.BYTES;
            as.fma(
                            FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (xs + at) & Memory.MASK, Memory.ORDER),
                            bs.mul(FloatVector.fromMemorySegment(
                                    Memory.S, Memory.ALL, (ys + at) & Memory.MASK, Memory.ORDER)))
                    .intoMemorySegment(Memory.ALL, (outs + at) & Memory.MASK, Memory.ORDER);
        }
        for (; i < count; i++) {
            long at = i * Float.BYTES;
            Memory.set(outs + at, Math.fma(a, Memory.get(xs + at), b * Memory.get(ys + at)));
        }
    }

    @Override
    public void affine(
            MemorySegment x, float scale, float shift, MemorySegment y, boolean accumulate, long from, long to) {
        long count = to - from;
        long xs = Memory.address(x, from, count);
        long ys = Memory.address(y, from, count);
        FloatVector scales = FloatVector.broadcast(Memory.S, scale);
        FloatVector shifts = FloatVector.broadcast(Memory.S, shift);
        long i = 0;
        for (; i <= count - Memory.LANES; i += Memory.LANES) {
            long at = i * Float.BYTES;
            FloatVector value = FloatVector.fromMemorySegment(
                            Memory.S, Memory.ALL, (xs + at) & Memory.MASK, Memory.ORDER)
                    .fma(scales, shifts);
            if (accumulate) {
                value.add(FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (ys + at) & Memory.MASK, Memory.ORDER))
                        .intoMemorySegment(Memory.ALL, (ys + at) & Memory.MASK, Memory.ORDER);
            } else {
                value.intoMemorySegment(Memory.ALL, (ys + at) & Memory.MASK, Memory.ORDER);
            }
        }
        for (; i < count; i++) {
            long at = i * Float.BYTES;
            float value = Math.fma(Memory.get(xs + at), scale, shift);
            Memory.set(ys + at, accumulate ? value + Memory.get(ys + at) : value);
        }
    }

    @Override
    public void clamp(MemorySegment x, float low, float high, MemorySegment y, long from, long to) {
        long count = to - from;
        long xs = Memory.address(x, from, count);
        long ys = Memory.address(y, from, count);
        long i = 0;
        for (; i <= count - Memory.LANES; i += Memory.LANES) {
            FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (xs + i * Float.BYTES) & Memory.MASK, Memory.ORDER)
                    .max(low)
                    .min(high)
                    .intoMemorySegment(Memory.ALL, (ys + i * Float.BYTES) & Memory.MASK, Memory.ORDER);
        }
        for (; i < count; i++) {
            Memory.set(ys + i * Float.BYTES, Math.min(Math.max(Memory.get(xs + i * Float.BYTES), low), high));
        }
    }

    @Override
    public void addExponential(
            float a, MemorySegment t, float b, MemorySegment z, MemorySegment y, long from, long to) {
        long count = to - from;
        long ts = Memory.address(t, from, count);
        long zs = Memory.address(z, from, count);
        long ys = Memory.address(y, from, count);
        long i = AddExponential.values(a, ts, b, zs, ys, Math.toIntExact(count));
        for (; i < count; i++) {
            long at = i * Float.BYTES;
            float factor = AddExponential.factor(a, Memory.get(ts + at), b);
            Memory.set(ys + at, Math.fma(factor, Memory.get(zs + at), Memory.get(ys + at)));
        }
    }

    @Override
    public void addRoot(MemorySegment t, MemorySegment z, MemorySegment y, long from, long to) {
        long count = to - from;
        long ts = Memory.address(t, from, count);
        long zs = Memory.address(z, from, count);
        long ys = Memory.address(y, from, count);
        long i = 0;
        for (; i <= count - Memory.LANES; i += Memory.LANES) {
            long at = i * Float.BYTES;
            FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (ts + at) & Memory.MASK, Memory.ORDER)
                    .sqrt()
                    .fma(
                            FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (zs + at) & Memory.MASK, Memory.ORDER),
                            FloatVector.fromMemorySegment(Memory.S, Memory.ALL, (ys + at) & Memory.MASK, Memory.ORDER))
                    .intoMemorySegment(Memory.ALL, (ys + at) & Memory.MASK, Memory.ORDER);
        }
        for (; i < count; i++) {
            long at = i * Float.BYTES;
            float root = (float) Math.sqrt(Memory.get(ts + at));
            Memory.set(ys + at, Math.fma(root, Memory.get(zs + at), Memory.get(ys + at)));
        }
    }

    /** One by one: pixels come in once a batch, and widening bytes has no form that suits every vector width. */
    @Override
    public void bytesToFloats(
            MemorySegment u, MemorySegment y, float scale, float shift, long uFrom, long yFrom, long count) {
        long ys = Memory.address(y, yFrom, count);
        for (long i = 0; i < count; i++) {
            int value = Byte.toUnsignedInt(u.get(ValueLayout.JAVA_BYTE, uFrom + i));
            Memory.set(ys + i * Float.BYTES, Math.fma(scale, value, shift));
        }
    }

    @Override
    public long firstNonFinite(MemorySegment x, long from, long to) {
        long xs = Memory.address(x, from, to - from);
        for (long start = 0; start < to - from; start += SCAN) {
            long length = Math.min(SCAN, to - from - start);
            if (!allFinite(xs + start * Float.BYTES, length)) {
                for (long i = start; i < start + length; i++) {
                    if (!Float.isFinite(Memory.get(xs + i * Float.BYTES))) {
                        return from + i;
                    }
                }
            }
        }
        return -1;
    }

    /** Zero times a number is zero unless the number is NaN or infinite, and a sum keeps a NaN. */
    private static boolean allFinite(long x, long count) {
        FloatVector zero = FloatVector.zero(Memory.S);
        FloatVector even = zero;
        FloatVector odd = zero;
        long i = 0;
        for (; i <= count - 2 * Memory.LANES; i += 2 * Memory.LANES) {
            even = FloatVector.fromMemorySegment(
                            Memory.S, Memory.ALL, (x + i * Float.BYTES) & Memory.MASK, Memory.ORDER)
                    .fma(zero, even);
            odd = FloatVector.fromMemorySegment(
                            Memory.S, Memory.ALL, (x + (i + Memory.LANES) * Float.BYTES) & Memory.MASK, Memory.ORDER)
                    .fma(zero, odd);
        }
        float sum = 0;
        for (; i < count; i++) {
            sum += Memory.get(x + i * Float.BYTES) * 0;
        }
        // not a number is different from 0, too
        return sum == 0 && !even.add(odd).compare(VectorOperators.NE, 0).anyTrue();
    }
}
