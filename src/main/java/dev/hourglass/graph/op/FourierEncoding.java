package dev.hourglass.graph.op;

import dev.hourglass.kernel.TimestepEncoding;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.util.List;

/**
 * Noise levels {@code [N]}, above 0 where their logarithm is encoded, to Gaussian Fourier features {@code [N, 2 dim]} with weight {@code [dim]}; see
 * {@link TimestepEncoding#fourier}. Neither the levels nor the frequencies get a gradient; that of the frequencies is zero.
 *
 * @param dim how many frequencies
 * @param log whether the logarithm of a level is encoded
 * @param order sines or cosines first
 */
public record FourierEncoding(int dim, boolean log, TimestepEncoding.Order order) implements Op {

    @Override
    public Shape shape(List<Shape> inputs) {
        Shape t = Rules.requireRank("Fourier encoding", inputs.get(0), 1, "[N]");
        return Shape.of(t.dim(0), 2 * dim);
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return false;
    }

    @Override
    public Execution bind(Binding binding) {
        TimestepEncoding kernel = binding.kernels().timestepEncoding();
        Workers workers = binding.workers();
        int images = binding.inputShape(0).dim(0);
        Workers.Task forward = (n, worker) ->
                kernel.fourier(binding.input(0), binding.parameter(0), binding.output(), dim, log, order, n, n + 1);
        return new Execution() {
            @Override
            public void forward() {
                workers.run(forward, images);
            }

            @Override
            public void backward() {
                if (!binding.accumulatesParameterGradient(0)) {
                    binding.kernels().elementwise().fill(binding.parameterGradient(0), 0, 0, dim);
                }
            }
        };
    }
}
