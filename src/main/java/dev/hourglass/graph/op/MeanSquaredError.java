package dev.hourglass.graph.op;

import dev.hourglass.kernel.Loss;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** {@code mean((prediction - target)^2)} as a tensor {@code [1]}; the target gets no gradient. */
public record MeanSquaredError() implements Op {

    @Override
    public Shape shape(List<Shape> inputs) {
        Rules.require(inputs.get(0).equals(inputs.get(1)), "mean squared error", inputs.get(0), inputs.get(1));
        return Shape.of(1);
    }

    @Override
    public List<Buffer> buffers(Site site) {
        long items = Split.items(site.inputShape(0).elements());
        return List.of(new Buffer("partial sums", items * Double.BYTES, Buffer.Lifetime.FORWARD_TO_BACKWARD));
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return true;
    }

    @Override
    public Execution bind(Binding binding) {
        Loss loss = binding.kernels().loss();
        Workers workers = binding.workers();
        long elements = binding.inputShape(0).elements();
        int items = Split.items(elements);
        MemorySegment partials = binding.buffer(0);
        Workers.Task forward = (item, worker) -> partials.setAtIndex(
                ValueLayout.JAVA_DOUBLE,
                item,
                loss.squaredError(binding.input(0), binding.input(1), Split.from(item), Split.to(item, elements)));
        Workers.Task backward = (item, worker) -> {
            float seed = binding.outputGradient().get(ValueLayout.JAVA_FLOAT, 0);
            loss.squaredErrorGradient(
                    binding.input(0),
                    binding.input(1),
                    2f * seed / elements,
                    binding.inputGradient(0),
                    binding.accumulatesInputGradient(0),
                    Split.from(item),
                    Split.to(item, elements));
        };
        return new Execution() {
            @Override
            public void forward() {
                workers.run(forward, items);
                double sum = 0;
                for (int item = 0; item < items; item++) {
                    sum += partials.getAtIndex(ValueLayout.JAVA_DOUBLE, item);
                }
                binding.output().set(ValueLayout.JAVA_FLOAT, 0, (float) (sum / elements));
            }

            @Override
            public void backward() {
                workers.run(backward, items);
            }
        };
    }
}
