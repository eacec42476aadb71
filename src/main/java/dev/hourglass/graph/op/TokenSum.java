package dev.hourglass.graph.op;

import dev.hourglass.kernel.Channels;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.util.List;

/** The sum over tokens, {@code [N, .., C]} to {@code [N, C]}. */
public record TokenSum() implements Op {

    @Override
    public Shape shape(List<Shape> inputs) {
        Shape x = inputs.get(0);
        Rules.require(x.rank() >= 3, "sum over tokens", "[N, .., C]", x);
        return Shape.of(x.dim(0), x.dim(-1));
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return false;
    }

    @Override
    public Execution bind(Binding binding) {
        Channels kernel = binding.kernels().channels();
        int images = binding.outputShape().dim(0);
        int channels = binding.outputShape().dim(1);
        int tokens = Math.toIntExact(binding.inputShape(0).elements() / images / channels);
        long image = (long) tokens * channels;
        Workers.Task forward = (n, worker) ->
                kernel.shiftGradient(binding.input(0), binding.output(), false, tokens, channels, n, n + 1);
        Workers.Task backward = (n, worker) -> {
            // dx = dy for every token
            if (!binding.accumulatesInputGradient(0)) {
                binding.kernels().elementwise().fill(binding.inputGradient(0), 0, n * image, (n + 1) * image);
            }
            kernel.shift(
                    binding.inputGradient(0),
                    binding.outputGradient(),
                    binding.inputGradient(0),
                    tokens,
                    channels,
                    n,
                    n + 1);
        };
        return new ParallelExecution(binding.workers(), images, forward, backward);
    }
}
