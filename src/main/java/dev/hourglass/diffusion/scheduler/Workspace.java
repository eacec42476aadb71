package dev.hourglass.diffusion.scheduler;

import dev.hourglass.kernel.Channels;
import dev.hourglass.kernel.Elementwise;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import java.lang.foreign.MemorySegment;

/** Images of scratch memory, and the arithmetic on whole images. Factors come in double and are rounded once. */
final class Workspace implements AutoCloseable {

    private final Elementwise elementwise;
    private final Channels channels;
    private final Shape shape;
    private final long elements;
    private Slab slab;

    /** Takes no memory yet. */
    Workspace(Setup setup) {
        elementwise = setup.kernels().elementwise();
        channels = setup.kernels().channels();
        shape = setup.shape();
        elements = shape.elements();
    }

    /** The images {@code [N, H, W, C]}. */
    Shape shape() {
        return shape;
    }

    /** The shape of outputs that come with a variance, {@code [N, H, W, 2 C]}, as a fresh object. */
    Shape twiceTheChannels() {
        return Shape.of(shape.dim(0), shape.dim(1), shape.dim(2), 2 * shape.dim(3));
    }

    /** Opens the scratch memory, once and as the last act of a constructor: nothing is left open when one fails. */
    MemorySegment[] open(int images) {
        long stride = Slab.aligned(shape.floatBytes());
        slab = Slab.open("scheduler", images * stride);
        MemorySegment[] buffers = new MemorySegment[images];
        for (int k = 0; k < images; k++) {
            buffers[k] = slab.slice(k * stride, shape.floatBytes());
        }
        return buffers;
    }

    /** {@code out = a x + b y}. */
    void blend(double a, MemorySegment x, double b, MemorySegment y, MemorySegment out) {
        elementwise.blend((float) a, x, (float) b, y, out, 0, elements);
    }

    /** {@code out += a x}; a factor of zero reads nothing. */
    void add(double a, MemorySegment x, MemorySegment out) {
        if (a != 0) {
            blend(1, out, a, x, out);
        }
    }

    /** {@code out = a x}. */
    void scale(double a, MemorySegment x, MemorySegment out) {
        if (a == 1) {
            copy(x, out);
        } else {
            scale(a, x, out, 0, elements);
        }
    }

    /** {@code x = a x} on a range of elements. */
    void scale(double a, MemorySegment x, long from, long to) {
        scale(a, x, x, from, to);
    }

    private void scale(double a, MemorySegment x, MemorySegment out, long from, long to) {
        elementwise.blend((float) a, x, 0, x, out, from, to);
    }

    void copy(MemorySegment x, MemorySegment out) {
        elementwise.copy(x, out, false, 0, elements);
    }

    /** Cuts {@code x} to {@code -bound..bound}. */
    void clamp(MemorySegment x, double bound) {
        clamp(x, bound, 0, elements);
    }

    /** Cuts a range of {@code x} to {@code -bound..bound}. */
    void clamp(MemorySegment x, double bound, long from, long to) {
        elementwise.clamp(x, (float) -bound, (float) bound, x, from, to);
    }

    /** {@code out += exp(a t + b) z}. */
    void addExponential(double a, MemorySegment t, double b, MemorySegment z, MemorySegment out) {
        elementwise.addExponential((float) a, t, (float) b, z, out, 0, elements);
    }

    /** {@code out += sqrt(t) z}. */
    void addRoot(MemorySegment t, MemorySegment z, MemorySegment out) {
        elementwise.addRoot(t, z, out, 0, elements);
    }

    /** Takes one half of the channels out of an output {@code [N, H, W, 2 C]}. */
    void half(MemorySegment output, int half, MemorySegment out) {
        int width = shape.dim(-1);
        channels.copy(output, 2 * width, half * width, out, width, 0, width, false, 0, elements / width);
    }

    /** The same prediction as {@link Prediction#cleanFromSample} and {@link Prediction#cleanFromOutput} give it. */
    void predictClean(
            Prediction prediction,
            double alpha,
            double sigma,
            MemorySegment sample,
            MemorySegment output,
            MemorySegment clean) {
        if (prediction == Prediction.EPSILON && alpha == 0) {
            // Pure noise says nothing about the image: infinities of the right sign, which a clip makes finite.
            blend(1, sample, -sigma, output, clean);
            scale(Double.POSITIVE_INFINITY, clean, clean);
        } else if (prediction == Prediction.SAMPLE) {
            copy(output, clean);
        } else {
            blend(
                    prediction.cleanFromSample(alpha, sigma),
                    sample,
                    prediction.cleanFromOutput(alpha, sigma),
                    output,
                    clean);
        }
    }

    @Override
    public void close() {
        slab.close();
    }
}
