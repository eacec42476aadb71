package dev.hourglass.graph.op;

import dev.hourglass.kernel.Elementwise;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@code y = x * sigmoid(x)}, any shape. */
public record Silu() implements Op {

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
        Elementwise kernel = binding.kernels().elementwise();
        long elements = binding.outputShape().elements();
        int items = Split.items(elements);
        MemorySegment x = binding.input(0);
        MemorySegment y = binding.output();
        Workers.Task forward = (item, worker) -> kernel.silu(x, y, Split.from(item), Split.to(item, elements));
        Workers.Task backward = (item, worker) -> kernel.siluGradient(
                x,
                binding.outputGradient(),
                binding.inputGradient(0),
                binding.accumulatesInputGradient(0),
                Split.from(item),
                Split.to(item, elements));
        return new ParallelExecution(binding.workers(), items, forward, backward);
    }
}
