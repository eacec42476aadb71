package dev.hourglass.graph.op;

import dev.hourglass.kernel.Channels;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.util.List;

/** Concatenation along the last axis, {@code [N, .., A]} and {@code [N, .., B]} to {@code [N, .., A + B]}: a memory wire arrives. */
public record Concat() implements Op {

    /** Pixels of an item. */
    private static final int PIXELS = 512;

    @Override
    public Shape shape(List<Shape> inputs) {
        Shape a = inputs.get(0);
        Shape b = inputs.get(1);
        Rules.require(a.rank() == b.rank() && a.rank() >= 2, "concatenation", "as many axes", a + " and " + b);
        for (int axis = 0; axis < a.rank() - 1; axis++) {
            Rules.require(a.dim(axis) == b.dim(axis), "concatenation", "equal N, H and W", a + " and " + b);
        }
        int[] dims = a.toArray();
        dims[dims.length - 1] += b.dim(-1);
        return Shape.of(dims);
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return false;
    }

    @Override
    public Execution bind(Binding binding) {
        Channels kernel = binding.kernels().channels();
        int a = binding.inputShape(0).dim(-1);
        int b = binding.inputShape(1).dim(-1);
        int both = a + b;
        long pixels = binding.outputShape().elements() / both;
        int items = Split.items(pixels, PIXELS);
        Workers.Task forward = (item, worker) -> {
            long from = (long) item * PIXELS;
            long to = Math.min(from + PIXELS, pixels);
            kernel.copy(binding.input(0), a, 0, binding.output(), both, 0, a, false, from, to);
            kernel.copy(binding.input(1), b, 0, binding.output(), both, a, b, false, from, to);
        };
        Workers.Task backward = (item, worker) -> {
            long from = (long) item * PIXELS;
            long to = Math.min(from + PIXELS, pixels);
            for (int k = 0; k < 2; k++) {
                if (binding.wantsInputGradient(k)) {
                    int width = k == 0 ? a : b;
                    kernel.copy(
                            binding.outputGradient(),
                            both,
                            k == 0 ? 0 : a,
                            binding.inputGradient(k),
                            width,
                            0,
                            width,
                            binding.accumulatesInputGradient(k),
                            from,
                            to);
                }
            }
        };
        return new ParallelExecution(binding.workers(), items, forward, backward);
    }
}
