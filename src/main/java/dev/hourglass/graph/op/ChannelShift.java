package dev.hourglass.graph.op;

import dev.hourglass.kernel.Channels;
import dev.hourglass.kernel.Elementwise;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.util.List;

/** {@code y[n, h, w, c] = x[n, h, w, c] + shift[n, c]}: the timestep speaks to every pixel of a residual block. */
public record ChannelShift() implements Op {

    @Override
    public Shape shape(List<Shape> inputs) {
        Shape x = Rules.requireImage("channel shift", inputs.get(0));
        Shape expected = Shape.of(x.dim(0), x.dim(3));
        Rules.require(inputs.get(1).equals(expected), "channel shift", "shift " + expected, inputs.get(1));
        return x;
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return false;
    }

    @Override
    public boolean passesGradient(int index) {
        return index == 0;
    }

    @Override
    public Execution bind(Binding binding) {
        Channels channels = binding.kernels().channels();
        Elementwise elementwise = binding.kernels().elementwise();
        Shape x = binding.inputShape(0);
        int pixels = x.dim(1) * x.dim(2);
        long image = (long) pixels * x.dim(3);
        Workers.Task forward = (n, worker) ->
                channels.shift(binding.input(0), binding.input(1), binding.output(), pixels, x.dim(3), n, n + 1);
        Workers.Task backward = (n, worker) -> {
            if (binding.computesInputGradient(0)) {
                elementwise.copy(
                        binding.outputGradient(),
                        binding.inputGradient(0),
                        binding.accumulatesInputGradient(0),
                        n * image,
                        (n + 1) * image);
            }
            if (binding.wantsInputGradient(1)) {
                channels.shiftGradient(
                        binding.outputGradient(),
                        binding.inputGradient(1),
                        binding.accumulatesInputGradient(1),
                        pixels,
                        x.dim(3),
                        n,
                        n + 1);
            }
        };
        return new ParallelExecution(binding.workers(), x.dim(0), forward, backward);
    }
}
