package dev.hourglass.graph.op;

import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * {@code y = f(x)}, any shape; {@link Silu} is an operation of its own, because it joins the norm before it.
 *
 * @param kind which function
 */
public record Activation(dev.hourglass.kernel.Activation.Kind kind) implements Op {

    @Override
    public Shape shape(List<Shape> inputs) {
        return inputs.get(0);
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return true;
    }

    @Override
    public Execution bind(Binding binding) {
        dev.hourglass.kernel.Activation kernel = binding.kernels().activation();
        long elements = binding.outputShape().elements();
        int items = Split.items(elements);
        MemorySegment x = binding.input(0);
        MemorySegment y = binding.output();
        Workers.Task forward = (item, worker) -> kernel.values(kind, x, y, Split.from(item), Split.to(item, elements));
        Workers.Task backward = (item, worker) -> kernel.gradient(
                kind,
                x,
                binding.outputGradient(),
                binding.inputGradient(0),
                binding.accumulatesInputGradient(0),
                Split.from(item),
                Split.to(item, elements));
        return new ParallelExecution(binding.workers(), items, forward, backward);
    }
}
