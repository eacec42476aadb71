package dev.hourglass.graph.op;

import dev.hourglass.kernel.Channels;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.util.List;

/**
 * {@code y[n, h, w, c] = x[n, h, w, c] * (1 + s[n, c]) + s[n, C + c]}: a timestep that speaks through a scale and a shift (FiLM, arXiv
 * 1709.07871; diffusers' {@code scale_shift}). The second input is {@code [N, 2 C]}.
 */
public record ScaleShift() implements Op {

    @Override
    public Shape shape(List<Shape> inputs) {
        Shape x = Rules.requireImage("scale and shift", inputs.get(0));
        Shape expected = Shape.of(x.dim(0), 2 * x.dim(3));
        Rules.require(inputs.get(1).equals(expected), "scale and shift", expected, inputs.get(1));
        return x;
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return true;
    }

    @Override
    public Execution bind(Binding binding) {
        Channels kernel = binding.kernels().channels();
        Shape x = binding.inputShape(0);
        int pixels = x.dim(1) * x.dim(2);
        int channels = x.dim(3);
        Workers.Task forward = (n, worker) ->
                kernel.scaleShift(binding.input(0), binding.input(1), binding.output(), pixels, channels, n, n + 1);
        Workers.Task backward = (n, worker) -> {
            if (binding.wantsInputGradient(0)) {
                kernel.scaleShiftInputGradient(
                        binding.outputGradient(),
                        binding.input(1),
                        binding.inputGradient(0),
                        binding.accumulatesInputGradient(0),
                        pixels,
                        channels,
                        n,
                        n + 1);
            }
            if (binding.wantsInputGradient(1)) {
                kernel.scaleShiftGradient(
                        binding.input(0),
                        binding.outputGradient(),
                        binding.inputGradient(1),
                        binding.accumulatesInputGradient(1),
                        pixels,
                        channels,
                        n,
                        n + 1);
            }
        };
        return new ParallelExecution(binding.workers(), x.dim(0), forward, backward);
    }
}
