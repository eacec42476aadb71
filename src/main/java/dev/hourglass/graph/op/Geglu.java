package dev.hourglass.graph.op;

import dev.hourglass.kernel.Activation;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.util.List;

/**
 * {@code hidden * gelu(gate)} (arXiv 2002.05202), {@code [N, .., 2 * C]} to {@code [N, .., C]}: the first half of the last axis is hidden,
 * the second the gate, as in diffusers.
 */
public record Geglu() implements Op {

    @Override
    public Shape shape(List<Shape> inputs) {
        Shape x = inputs.get(0);
        Rules.require(x.rank() >= 2 && x.dim(-1) % 2 == 0, "GEGLU", "[N, .., 2 * C]", x);
        int[] dims = x.toArray();
        dims[dims.length - 1] /= 2;
        return Shape.of(dims);
    }

    @Override
    public long workspaceBytes(Site site) {
        return site.kernels().activation().gegluWorkspaceBytes();
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return true;
    }

    @Override
    public Execution bind(Binding binding) {
        Activation kernel = binding.kernels().activation();
        Shape y = binding.outputShape();
        int width = y.dim(-1);
        int rows = Math.toIntExact(y.elements() / width);
        int step = Math.max(1, Split.CHUNK / width);
        Workers.Task forward = (item, worker) ->
                kernel.geglu(binding.input(0), binding.output(), width, item * step, Math.min((item + 1) * step, rows));
        Workers.Task backward = (item, worker) -> kernel.gegluGradient(
                binding.input(0),
                binding.outputGradient(),
                binding.inputGradient(0),
                binding.accumulatesInputGradient(0),
                binding.workspace(worker),
                width,
                item * step,
                Math.min((item + 1) * step, rows));
        return new ParallelExecution(binding.workers(), Split.items(rows, step), forward, backward);
    }
}
