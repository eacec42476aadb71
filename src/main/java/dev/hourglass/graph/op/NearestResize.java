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
        int channels = x.dim(3);
        ResizeBands bands = new ResizeBands(x, height, width);
        Workers.Task forward = (item, worker) -> resample.nearest(
                binding.input(0),
                binding.output(),
                channels,
                x.dim(1),
                x.dim(2),
                height,
                width,
                channels,
                bands.reader(bands.from(item)),
                bands.reader(bands.to(item)));
        Workers.Task backward = (item, worker) -> resample.nearestGradient(
                binding.outputGradient(),
                channels,
                binding.inputGradient(0),
                binding.accumulatesInputGradient(0),
                x.dim(1),
                x.dim(2),
                height,
                width,
                channels,
                bands.from(item),
                bands.to(item));
        return new ParallelExecution(binding.workers(), bands.items(), forward, backward);
    }
}
