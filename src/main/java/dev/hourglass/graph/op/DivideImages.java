package dev.hourglass.graph.op;

import dev.hourglass.kernel.Elementwise;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** {@code y[n] = x[n] / t[n]}: images {@code [N, ..]} over one number each, {@code [N]}, that gets no gradient. */
public record DivideImages() implements Op {

    @Override
    public Shape shape(List<Shape> inputs) {
        Shape x = inputs.get(0);
        Rules.require(inputs.get(1).equals(Shape.of(x.dim(0))), "division", Shape.of(x.dim(0)), inputs.get(1));
        return x;
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return index == 1;
    }

    @Override
    public Execution bind(Binding binding) {
        Elementwise kernel = binding.kernels().elementwise();
        int images = binding.inputShape(0).dim(0);
        long image = binding.inputShape(0).elements() / images;
        Workers.Task forward = (n, worker) -> kernel.affine(
                binding.input(0), factor(binding.input(1), n), 0, binding.output(), false, n * image, (n + 1) * image);
        Workers.Task backward = (n, worker) -> kernel.affine(
                binding.outputGradient(),
                factor(binding.input(1), n),
                0,
                binding.inputGradient(0),
                binding.accumulatesInputGradient(0),
                n * image,
                (n + 1) * image);
        return new ParallelExecution(binding.workers(), images, forward, backward);
    }

    private static float factor(MemorySegment t, int n) {
        return 1 / t.getAtIndex(ValueLayout.JAVA_FLOAT, n);
    }
}
