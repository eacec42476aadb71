package dev.hourglass.graph.op;

import dev.hourglass.kernel.Elementwise;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.util.ArrayList;
import java.util.List;

/**
 * The same numbers in the same order under other axes, {@code [N, ..]} to {@code [N, axes]}.
 *
 * @param axes lengths of the axes that follow the batch
 */
public record Reshape(List<Integer> axes) implements Op {

    /** Keeps a copy of the list. */
    public Reshape {
        axes = List.copyOf(axes);
    }

    @Override
    public Shape shape(List<Shape> inputs) {
        List<Integer> dims = new ArrayList<>(List.of(inputs.get(0).dim(0)));
        dims.addAll(axes);
        Shape y = Shape.of(dims.stream().mapToInt(Integer::intValue).toArray());
        Rules.require(y.elements() == inputs.get(0).elements(), "reshape", "as many elements as " + y, inputs.get(0));
        return y;
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
        Workers.Task forward = (item, worker) ->
                kernel.copy(binding.input(0), binding.output(), false, Split.from(item), Split.to(item, elements));
        Workers.Task backward = (item, worker) -> {
            if (binding.computesInputGradient(0)) {
                kernel.copy(
                        binding.outputGradient(),
                        binding.inputGradient(0),
                        binding.accumulatesInputGradient(0),
                        Split.from(item),
                        Split.to(item, elements));
            }
        };
        return new ParallelExecution(binding.workers(), Split.items(elements), forward, backward);
    }
}
