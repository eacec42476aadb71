package dev.hourglass.graph.op;

import dev.hourglass.kernel.Conv2dGeometry;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** Runs convolutions and linear layers; groups are convolutions on slices of the channels, one after the other. */
final class ConvolutionExecution implements Execution {

    private final Workers workers;
    private final Group[] groups;
    private final Workers.Task gradientsBeside;
    private final int images;

    /**
     * Binds a convolution.
     *
     * @param shift which input is the shift, 0 for none
     * @param addend which input is the addend, 0 for none
     */
    ConvolutionExecution(Binding binding, Conv2dGeometry geometry, int groupCount, int shift, int addend) {
        workers = binding.workers();
        images = geometry.n();
        gradientsBeside = gradientsBeside(binding, shift, addend);
        groups = new Group[groupCount];
        for (int index = 0; index < groupCount; index++) {
            groups[index] = new Group(binding, geometry, index, groupCount, shift, addend);
        }
    }

    static List<Buffer> buffers(Site site, Conv2dGeometry g, int groups) {
        dev.hourglass.kernel.Conv2d kernel = site.kernels().conv2d();
        List<Buffer> buffers = new ArrayList<>();
        buffers.add(new Buffer("packed weights", groups * kernel.packedBytes(g), Buffer.Lifetime.PROGRAM));
        if (site.training()) {
            buffers.add(new Buffer("partial sums", kernel.gradientPartialBytes(g), Buffer.Lifetime.BACKWARD));
        }
        if (site.wantsInputGradient(0)) {
            buffers.add(
                    new Buffer("packed weights", groups * kernel.packedBytes(g.adjoint()), Buffer.Lifetime.PROGRAM));
        }
        return buffers;
    }

    static long workspaceBytes(Site site, Conv2dGeometry g) {
        dev.hourglass.kernel.Conv2d kernel = site.kernels().conv2d();
        return Math.max(kernel.workspaceBytes(g), kernel.workspaceBytes(g.adjoint()));
    }

    /** The gradients of shift and addend: sums and copies of the output's gradient, image by image. */
    private static Workers.Task gradientsBeside(Binding binding, int shift, int addend) {
        if (!binding.training()) {
            return null;
        }
        boolean wantsShift = shift > 0 && binding.computesInputGradient(shift);
        boolean wantsAddend = addend > 0 && binding.computesInputGradient(addend);
        if (!wantsShift && !wantsAddend) {
            return null;
        }
        Shape y = binding.outputShape();
        int pixels = y.dim(1) * y.dim(2);
        int channels = y.dim(3);
        long elements = (long) pixels * channels;
        return (n, worker) -> {
            if (wantsShift) {
                binding.kernels()
                        .channels()
                        .shiftGradient(
                                binding.outputGradient(),
                                binding.inputGradient(shift),
                                binding.accumulatesInputGradient(shift),
                                pixels,
                                channels,
                                n,
                                n + 1);
            }
            if (wantsAddend) {
                binding.kernels()
                        .elementwise()
                        .copy(
                                binding.outputGradient(),
                                binding.inputGradient(addend),
                                binding.accumulatesInputGradient(addend),
                                n * elements,
                                (n + 1) * elements);
            }
        };
    }

    @Override
    public void prepare() {
        for (Group group : groups) {
            workers.run(group.pack, group.packItems);
            if (group.packAdjoint != null) {
                workers.run(group.packAdjoint, group.packAdjointItems);
            }
        }
    }

    @Override
    public void forward() {
        for (Group group : groups) {
            workers.run(group.forward, group.forwardItems);
        }
    }

    @Override
    public void backward() {
        if (gradientsBeside != null) {
            workers.run(gradientsBeside, images);
        }
        for (Group group : groups) {
            if (group.inputGradient != null) {
                workers.run(group.inputGradient, group.inputGradientItems);
            }
            workers.run(group.weightGradient, group.weightGradientItems);
            workers.run(group.reduce, group.reduceItems);
        }
    }

    /** The tasks of one group. */
    private static final class Group {

        private final Workers.Task pack;
        private final int packItems;
        private final Workers.Task forward;
        private final int forwardItems;
        private Workers.Task packAdjoint;
        private int packAdjointItems;
        private Workers.Task inputGradient;
        private int inputGradientItems;
        private Workers.Task weightGradient;
        private int weightGradientItems;
        private Workers.Task reduce;
        private int reduceItems;

        Group(Binding binding, Conv2dGeometry g, int index, int groups, int shift, int addend) {
            dev.hourglass.kernel.Conv2d kernel = binding.kernels().conv2d();
            MemorySegment x = channels(binding.input(0), index * g.cin());
            MemorySegment y = channels(binding.output(), index * g.cout());
            MemorySegment weight = part(binding.parameter(0), index, groups);
            MemorySegment bias = binding.parameters() < 2 ? null : part(binding.parameter(1), index, groups);
            MemorySegment packed = part(binding.buffer(0), index, groups);
            packItems = kernel.packItems(g);
            pack = (item, worker) -> kernel.pack(g, weight, bias, packed, binding.workspace(worker), item);
            forwardItems = kernel.forwardItems(g);
            MemorySegment shifts = shift == 0 ? null : channels(binding.input(shift), index * g.cout());
            MemorySegment addends = addend == 0 ? null : channels(binding.input(addend), index * g.cout());
            forward =
                    (item, worker) -> kernel.forward(g, x, packed, shifts, addends, y, binding.workspace(worker), item);
            if (binding.training()) {
                bindBackward(binding, g, index, groups, x, weight);
            }
        }

        private void bindBackward(
                Binding binding, Conv2dGeometry g, int index, int groups, MemorySegment x, MemorySegment weight) {
            dev.hourglass.kernel.Conv2d kernel = binding.kernels().conv2d();
            MemorySegment dy = channels(binding.outputGradient(), index * g.cout());
            List<MemorySegment> dweight = parts(binding.parameterGradients(0), index, groups);
            List<MemorySegment> dbias =
                    binding.parameters() < 2 ? null : parts(binding.parameterGradients(1), index, groups);
            MemorySegment partials = binding.buffer(1);
            weightGradientItems = kernel.gradientItems(g);
            weightGradient =
                    (item, worker) -> kernel.weightGradient(g, x, dy, partials, binding.workspace(worker), item);
            reduceItems = kernel.reduceItems(g);
            reduce = (item, worker) -> kernel.reduceGradient(
                    g,
                    partials,
                    dweight.get(binding.gradientSum()),
                    dbias == null ? null : dbias.get(binding.gradientSum()),
                    binding.accumulatesParameterGradient(0),
                    binding.workspace(worker),
                    item);
            if (binding.wantsInputGradient(0)) {
                Conv2dGeometry adjoint = g.adjoint();
                MemorySegment packed = part(binding.buffer(2), index, groups);
                MemorySegment dx = channels(binding.inputGradient(0), index * g.cin());
                MemorySegment addend = binding.accumulatesInputGradient(0) ? dx : null;
                packAdjointItems = kernel.packItems(adjoint);
                packAdjoint =
                        (item, worker) -> kernel.packAdjoint(adjoint, weight, packed, binding.workspace(worker), item);
                inputGradientItems = kernel.forwardItems(adjoint);
                inputGradient = (item, worker) ->
                        kernel.forward(adjoint, dy, packed, null, addend, dx, binding.workspace(worker), item);
            }
        }

        /** The same pixels from channel {@code first} on. */
        private static MemorySegment channels(MemorySegment pixels, int first) {
            return pixels.asSlice((long) first * Float.BYTES);
        }

        private static List<MemorySegment> parts(List<MemorySegment> wholes, int index, int parts) {
            return wholes.stream().map(whole -> part(whole, index, parts)).toList();
        }

        /** Part {@code index} of {@code parts} equal ones. */
        private static MemorySegment part(MemorySegment whole, int index, int parts) {
            long bytes = whole.byteSize() / parts;
            return whole.asSlice(index * bytes, bytes);
        }
    }
}
