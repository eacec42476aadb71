package dev.hourglass.graph.op;

import dev.hourglass.kernel.Resample;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.util.List;

/**
 * Nearest-neighbour resizing of {@code [N, H, W, C]} to a given size, odd ones included: what brings features back to the size of
 * the memory wire they meet.
 *
 * @param height the output's height
 * @param width the output's width
 */
public record NearestResize(int height, int width) implements Op {

    @Override
    public Shape shape(List<Shape> inputs) {
        Shape x = Rules.requireImage("resize", inputs.get(0));
        return Shape.of(x.dim(0), height, width, x.dim(3));
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return false;
    }

    @Override
    public Execution bind(Binding binding) {
        Resample resample = binding.kernels().resample();
        Shape x = binding.inputShape(0);
        Workers.Task forward = (image, worker) -> resample.nearest(
                binding.input(0), binding.output(), x.dim(1), x.dim(2), height, width, x.dim(3), image, image + 1);
        Workers.Task backward = (image, worker) -> resample.nearestGradient(
                binding.outputGradient(),
                binding.inputGradient(0),
                binding.accumulatesInputGradient(0),
                x.dim(1),
                x.dim(2),
                height,
                width,
                x.dim(3),
                image,
                image + 1);
        return new ParallelExecution(binding.workers(), x.dim(0), forward, backward);
    }
}
