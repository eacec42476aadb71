package dev.hourglass.graph.op;

import dev.hourglass.kernel.Conv2dGeometry;
import dev.hourglass.memory.Shape;
import java.util.List;

/**
 * A linear layer on the last axis, {@code [N, .., in]} to {@code [N, .., out]}, with weight {@code [in, out]} and, unless it
 * has the weight alone, bias {@code [out]}.
 *
 * @param out output features
 */
public record Linear(int out) implements Op {

    @Override
    public Shape shape(List<Shape> inputs) {
        Shape x = inputs.get(0);
        Rules.require(x.rank() >= 2, "linear layer", "[N, .., features]", x);
        int[] dims = x.toArray();
        dims[dims.length - 1] = out;
        return Shape.of(dims);
    }

    @Override
    public long multiplyAdds(List<Shape> inputs, Shape output) {
        return geometry(inputs.get(0)).multiplyAdds();
    }

    @Override
    public List<Buffer> buffers(Site site) {
        return ConvolutionExecution.buffers(site, geometry(site.inputShape(0)), 1);
    }

    @Override
    public long workspaceBytes(Site site) {
        return ConvolutionExecution.workspaceBytes(site, geometry(site.inputShape(0)));
    }

    @Override
    public boolean packsParameters() {
        return true;
    }

    @Override
    public boolean roundsParameter(int index) {
        return index == 0;
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return true;
    }

    @Override
    public Execution bind(Binding binding) {
        return new ConvolutionExecution(binding, geometry(binding.inputShape(0)), 1, 0, 0);
    }

    private Conv2dGeometry geometry(Shape x) {
        int in = x.dim(-1);
        return Conv2dGeometry.linear(Math.toIntExact(x.elements() / in), in, out);
    }
}
