package dev.hourglass.bench.peer;

import dev.hourglass.UNet;
import dev.hourglass.graph.Parameter;
import dev.hourglass.unet.TinyUNet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;

/**
 * TinyUNet out of PyTorch's own operations, eager, as its Python code would call them. Like there, an intermediate tensor is freed
 * as soon as nothing needs it, for a pass that keeps them all runs out of the caches.
 */
final class PyTorchTinyUNet implements AutoCloseable {

    private static final double EPS = 1e-5;
    private static final double PERIOD = 10_000;

    private final Map<String, Tensor> parameters = new LinkedHashMap<>();
    private final Map<String, TensorOptional> optionals = new LinkedHashMap<>();
    private final Tensor frequencies;

    /**
     * Copies the weights.
     *
     * @param format of the convolutions' weights; their outputs follow it. Images of one channel are the same bytes in either, and
     *     keep the strides of the default one: PyTorch's group norm otherwise writes a gradient of the images, which have none, and
     *     crashes
     * @param trained whether the parameters will have gradients
     */
    PyTorchTinyUNet(UNet model, MemoryFormat format, boolean trained) {
        for (Parameter parameter : model.weights().parameters()) {
            int[] shape = parameter.fileShape().toArray();
            Tensor tensor = inFormat(tensor(model.weights().fileOrder(parameter), shape), format);
            tensor.set_requires_grad(trained);
            parameters.put(parameter.name(), tensor);
            optionals.put(parameter.name(), new TensorOptional(tensor));
        }
        frequencies = frequencies(model);
    }

    /** The angles of a timestep embedding for timestep 1. */
    static Tensor frequencies(UNet model) {
        int half = ((TinyUNet) model.architecture()).timeDim() / 2;
        float[] values = new float[half];
        for (int k = 0; k < half; k++) {
            values[k] = (float) Math.pow(PERIOD, -(double) k / half);
        }
        return tensor(values, half);
    }

    /** The largest of 8, 4, 2 and 1 that divides the channels. */
    static long groups(long channels) {
        long groups = 8;
        while (channels % groups != 0) {
            groups /= 2;
        }
        return groups;
    }

    /** Values as they come. */
    static Tensor tensor(float[] values, int... shape) {
        long[] sizes = new long[shape.length];
        for (int axis = 0; axis < shape.length; axis++) {
            sizes[axis] = shape[axis];
        }
        return Tensor.create(values, sizes);
    }

    /** A weight in a memory format; vectors and matrices as they are. Takes the tensor over. */
    static Tensor inFormat(Tensor weight, MemoryFormat format) {
        if (weight.ndimension() != 4) {
            return weight;
        }
        try (weight;
                MemoryFormatOptional wanted = new MemoryFormatOptional(format)) {
            // clone and not contiguous, which leaves the strides of one-channel kernels in the other format
            return weight.clone(wanted);
        }
    }

    /** All parameters, for an optimizer. */
    TensorVector parameters() {
        return new TensorVector(parameters.values().toArray(Tensor[]::new));
    }

    /**
     * The prediction.
     *
     * @param x {@code [N, 1, H, W]}
     * @param t {@code [N]}
     * @return {@code [N, 1, H, W]}, the caller's to close
     */
    Tensor forward(Tensor x, Tensor t) {
        try (Tensor time = timestepEmbedding(t);
                Tensor d1 = block("d1", x, time);
                Tensor d2 = used(torch.avg_pool2d(d1, 2, 2), pooled -> block("d2", pooled, time));
                Tensor d3 = used(torch.avg_pool2d(d2, 2, 2), pooled -> block("d3", pooled, time))) {
            Tensor neck = used(torch.avg_pool2d(d3, 2, 2), pooled -> block("mid", pooled, time));
            Tensor u3 = used(up(neck, d3), both -> block("u3", both, time));
            Tensor u2 = used(up(u3, d2), both -> block("u2", both, time));
            Tensor u1 = used(up(u2, d1), both -> block("u1", both, time));
            return used(u1, features -> conv("out", features, 0));
        }
    }

    private Tensor timestepEmbedding(Tensor t) {
        try (Tensor angles = torch.outer(t, frequencies);
                Tensor sines = torch.sin(angles);
                Tensor cosines = torch.cos(angles);
                TensorVector both = new TensorVector(sines, cosines)) {
            Tensor hidden = used(torch.cat(both, 1), encoded -> linear("t_emb.1", encoded));
            return used(used(hidden, torch::silu), active -> linear("t_emb.3", active));
        }
    }

    private Tensor block(String name, Tensor x, Tensor time) {
        Tensor h = used(used(norm(name + ".norm1", x), torch::silu), active -> conv(name + ".conv1", active, 1));
        Tensor shift = used(torch.silu(time), active -> linear(name + ".t_proj", active));
        Tensor shifted = used(used(shift, s -> s.view(s.size(0), s.size(1), 1, 1)), s -> used(h, s::add));
        Tensor normed = used(shifted, s -> norm(name + ".norm2", s));
        Tensor y = used(used(normed, torch::silu), active -> conv(name + ".conv2", active, 1));
        if (!parameters.containsKey(name + ".skip.weight")) {
            return used(y, branch -> branch.add(x));
        }
        return used(conv(name + ".skip", x, 0), skip -> used(y, branch -> branch.add(skip)));
    }

    /** To the wire's size, then both side by side. */
    private static Tensor up(Tensor x, Tensor wire) {
        try (x;
                Tensor upsampled = torch.upsample_nearest2d(x, new long[] {wire.size(2), wire.size(3)});
                TensorVector both = new TensorVector(upsampled, wire)) {
            return torch.cat(both, 1);
        }
    }

    private Tensor norm(String name, Tensor x) {
        return torch.group_norm(
                x, groups(x.size(1)), optionals.get(name + ".weight"), optionals.get(name + ".bias"), EPS, true);
    }

    private Tensor conv(String name, Tensor x, long padding) {
        long[] ones = {1, 1};
        return torch.conv2d(
                x,
                parameters.get(name + ".weight"),
                optionals.get(name + ".bias"),
                ones,
                new long[] {padding, padding},
                ones,
                1);
    }

    private Tensor linear(String name, Tensor x) {
        return torch.linear(x, parameters.get(name + ".weight"), optionals.get(name + ".bias"));
    }

    /** Applies an operation to a tensor that nobody needs afterwards. */
    private static Tensor used(Tensor x, UnaryOperator<Tensor> operation) {
        try (x) {
            return operation.apply(x);
        }
    }

    @Override
    public void close() {
        optionals.values().forEach(TensorOptional::close);
        parameters.values().forEach(Tensor::close);
        frequencies.close();
    }
}
