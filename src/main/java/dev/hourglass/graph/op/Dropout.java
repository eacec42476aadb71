package dev.hourglass.graph.op;

import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Dropout of {@code [N, ..]}: elements become zero at random, the others grow so that the mean stays. The second input {@code [N, 2]},
 * which gets no gradient, decides: the bits of an image's two numbers are the seed of its random words, so that they depend neither on the
 * batch around it nor on threads.
 *
 * @param rate the share that is dropped, at least 0 and below 1
 * @param stream what tells this place from others that drop
 */
public record Dropout(double rate, int stream) implements Op {

    /** Numbers of an image's key. */
    public static final int KEY = 2;

    private static final int KEYS = 1;

    @Override
    public Shape shape(List<Shape> inputs) {
        Shape keys = Shape.of(inputs.get(0).dim(0), KEY);
        Rules.require(inputs.get(KEYS).equals(keys), "dropout", "keys " + keys, inputs.get(KEYS));
        return inputs.get(0);
    }

    @Override
    public long workspaceBytes(Site site) {
        return site.kernels().dropout().workspaceBytes();
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return index == KEYS;
    }

    @Override
    public Execution bind(Binding binding) {
        dev.hourglass.kernel.Dropout kernel = binding.kernels().dropout();
        int images = binding.outputShape().dim(0);
        long image = binding.outputShape().elements() / images;
        int runs = Split.items(image);
        MemorySegment keys = binding.input(KEYS);
        Workers.Task forward = (item, worker) -> kernel.apply(
                binding.input(0),
                binding.output(),
                false,
                rate,
                seed(keys, item / runs),
                stream,
                item / runs * image,
                Split.from(item % runs),
                Split.to(item % runs, image),
                binding.workspace(worker));
        // The same elements as forward: dropping is its own adjoint.
        Workers.Task backward = (item, worker) -> kernel.apply(
                binding.outputGradient(),
                binding.inputGradient(0),
                binding.accumulatesInputGradient(0),
                rate,
                seed(keys, item / runs),
                stream,
                item / runs * image,
                Split.from(item % runs),
                Split.to(item % runs, image),
                binding.workspace(worker));
        return new ParallelExecution(binding.workers(), Math.multiplyExact(images, runs), forward, backward);
    }

    private static long seed(MemorySegment keys, int image) {
        long low = Integer.toUnsignedLong(keys.getAtIndex(ValueLayout.JAVA_INT, (long) KEY * image));
        return low | (long) keys.getAtIndex(ValueLayout.JAVA_INT, (long) KEY * image + 1) << 32;
    }
}
