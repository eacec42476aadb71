package dev.hourglass.kernel.vector;

import dev.hourglass.kernel.Activation;
import java.lang.foreign.MemorySegment;

/**
 * The vector twin of {@link Activation}. The elements after the last whole vector go through the same float operations one by one, so that
 * an element's bits depend neither on where a range ends nor on the width of a vector.
 */
public final class VectorActivation implements Activation {

    /** Elements of a gate that are taken back in one go: two runs of scratch memory are small beside a first-level cache. */
    private static final int RUN = 1024;

    @Override
    public void values(Kind kind, MemorySegment x, MemorySegment y, long from, long to) {
        int count = Math.toIntExact(to - from);
        long xs = Memory.address(x, from, count);
        long ys = Memory.address(y, from, count);
        switch (kind) {
            case RELU -> Relu.values(xs, ys, count);
            case GELU -> Gelu.values(xs, ys, count);
            case GELU_TANH -> GeluTanh.values(xs, ys, count);
            case MISH -> Mish.values(xs, ys, count);
        }
    }

    @Override
    public void gradient(
            Kind kind, MemorySegment x, MemorySegment dy, MemorySegment dx, boolean accumulate, long from, long to) {
        int count = Math.toIntExact(to - from);
        long xs = Memory.address(x, from, count);
        long dys = Memory.address(dy, from, count);
        long dxs = Memory.address(dx, from, count);
        switch (kind) {
            case RELU -> Relu.gradients(xs, dys, dxs, accumulate, count);
            case GELU -> Gelu.gradients(xs, dys, dxs, accumulate, count);
            case GELU_TANH -> GeluTanh.gradients(xs, dys, dxs, accumulate, count);
            case MISH -> Mish.gradients(xs, dys, dxs, accumulate, count);
        }
    }

    @Override
    public void geglu(MemorySegment x, MemorySegment y, int width, int from, int to) {
        for (int row = from; row < to; row++) {
            long hidden = Memory.address(x, 2L * row * width, 2L * width);
            long ys = Memory.address(y, (long) row * width, width);
            Gelu.values(hidden + width * 4L, ys, width);
            Rows.multiply(hidden, ys, ys, width, false);
        }
    }

    @Override
    public long gegluWorkspaceBytes() {
        return 2L * RUN * Float.BYTES;
    }

    @Override
    public void gegluGradient(
            MemorySegment x,
            MemorySegment dy,
            MemorySegment dx,
            boolean accumulate,
            MemorySegment workspace,
            int width,
            int from,
            int to) {
        long values = Memory.address(workspace, 0, 2L * RUN);
        long products = values + RUN * 4L;
        for (int row = from; row < to; row++) {
            long xs = Memory.address(x, 2L * row * width, 2L * width);
            long dys = Memory.address(dy, (long) row * width, width);
            long dxs = Memory.address(dx, 2L * row * width, 2L * width);
            for (int c = 0; c < width; c += RUN) {
                int count = Math.min(RUN, width - c);
                long hidden = c * 4L;
                long gate = hidden + width * 4L;
                Gelu.values(xs + gate, values, count);
                Rows.multiply(dys + hidden, xs + hidden, products, count, false);
                Rows.multiply(dys + hidden, values, dxs + hidden, count, accumulate);
                Gelu.gradients(xs + gate, products, dxs + gate, accumulate, count);
            }
        }
    }
}
