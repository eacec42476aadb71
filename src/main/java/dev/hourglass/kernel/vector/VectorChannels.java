package dev.hourglass.kernel.vector;

import dev.hourglass.kernel.Channels;
import java.lang.foreign.MemorySegment;

/** The vector twin of {@link Channels}. */
public final class VectorChannels implements Channels {

    @Override
    public void copy(
            MemorySegment x,
            int xStride,
            int xOffset,
            MemorySegment y,
            int yStride,
            int yOffset,
            int channels,
            boolean accumulate,
            long from,
            long to) {
        if (from >= to) {
            return;
        }
        long xs = Memory.address(x, from * xStride + xOffset, (to - from - 1) * xStride + channels);
        long ys = Memory.address(y, from * yStride + yOffset, (to - from - 1) * yStride + channels);
        for (long p = 0; p < to - from; p++) {
            long xRow = xs + p * xStride * Float.BYTES;
            long yRow = ys + p * yStride * Float.BYTES;
            if (accumulate) {
                Rows.add(xRow, yRow, yRow, channels);
            } else {
                Rows.copy(xRow, yRow, channels);
            }
        }
    }

    @Override
    public void shift(
            MemorySegment x, MemorySegment shift, MemorySegment y, int pixels, int channels, int from, int to) {
        for (int n = from; n < to; n++) {
            long floats = (long) pixels * channels;
            long xs = Memory.address(x, n * floats, floats);
            long ys = Memory.address(y, n * floats, floats);
            long shifts = Memory.address(shift, (long) n * channels, channels);
            for (int p = 0; p < pixels; p++) { // y [pixels, channels]
                long row = (long) p * channels * Float.BYTES;
                Rows.add(xs + row, shifts, ys + row, channels);
            }
        }
    }

    @Override
    public void shiftGradient(
            MemorySegment dy, MemorySegment dshift, boolean accumulate, int pixels, int channels, int from, int to) {
        for (int n = from; n < to; n++) {
            long floats = (long) pixels * channels;
            long dys = Memory.address(dy, n * floats, floats);
            long sums = Memory.address(dshift, (long) n * channels, channels);
            ColumnSums.sum(dys, pixels, (long) channels * Float.BYTES, channels, sums, accumulate);
        }
    }

    @Override
    public void scaleShift(
            MemorySegment x, MemorySegment scaleShift, MemorySegment y, int pixels, int channels, int from, int to) {
        for (int n = from; n < to; n++) {
            long floats = (long) pixels * channels;
            long xs = Memory.address(x, n * floats, floats);
            long ys = Memory.address(y, n * floats, floats);
            long scales = Memory.address(scaleShift, 2L * n * channels, 2L * channels);
            ScaleShift.image(xs, scales, scales + channels * 4L, ys, false, pixels, channels);
        }
    }

    @Override
    public void scaleShiftInputGradient(
            MemorySegment dy,
            MemorySegment scaleShift,
            MemorySegment dx,
            boolean accumulate,
            int pixels,
            int channels,
            int from,
            int to) {
        for (int n = from; n < to; n++) {
            long floats = (long) pixels * channels;
            long dys = Memory.address(dy, n * floats, floats);
            long dxs = Memory.address(dx, n * floats, floats);
            long scales = Memory.address(scaleShift, 2L * n * channels, 2L * channels);
            ScaleShift.image(dys, scales, 0, dxs, accumulate, pixels, channels);
        }
    }

    @Override
    public void scaleShiftGradient(
            MemorySegment x,
            MemorySegment dy,
            MemorySegment dscaleShift,
            boolean accumulate,
            int pixels,
            int channels,
            int from,
            int to) {
        for (int n = from; n < to; n++) {
            long floats = (long) pixels * channels;
            long xs = Memory.address(x, n * floats, floats);
            long dys = Memory.address(dy, n * floats, floats);
            long scales = Memory.address(dscaleShift, 2L * n * channels, 2L * channels);
            long row = (long) channels * Float.BYTES;
            ColumnSums.sumProducts(xs, dys, pixels, row, channels, scales, accumulate);
            ColumnSums.sum(dys, pixels, row, channels, scales + row, accumulate);
        }
    }
}
