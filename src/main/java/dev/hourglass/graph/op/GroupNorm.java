package dev.hourglass.graph.op;

import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Group normalisation of {@code [N, .., C]}, with parameters gamma and beta {@code [C]} unless it is plain, and SiLU of it where
 * {@code Fusion} joined the two.
 *
 * @param groups how many groups the channels are cut into
 * @param eps added to the variance
 * @param learned whether there are gamma and beta; they are 1 and 0 otherwise
 * @param silu whether SiLU follows
 */
public record GroupNorm(int groups, float eps, boolean learned, boolean silu) implements Op {

    /** Elements that are worth an item of their own where images are few. */
    private static final int RUN = 8192;

    /** Normalisation alone. */
    public GroupNorm(int groups, float eps, boolean learned) {
        this(groups, eps, learned, false);
    }

    /** The same normalisation, followed by SiLU. */
    public GroupNorm withSilu() {
        return new GroupNorm(groups, eps, learned, true);
    }

    @Override
    public Shape shape(List<Shape> inputs) {
        Shape x = inputs.get(0);
        Rules.require(x.rank() >= 3, "group norm", "[N, .., C]", x);
        Rules.require(
                groups >= 1 && x.dim(-1) % groups == 0,
                "group norm",
                "channels that " + groups + " groups divide",
                x.dim(-1) + " channels");
        return x;
    }

    @Override
    public List<Buffer> buffers(Site site) {
        Shape x = site.inputShape(0);
        Buffer stats = new Buffer(
                "mean and deviation", 2L * x.dim(0) * groups * Float.BYTES, Buffer.Lifetime.FORWARD_TO_BACKWARD);
        Buffer partials =
                new Buffer("gradients per image", 2L * x.dim(0) * x.dim(-1) * Float.BYTES, Buffer.Lifetime.BACKWARD);
        Buffer plain = new Buffer("gamma and beta", 2L * x.dim(-1) * Float.BYTES, Buffer.Lifetime.PROGRAM);
        List<Buffer> buffers = new ArrayList<>(List.of(stats));
        if (site.training()) {
            buffers.add(partials);
        }
        if (!learned) {
            buffers.add(plain);
        }
        return buffers;
    }

    @Override
    public long workspaceBytes(Site site) {
        Shape x = site.inputShape(0);
        return site.kernels().groupNorm().workspaceBytes(pixels(x), x.dim(-1));
    }

    @Override
    public boolean backwardReadsInput(int index) {
        return true;
    }

    @Override
    public Execution bind(Binding binding) {
        dev.hourglass.kernel.GroupNorm kernel = binding.kernels().groupNorm();
        Workers workers = binding.workers();
        Shape x = binding.inputShape(0);
        int images = x.dim(0);
        int pixels = pixels(x);
        int channels = x.dim(-1);
        MemorySegment gamma = learned ? binding.parameter(0) : plain(binding, 0);
        MemorySegment beta = learned ? binding.parameter(1) : plain(binding, 1);
        Workers.Task forward = (n, worker) -> kernel.forward(
                binding.input(0),
                gamma,
                beta,
                binding.output(),
                binding.buffer(0),
                binding.workspace(worker),
                pixels,
                channels,
                groups,
                eps,
                silu,
                n,
                n + 1);
        Workers.Task backward = (n, worker) -> kernel.backward(
                binding.input(0),
                gamma,
                beta,
                binding.buffer(0),
                binding.outputGradient(),
                binding.inputGradient(0),
                binding.accumulatesInputGradient(0),
                binding.buffer(1),
                binding.workspace(worker),
                pixels,
                channels,
                groups,
                silu,
                n,
                n + 1);
        // One image after the other is kinder to the caches, but a few large images do not keep many threads busy.
        int runs = Split.items((long) pixels * channels, RUN);
        boolean apart = images < workers.threads() && runs > 1;
        Workers.Task statistics = (n, worker) -> kernel.statistics(
                binding.input(0), binding.buffer(0), binding.workspace(worker), pixels, channels, groups, eps, n);
        Workers.Task normalise = (item, worker) -> kernel.normalise(
                binding.input(0),
                gamma,
                beta,
                binding.output(),
                binding.buffer(0),
                binding.workspace(worker),
                pixels,
                channels,
                groups,
                silu,
                item / runs,
                (int) ((long) pixels * (item % runs) / runs),
                (int) ((long) pixels * (item % runs + 1) / runs));
        return new Execution() {
            @Override
            public void prepare() {
                if (!learned) {
                    binding.kernels().elementwise().fill(gamma, 1, 0, channels);
                    binding.kernels().elementwise().fill(beta, 0, 0, channels);
                }
            }

            @Override
            public void forward() {
                if (apart) {
                    workers.run(statistics, images);
                    workers.run(normalise, images * runs);
                } else {
                    workers.run(forward, images);
                }
            }

            @Override
            public void backward() {
                workers.run(backward, images);
                if (learned) {
                    kernel.reduceGradient(
                            binding.buffer(1),
                            images,
                            channels,
                            binding.parameterGradient(0),
                            binding.parameterGradient(1),
                            binding.accumulatesParameterGradient(0));
                }
            }
        };
    }

    /** Gamma or beta of a plain norm, in the last of the buffers. */
    private static MemorySegment plain(Binding binding, int index) {
        long bytes = (long) binding.inputShape(0).dim(-1) * Float.BYTES;
        return binding.buffer(binding.training() ? 2 : 1).asSlice(index * bytes, bytes);
    }

    private static int pixels(Shape x) {
        return Math.toIntExact(x.elements() / x.dim(0) / x.dim(-1));
    }
}
