package dev.hourglass.kernel.vector;

import static dev.hourglass.kernel.vector.Memory.ALL;
import static dev.hourglass.kernel.vector.Memory.LANES;
import static dev.hourglass.kernel.vector.Memory.MASK;
import static dev.hourglass.kernel.vector.Memory.ORDER;
import static dev.hourglass.kernel.vector.Memory.S;

import dev.hourglass.kernel.LayerNorm;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/** The vector twin of {@link LayerNorm}: lanes run along a row, which stays in the first-level cache for all passes over it. */
public final class VectorLayerNorm implements LayerNorm {

    @Override
    public void forward(
            MemorySegment x,
            MemorySegment gamma,
            MemorySegment beta,
            MemorySegment y,
            MemorySegment stats,
            int channels,
            float eps,
            int from,
            int to) {
        long floats = (long) (to - from) * channels;
        long xs = Memory.address(x, (long) from * channels, floats);
        long ys = Memory.address(y, (long) from * channels, floats);
        long moments = Memory.address(stats, (long) from * STATISTICS, (long) (to - from) * STATISTICS);
        long gammas = Memory.address(gamma, 0, channels);
        long betas = Memory.address(beta, 0, channels);
        for (int row = 0; row < to - from; row++) {
            long at = (long) row * channels * Float.BYTES;
            // Sums about an element of the row itself: a mean far from zero costs no digits.
            float origin = Memory.get(xs + at);
            double exact = origin + RowSums.differences(xs + at, origin, channels) / channels;
            float mean = (float) exact;
            float rest = (float) (exact - mean);
            double variance = RowSums.squares(xs + at, mean, rest, channels) / channels;
            float scale = (float) (1 / Math.sqrt(variance + eps));
            normalise(xs + at, gammas, betas, ys + at, mean, rest, scale, channels);
            Memory.set(moments, mean);
            Memory.set(moments + Float.BYTES, rest);
            Memory.set(moments + 2 * Float.BYTES, scale);
            moments += (long) STATISTICS * Float.BYTES;
        }
    }

    private static void normalise(
            long x, long gamma, long beta, long y, float mean, float rest, float scale, int channels) {
        int i = 0;
        for (; i <= channels - LANES; i += LANES) {
            long at = i * 4L;
            FloatVector.fromMemorySegment(S, ALL, (x + at) & MASK, ORDER)
                    .sub(mean)
                    .sub(rest)
                    .mul(scale)
                    .fma(
                            FloatVector.fromMemorySegment(S, ALL, (gamma + at) & MASK, ORDER),
                            FloatVector.fromMemorySegment(S, ALL, (beta + at) & MASK, ORDER))
                    .intoMemorySegment(ALL, (y + at) & MASK, ORDER);
        }
        for (; i < channels; i++) {
            long at = i * 4L;
            float xhat = (Memory.get(x + at) - mean - rest) * scale;
            Memory.set(y + at, Math.fma(xhat, Memory.get(gamma + at), Memory.get(beta + at)));
        }
    }

    @Override
    public void backward(
            MemorySegment x,
            MemorySegment gamma,
            MemorySegment stats,
            MemorySegment dy,
            MemorySegment dx,
            boolean accumulate,
            MemorySegment partials,
            int share,
            int channels,
            int from,
            int to) {
        long floats = (long) (to - from) * channels;
        long xs = Memory.address(x, (long) from * channels, floats);
        long dys = Memory.address(dy, (long) from * channels, floats);
        long dxs = dx == null ? 0 : Memory.address(dx, (long) from * channels, floats);
        long moments = Memory.address(stats, (long) from * STATISTICS, (long) (to - from) * STATISTICS);
        long gammas = Memory.address(gamma, 0, channels);
        long sums = Memory.address(partials, 2L * share * channels, 2L * channels);
        Rows.zero(sums, 2 * channels);
        for (int row = 0; row < to - from; row++) {
            long at = (long) row * channels * Float.BYTES;
            float mean = Memory.get(moments);
            float rest = Memory.get(moments + Float.BYTES);
            float scale = Memory.get(moments + 2 * Float.BYTES);
            moments += (long) STATISTICS * Float.BYTES;
            sums(xs + at, dys + at, sums, mean, rest, scale, channels);
            if (dx != null) {
                double ofGradients = RowSums.products(gammas, dys + at, channels) / channels;
                double ofProducts =
                        RowSums.products(gammas, dys + at, xs + at, mean, rest, channels) / channels * scale;
                gradient(
                        xs + at,
                        gammas,
                        dys + at,
                        dxs + at,
                        accumulate,
                        mean,
                        rest,
                        scale,
                        (float) ofGradients,
                        (float) ofProducts,
                        channels);
            }
        }
    }

    /** {@code sums [2, channels]} {@code += dy xhat} and {@code += dy}. */
    private static void sums(long x, long dy, long sums, float mean, float rest, float scale, int channels) {
        long second = sums + channels * 4L;
        int i = 0;
        for (; i <= channels - LANES; i += LANES) {
            long at = i * 4L;
            FloatVector d = FloatVector.fromMemorySegment(S, ALL, (dy + at) & MASK, ORDER);
            FloatVector.fromMemorySegment(S, ALL, (x + at) & MASK, ORDER)
                    .sub(mean)
                    .sub(rest)
                    .mul(scale)
                    .fma(d, FloatVector.fromMemorySegment(S, ALL, (sums + at) & MASK, ORDER))
                    .intoMemorySegment(ALL, (sums + at) & MASK, ORDER);
            FloatVector.fromMemorySegment(S, ALL, (second + at) & MASK, ORDER)
                    .add(d)
                    .intoMemorySegment(ALL, (second + at) & MASK, ORDER);
        }
        for (; i < channels; i++) {
            long at = i * 4L;
            float d = Memory.get(dy + at);
            float xhat = (Memory.get(x + at) - mean - rest) * scale;
            Memory.set(sums + at, Math.fma(xhat, d, Memory.get(sums + at)));
            Memory.set(second + at, Memory.get(second + at) + d);
        }
    }

    /** {@code dx (+)= scale (gamma dy - mean of gamma dy - xhat * mean of gamma dy xhat)}. */
    private static void gradient(
            long x,
            long gamma,
            long dy,
            long dx,
            boolean accumulate,
            float mean,
            float rest,
            float scale,
            float ofGradients,
            float ofProducts,
            int channels) {
        FloatVector slope = FloatVector.broadcast(S, -ofProducts * scale);
        int i = 0;
        for (; i <= channels - LANES; i += LANES) {
            long at = i * 4L;
            FloatVector centred = FloatVector.fromMemorySegment(S, ALL, (gamma + at) & MASK, ORDER)
                    .mul(FloatVector.fromMemorySegment(S, ALL, (dy + at) & MASK, ORDER))
                    .sub(ofGradients);
            FloatVector value = FloatVector.fromMemorySegment(S, ALL, (x + at) & MASK, ORDER)
                    .sub(mean)
                    .sub(rest)
                    .fma(slope, centred)
                    .mul(scale);
            if (accumulate) {
                value.add(FloatVector.fromMemorySegment(S, ALL, (dx + at) & MASK, ORDER))
                        .intoMemorySegment(ALL, (dx + at) & MASK, ORDER);
            } else {
                value.intoMemorySegment(ALL, (dx + at) & MASK, ORDER);
            }
        }
        for (; i < channels; i++) {
            long at = i * 4L;
            float centred = Memory.get(gamma + at) * Memory.get(dy + at) - ofGradients;
            float deviation = Memory.get(x + at) - mean - rest;
            float value = Math.fma(deviation, -ofProducts * scale, centred) * scale;
            Memory.set(dx + at, accumulate ? value + Memory.get(dx + at) : value);
        }
    }
}
