package dev.hourglass.graph.op;

import dev.hourglass.kernel.Elementwise;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** {@code y = a + b}, two tensors of one shape: the residual connection. */
public record Add() implements Op {

    @Override
    public Shape shape(List<Shape> inputs) {
        Rules.require(inputs.get(0).equals(inputs.get(1)), "add", inputs.get(0), inputs.get(1));
        return inputs.get(0);
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return false;
    }

    @Override
    public boolean passesGradient(int index) {
        return true;
    }

    @Override
    public Execution bind(Binding binding) {
        Elementwise kernel = binding.kernels().elementwise();
        long elements = binding.outputShape().elements();
        int items = Split.items(elements);
        MemorySegment a = binding.input(0);
        MemorySegment b = binding.input(1);
        MemorySegment y = binding.output();
        Workers.Task forward = (item, worker) -> kernel.add(a, b, y, Split.from(item), Split.to(item, elements));
        Workers.Task backward = (item, worker) -> {
            // da = dy, db = dy
            for (int k = 0; k < 2; k++) {
                if (binding.computesInputGradient(k)) {
                    kernel.copy(
                            binding.outputGradient(),
                            binding.inputGradient(k),
                            binding.accumulatesInputGradient(k),
                            Split.from(item),
                            Split.to(item, elements));
                }
            }
        };
        return new ParallelExecution(binding.workers(), items, forward, backward);
    }
}
