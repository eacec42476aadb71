package dev.hourglass.graph.op;

import dev.hourglass.kernel.AttentionGeometry;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Scaled dot-product attention over heads, scale {@code 1 / sqrt(channels / heads)}: queries {@code [N, .., C]}, keys and values
 * {@code [N, .., C]} to {@code [N, .., C]} of the queries' shape. The axes in between count tokens, so the pixels of an image are tokens
 * as they lie. A fourth input {@code [N, tokens of the keys]}, where there is one, is added to the scores of each key; it gets no
 * gradient.
 *
 * @param heads independent attentions that the channels are cut into
 */
public record Attention(int heads) implements Op {

    private static final int MASK = 3;

    @Override
    public Shape shape(List<Shape> inputs) {
        Shape q = inputs.get(0);
        Shape k = inputs.get(1);
        Rules.require(q.rank() >= 3 && k.rank() >= 3, "attention", "[N, .., C]", q + " and " + k);
        Rules.require(k.equals(inputs.get(2)), "attention", "values " + k, inputs.get(2));
        Rules.require(
                q.dim(0) == k.dim(0) && q.dim(-1) == k.dim(-1),
                "attention",
                "keys for " + q.dim(0) + " images with " + q.dim(-1) + " channels",
                k);
        Rules.require(
                heads >= 1 && q.dim(-1) % heads == 0,
                "attention",
                "channels that " + heads + " heads divide",
                q.dim(-1) + " channels");
        if (inputs.size() > MASK) {
            Shape mask = Shape.of(k.dim(0), tokens(k));
            Rules.require(inputs.get(MASK).equals(mask), "attention", "mask " + mask, inputs.get(MASK));
        }
        return q;
    }

    @Override
    public long multiplyAdds(List<Shape> inputs, Shape output) {
        return geometry(inputs.get(0), inputs.get(1)).multiplyAdds();
    }

    @Override
    public List<Buffer> buffers(Site site) {
        long bytes = geometry(site).rows() * Float.BYTES;
        return site.training()
                ? List.of(
                        new Buffer("log-sum-exp", bytes, Buffer.Lifetime.FORWARD_TO_BACKWARD),
                        new Buffer("delta", bytes, Buffer.Lifetime.BACKWARD))
                : List.of();
    }

    @Override
    public long workspaceBytes(Site site) {
        return site.kernels().attention().workspaceBytes(geometry(site));
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return true;
    }

    @Override
    public boolean backwardReadsOutput() {
        return true;
    }

    @Override
    public Execution bind(Binding binding) {
        dev.hourglass.kernel.Attention kernel = binding.kernels().attention();
        Workers workers = binding.workers();
        AttentionGeometry g = geometry(binding);
        MemorySegment q = binding.input(0);
        MemorySegment k = binding.input(1);
        MemorySegment v = binding.input(2);
        boolean masked = binding.inputs() > MASK;
        Rules.require(
                !masked || !binding.wantsInputGradient(MASK), "attention", "a mask without gradient", "a learned one");
        MemorySegment mask = masked ? binding.input(MASK) : null;
        MemorySegment y = binding.output();
        MemorySegment lse = binding.training() ? binding.buffer(0) : null;
        MemorySegment delta = binding.training() ? binding.buffer(1) : null;
        Workers.Task forward =
                (item, worker) -> kernel.forward(g, q, k, v, mask, y, lse, binding.workspace(worker), item);
        Workers.Task queries = (item, worker) -> kernel.queryGradient(
                g,
                q,
                k,
                v,
                mask,
                y,
                lse,
                binding.outputGradient(),
                delta,
                binding.inputGradient(0),
                binding.accumulatesInputGradient(0),
                binding.workspace(worker),
                item);
        Workers.Task keys = (item, worker) -> kernel.keyValueGradient(
                g,
                q,
                k,
                v,
                mask,
                lse,
                binding.outputGradient(),
                delta,
                binding.inputGradient(1),
                binding.accumulatesInputGradient(1),
                binding.inputGradient(2),
                binding.accumulatesInputGradient(2),
                binding.workspace(worker),
                item);
        boolean wantsKeys = binding.wantsInputGradient(1) || binding.wantsInputGradient(2);
        int queryItems = kernel.queryItems(g);
        int keyItems = kernel.keyItems(g);
        return new Execution() {
            @Override
            public void forward() {
                workers.run(forward, queryItems);
            }

            @Override
            public void backward() {
                workers.run(queries, queryItems);
                if (wantsKeys) {
                    workers.run(keys, keyItems);
                }
            }
        };
    }

    private AttentionGeometry geometry(Site site) {
        return geometry(site.inputShape(0), site.inputShape(1));
    }

    private AttentionGeometry geometry(Shape q, Shape k) {
        return AttentionGeometry.of(q.dim(0), heads, q.dim(-1) / heads, tokens(q), tokens(k));
    }

    private static int tokens(Shape shape) {
        return Math.toIntExact(shape.elements() / shape.dim(0) / shape.dim(-1));
    }
}
