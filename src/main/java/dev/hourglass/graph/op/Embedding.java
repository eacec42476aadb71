package dev.hourglass.graph.op;

import dev.hourglass.error.HourglassException;
import dev.hourglass.kernel.Channels;
import dev.hourglass.memory.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * A row of a learned table for each label: {@code [N]} to {@code [N, dim]} with weight {@code [count, dim]}. Labels are whole numbers from
 * 0 to {@code count - 1}; anything else is an error when the program runs.
 *
 * @param count rows of the table
 * @param dim width of a row
 */
public record Embedding(int count, int dim) implements Op {

    @Override
    public Shape shape(List<Shape> inputs) {
        Shape labels = Rules.requireRank("embedding", inputs.get(0), 1, "[N]");
        return Shape.of(labels.dim(0), dim);
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return true;
    }

    @Override
    public Execution bind(Binding binding) {
        Channels channels = binding.kernels().channels();
        int images = binding.inputShape(0).dim(0);
        return new Execution() {
            @Override
            public void forward() {
                for (int n = 0; n < images; n++) {
                    int row = row(binding.input(0), n);
                    channels.copy(
                            binding.parameter(0), dim, row * dim, binding.output(), dim, n * dim, dim, false, 0, 1);
                }
            }

            @Override
            public void backward() {
                MemorySegment dw = binding.parameterGradient(0);
                if (!binding.accumulatesParameterGradient(0)) {
                    binding.kernels().elementwise().fill(dw, 0, 0, (long) count * dim);
                }
                for (int n = 0; n < images; n++) { // one after the other: two images may have one label
                    int row = row(binding.input(0), n);
                    channels.copy(binding.outputGradient(), dim, n * dim, dw, dim, row * dim, dim, true, 0, 1);
                }
            }
        };
    }

    private int row(MemorySegment labels, int n) {
        float label = labels.getAtIndex(ValueLayout.JAVA_FLOAT, n);
        if (!(label >= 0 && label < count) || label != (int) label) {
            throw HourglassException.what("a label is not in the table")
                    .where("image " + n)
                    .expected("a whole number from 0 to " + (count - 1))
                    .found(label)
                    .build();
        }
        return (int) label;
    }
}
