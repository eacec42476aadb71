package dev.hourglass.graph.op;

import dev.hourglass.kernel.Pool;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.util.List;

/**
 * Average pooling without padding, {@code [N, H, W, C]} to {@code [N, floor((H - kernel) / stride) + 1, .., C]}.
 *
 * @param kernel height and width of the window
 * @param stride rows and columns between windows
 */
public record AveragePool(int kernel, int stride) implements Op {

    @Override
    public Shape shape(List<Shape> inputs) {
        Shape x = Rules.requireImage("average pooling", inputs.get(0));
        Rules.require(
                x.dim(1) >= kernel && x.dim(2) >= kernel, "average pooling", "at least " + kernel + "x" + kernel, x);
        return Shape.of(
                x.dim(0),
                Pool.outputLength(x.dim(1), kernel, stride),
                Pool.outputLength(x.dim(2), kernel, stride),
                x.dim(3));
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return false;
    }

    @Override
    public Execution bind(Binding binding) {
        Pool pool = binding.kernels().pool();
        Shape x = binding.inputShape(0);
        Workers.Task forward = (image, worker) -> pool.average(
                binding.input(0), binding.output(), x.dim(1), x.dim(2), x.dim(3), kernel, stride, image, image + 1);
        Workers.Task backward = (image, worker) -> pool.averageGradient(
                binding.outputGradient(),
                binding.inputGradient(0),
                binding.accumulatesInputGradient(0),
                x.dim(1),
                x.dim(2),
                x.dim(3),
                kernel,
                stride,
                image,
                image + 1);
        return new ParallelExecution(binding.workers(), x.dim(0), forward, backward);
    }
}
