package dev.hourglass.graph.op;

import dev.hourglass.kernel.Channels;
import dev.hourglass.kernel.Resample;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * {@link Concat} of {@code [N, h, w, A]} and {@code [N, H, W, B]} to {@code [N, H, W, A + B]}, the first resized as {@link NearestResize}
 * does it: {@code Fusion} makes it of the two. Nothing but the result is written.
 */
public record ResizedConcat() implements Op {

    @Override
    public Shape shape(List<Shape> inputs) {
        Shape a = Rules.requireImage("resized concatenation", inputs.get(0));
        Shape b = Rules.requireImage("resized concatenation", inputs.get(1));
        Rules.require(a.dim(0) == b.dim(0), "resized concatenation", "equal N", a + " and " + b);
        return Shape.of(b.dim(0), b.dim(1), b.dim(2), a.dim(3) + b.dim(3));
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return false;
    }

    @Override
    public Execution bind(Binding binding) {
        Channels channels = binding.kernels().channels();
        Resample resample = binding.kernels().resample();
        Shape x = binding.inputShape(0);
        Shape y = binding.outputShape();
        int h = x.dim(1);
        int w = x.dim(2);
        int oh = y.dim(1);
        int ow = y.dim(2);
        int a = x.dim(3);
        int both = y.dim(3);
        int b = both - a;
        ResizeBands bands = new ResizeBands(x, oh, ow);
        Workers.Task forward = (item, worker) -> {
            int from = bands.reader(bands.from(item));
            int to = bands.reader(bands.to(item));
            MemorySegment out = binding.output();
            resample.nearest(binding.input(0), out, both, h, w, oh, ow, a, from, to);
            channels.copy(binding.input(1), b, 0, out, both, a, b, false, (long) from * ow, (long) to * ow);
        };
        Workers.Task backward = (item, worker) -> {
            int from = bands.from(item);
            int to = bands.to(item);
            MemorySegment dy = binding.outputGradient();
            if (binding.wantsInputGradient(0)) {
                MemorySegment dx = binding.inputGradient(0);
                boolean adds = binding.accumulatesInputGradient(0);
                resample.nearestGradient(dy, both, dx, adds, h, w, oh, ow, a, from, to);
            }
            if (binding.wantsInputGradient(1)) {
                MemorySegment dx = binding.inputGradient(1);
                boolean adds = binding.accumulatesInputGradient(1);
                long first = (long) bands.reader(from) * ow;
                channels.copy(dy, both, a, dx, b, 0, b, adds, first, (long) bands.reader(to) * ow);
            }
        };
        return new ParallelExecution(binding.workers(), bands.items(), forward, backward);
    }
}
