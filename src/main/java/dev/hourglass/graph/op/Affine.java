package dev.hourglass.graph.op;

import dev.hourglass.kernel.Elementwise;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.util.List;

/**
 * {@code y = scale * x + shift}, element by element.
 *
 * @param scale the factor
 * @param shift what is added
 */
public record Affine(float scale, float shift) implements Op {

    @Override
    public Shape shape(List<Shape> inputs) {
        return inputs.get(0);
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return false;
    }

    @Override
    public Execution bind(Binding binding) {
        Elementwise kernel = binding.kernels().elementwise();
        long elements = binding.outputShape().elements();
        Workers.Task forward = (item, worker) -> kernel.affine(
                binding.input(0), scale, shift, binding.output(), false, Split.from(item), Split.to(item, elements));
        Workers.Task backward = (item, worker) -> {
            if (binding.wantsInputGradient(0)) {
                kernel.affine(
                        binding.outputGradient(),
                        scale,
                        0,
                        binding.inputGradient(0),
                        binding.accumulatesInputGradient(0),
                        Split.from(item),
                        Split.to(item, elements));
            }
        };
        return new ParallelExecution(binding.workers(), Split.items(elements), forward, backward);
    }
}
