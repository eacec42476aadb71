package dev.hourglass.graph.op;

import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.util.List;

/**
 * Layer normalisation over the last axis of {@code [N, .., C]} with parameters gamma and beta {@code [C]}.
 *
 * @param eps added to the variance
 */
public record LayerNorm(float eps) implements Op {

    /** Elements of an item. */
    private static final int RUN = 32_768;

    /** Rows of an item at most: the parameters' gradients add them up in float. */
    private static final int MOST_ROWS = 256;

    @Override
    public Shape shape(List<Shape> inputs) {
        Shape x = inputs.get(0);
        Rules.require(x.rank() >= 2, "layer norm", "[N, .., C]", x);
        return x;
    }

    @Override
    public List<Buffer> buffers(Site site) {
        Shape x = site.inputShape(0);
        long floats = (long) dev.hourglass.kernel.LayerNorm.STATISTICS * rows(x);
        Buffer stats = new Buffer("mean and deviation", floats * Float.BYTES, Buffer.Lifetime.FORWARD_TO_BACKWARD);
        long partials = 2L * Split.items(rows(x), rowsOfItem(x)) * x.dim(-1);
        Buffer shares = new Buffer("gradients per item", partials * Float.BYTES, Buffer.Lifetime.BACKWARD);
        return site.training() ? List.of(stats, shares) : List.of(stats);
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return true;
    }

    @Override
    public Execution bind(Binding binding) {
        dev.hourglass.kernel.LayerNorm kernel = binding.kernels().layerNorm();
        Workers workers = binding.workers();
        Shape x = binding.inputShape(0);
        int channels = x.dim(-1);
        int rows = rows(x);
        int step = rowsOfItem(x);
        int items = Split.items(rows, step);
        Workers.Task forward = (item, worker) -> kernel.forward(
                binding.input(0),
                binding.parameter(0),
                binding.parameter(1),
                binding.output(),
                binding.buffer(0),
                channels,
                eps,
                item * step,
                Math.min((item + 1) * step, rows));
        Workers.Task backward = (item, worker) -> kernel.backward(
                binding.input(0),
                binding.parameter(0),
                binding.buffer(0),
                binding.outputGradient(),
                binding.inputGradient(0),
                binding.accumulatesInputGradient(0),
                binding.buffer(1),
                item,
                channels,
                item * step,
                Math.min((item + 1) * step, rows));
        return new Execution() {
            @Override
            public void forward() {
                workers.run(forward, items);
            }

            @Override
            public void backward() {
                workers.run(backward, items);
                binding.kernels()
                        .groupNorm()
                        .reduceGradient(
                                binding.buffer(1),
                                items,
                                channels,
                                binding.parameterGradient(0),
                                binding.parameterGradient(1),
                                binding.accumulatesParameterGradient(0));
            }
        };
    }

    private static int rows(Shape x) {
        return Math.toIntExact(x.elements() / x.dim(-1));
    }

    /** Rows that are done in one go, from the shape alone. */
    private static int rowsOfItem(Shape x) {
        return Math.clamp(RUN / x.dim(-1), 1, MOST_ROWS);
    }
}
