package dev.hourglass.graph.op;

import dev.hourglass.kernel.Conv2dGeometry;
import dev.hourglass.kernel.Conv2dGeometry.Window;
import dev.hourglass.memory.Shape;
import java.util.List;

/**
 * 2-D convolution of {@code [N, H, W, Cin]} to {@code [N, oh, ow, Cout]} with weight {@code [groups, kh, kw, Cin / groups,
 * Cout / groups]} and bias {@code [Cout]}. Where {@code Fusion} joined the neighbours to it, a shift {@code [N, Cout]} for each image
 * and an addend of the output's shape follow as inputs.
 *
 * @param out output channels
 * @param kh kernel height
 * @param kw kernel width
 * @param height how the kernel slides down
 * @param width how the kernel slides across
 * @param groups how many independent convolutions the channels are cut into
 * @param shifted whether the second input is a shift
 * @param added whether the last input is an addend
 */
public record Conv2d(int out, int kh, int kw, Window height, Window width, int groups, boolean shifted, boolean added)
        implements Op {

    /** A convolution alone. */
    public Conv2d(int out, int kh, int kw, Window height, Window width, int groups) {
        this(out, kh, kw, height, width, groups, false, false);
    }

    /** The same convolution with a shift for each image and channel. */
    public Conv2d withShift() {
        return new Conv2d(out, kh, kw, height, width, groups, true, added);
    }

    /** The same convolution with an addend. */
    public Conv2d withAddend() {
        return new Conv2d(out, kh, kw, height, width, groups, shifted, true);
    }

    @Override
    public Shape shape(List<Shape> inputs) {
        Shape x = Rules.requireImage("convolution", inputs.get(0));
        Rules.require(
                x.dim(3) % groups == 0 && out % groups == 0,
                "convolution",
                "channels that " + groups + " groups divide",
                x.dim(3) + " in, " + out + " out");
        return Shape.of(
                x.dim(0),
                Conv2dGeometry.outputLength(x.dim(1), kh, height),
                Conv2dGeometry.outputLength(x.dim(2), kw, width),
                out);
    }

    @Override
    public long multiplyAdds(List<Shape> inputs, Shape output) {
        return geometry(inputs.get(0)).multiplyAdds() * groups;
    }

    @Override
    public List<Buffer> buffers(Site site) {
        return ConvolutionExecution.buffers(site, geometry(site.inputShape(0)), groups);
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
        return index == 0;
    }

    @Override
    public boolean passesGradient(int index) {
        return added && index == addend();
    }

    @Override
    public boolean overwrites(int index) {
        return added && index == addend();
    }

    @Override
    public Execution bind(Binding binding) {
        return new ConvolutionExecution(
                binding, geometry(binding.inputShape(0)), groups, shifted ? 1 : 0, added ? addend() : 0);
    }

    /** Which input the addend is. */
    private int addend() {
        return shifted ? 2 : 1;
    }

    /** The geometry of one group. */
    private Conv2dGeometry geometry(Shape x) {
        int in = x.dim(3);
        return Conv2dGeometry.of(x.dim(0), x.dim(1), x.dim(2), in / groups, out / groups, kh, kw, height, width)
                .withStrides(in, out);
    }
}
