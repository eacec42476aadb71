package dev.hourglass.graph.op;

import dev.hourglass.kernel.TimestepEncoding;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.util.List;

/**
 * Timesteps {@code [N]} to sinusoids {@code [N, dim]}, or several numbers for each image, {@code [N, K]}, to {@code [N, K dim]}; see
 * {@link TimestepEncoding}.
 *
 * @param dim width of the encoding
 * @param order where sines and cosines go
 * @param freqShift what is subtracted from {@code dim / 2} in the exponent's denominator
 * @param period the longest wavelength over 2 pi
 */
public record SinusoidalEncoding(int dim, TimestepEncoding.Order order, double freqShift, double period) implements Op {

    @Override
    public Shape shape(List<Shape> inputs) {
        Shape t = inputs.get(0);
        Rules.require(t.rank() <= 2, "timestep encoding", "[N] or [N, K]", t);
        return Shape.of(t.dim(0), Math.toIntExact(t.elements() / t.dim(0) * dim));
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return true;
    }

    @Override
    public Execution bind(Binding binding) {
        TimestepEncoding kernel = binding.kernels().timestepEncoding();
        int n = Math.toIntExact(binding.inputShape(0).elements());
        Workers.Task forward = (row, worker) ->
                kernel.encode(binding.input(0), binding.output(), dim, order, freqShift, period, row, row + 1);
        Workers.Task backward = (row, worker) -> kernel.encodeGradient(
                binding.input(0),
                binding.outputGradient(),
                binding.inputGradient(0),
                binding.accumulatesInputGradient(0),
                dim,
                order,
                freqShift,
                period,
                row,
                row + 1);
        return new ParallelExecution(binding.workers(), n, forward, backward);
    }
}
