package dev.hourglass.graph.op;

import dev.hourglass.memory.Shape;
import java.util.List;

/**
 * A constant of zeros: what a cut memory wire carries.
 *
 * @param shape the output's shape
 */
public record Zeros(Shape shape) implements Op {

    @Override
    public Shape shape(List<Shape> inputs) {
        return shape;
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return false;
    }

    @Override
    public Execution bind(Binding binding) {
        return new Execution() {
            @Override
            public void forward() {
                binding.kernels().elementwise().fill(binding.output(), 0f, 0, shape.elements());
            }

            @Override
            public void backward() {
                // a constant has no gradient
            }
        };
    }
}
