package dev.hourglass.graph.op;

import dev.hourglass.kernel.Channels;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.util.List;

/**
 * Tokens of one value and then tokens of another, {@code [N, .., C]} and {@code [N, .., C]} to {@code [N, S + T, C]}. The axes in between
 * count tokens, so the pixels of an image are tokens as they lie.
 */
public record ConcatTokens() implements Op {

    /** Tokens of an item. */
    private static final int TOKENS = 512;

    @Override
    public Shape shape(List<Shape> inputs) {
        Shape a = inputs.get(0);
        Shape b = inputs.get(1);
        Rules.require(
                a.rank() >= 3 && b.rank() >= 3 && a.dim(0) == b.dim(0) && a.dim(-1) == b.dim(-1),
                "concatenation of tokens",
                "[N, .., C] of equal N and C",
                a + " and " + b);
        return Shape.of(a.dim(0), tokens(a) + tokens(b), a.dim(-1));
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return false;
    }

    @Override
    public Execution bind(Binding binding) {
        int items = Split.items(binding.outputShape().dim(1), TOKENS);
        Workers.Task forward = (item, worker) -> each(binding, item / items, item % items, false);
        Workers.Task backward = (item, worker) -> each(binding, item / items, item % items, true);
        int images = binding.outputShape().dim(0);
        return new ParallelExecution(binding.workers(), images * items, forward, backward);
    }

    /** The part of an image's tokens that is item {@code run}, from the inputs or back to their gradients. */
    private static void each(Binding binding, int image, int run, boolean back) {
        Channels kernel = binding.kernels().channels();
        int channels = binding.outputShape().dim(2);
        int both = binding.outputShape().dim(1);
        int before = 0;
        for (int k = 0; k < 2; k++) {
            int tokens = tokens(binding.inputShape(k));
            int from = Math.max(run * TOKENS, before);
            int count = Math.min(Math.min((run + 1) * TOKENS, both), before + tokens) - from;
            int width = tokens * channels;
            int offset = (from - before) * channels;
            if (count > 0 && !back) {
                kernel.copy(
                        binding.input(k),
                        width,
                        offset,
                        binding.output(),
                        both * channels,
                        from * channels,
                        count * channels,
                        false,
                        image,
                        image + 1);
            } else if (count > 0 && binding.wantsInputGradient(k)) {
                kernel.copy(
                        binding.outputGradient(),
                        both * channels,
                        from * channels,
                        binding.inputGradient(k),
                        width,
                        offset,
                        count * channels,
                        binding.accumulatesInputGradient(k),
                        image,
                        image + 1);
            }
            before += tokens;
        }
    }

    private static int tokens(Shape shape) {
        return Math.toIntExact(shape.elements() / shape.dim(0) / shape.dim(-1));
    }
}
