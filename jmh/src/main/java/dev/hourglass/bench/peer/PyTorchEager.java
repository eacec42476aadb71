package dev.hourglass.bench.peer;

import dev.hourglass.UNet;
import dev.hourglass.graph.Parameter;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;

/** PyTorch's own operations, eager, as its Python code would call them; in place where nothing is trained. */
final class PyTorchEager implements Layers<Tensor>, AutoCloseable {

    private static final double EPS = 1e-5;
    private static final long[] ONES = {1, 1};

    private final Map<String, Tensor> parameters = new LinkedHashMap<>();
    private final Map<String, TensorOptional> optionals = new HashMap<>();
    private final MemoryFormat format;
    private final boolean trained;

    /**
     * Copies the weights.
     *
     * @param format of the convolutions' weights; their outputs follow it
     * @param trained whether the parameters will have gradients
     */
    PyTorchEager(UNet model, MemoryFormat format, boolean trained) {
        this.format = format;
        this.trained = trained;
        for (Parameter parameter : model.weights().parameters()) {
            Tensor tensor = PyTorchTensors.weight(model, parameter, format);
            tensor.set_requires_grad(trained);
            parameters.put(parameter.name(), tensor);
            optionals.put(parameter.name(), new TensorOptional(tensor));
        }
    }

    /** All parameters, for an optimizer. */
    TensorVector parameters() {
        return new TensorVector(parameters.values().toArray(Tensor[]::new));
    }

    @Override
    public boolean has(String layer) {
        return parameters.containsKey(layer + ".weight");
    }

    @Override
    public int size(String layer, int axis) {
        return Math.toIntExact(weight(layer).size(axis));
    }

    @Override
    public Tensor encoded(Tensor t, int width, boolean cosinesFirst) {
        try (Tensor frequencies = PyTorchTensors.frequencies(width);
                Tensor angles = torch.outer(t, frequencies);
                Tensor sines = torch.sin(angles);
                Tensor cosines = torch.cos(angles)) {
            return cosinesFirst ? concat(cosines, sines) : concat(sines, cosines);
        }
    }

    @Override
    public Tensor linear(String layer, Tensor x) {
        return torch.linear(x, weight(layer), bias(layer));
    }

    /**
     * In channels_last a convolution of 1x1 on one row of pixels, which is the same and goes through oneDNN on all threads: OpenBLAS
     * has one thread, for more would fight PyTorch's.
     */
    @Override
    public Tensor projected(String layer, Tensor tokens) {
        if (format != MemoryFormat.ChannelsLast) {
            return linear(layer, tokens);
        }
        try (Tensor kernel = used(weight(layer).unsqueeze(2), w -> w.unsqueeze(3));
                Tensor row = used(tokens.unsqueeze(1), r -> r.permute(0, 3, 1, 2))) {
            Tensor y = torch.conv2d(row, kernel, bias(layer), ONES, new long[] {0, 0}, ONES, 1);
            return used(used(y, r -> r.permute(0, 2, 3, 1)), r -> r.squeeze(1));
        }
    }

    @Override
    public Tensor conv(String layer, Tensor x, int stride, int padding) {
        long[] strides = {stride, stride};
        long[] paddings = {padding, padding};
        return torch.conv2d(x, weight(layer), bias(layer), strides, paddings, ONES, 1);
    }

    @Override
    public Tensor norm(String layer, Tensor x, int groups) {
        return torch.group_norm(x, groups, optionals.get(layer + ".weight"), bias(layer), EPS, true);
    }

    @Override
    public Tensor silu(Tensor x) {
        if (trained) {
            return used(x, torch::silu);
        }
        torch.silu_(x);
        return x;
    }

    @Override
    public Tensor sum(Tensor x, Tensor y) {
        if (trained) {
            return used(x, first -> first.add(y));
        }
        x.add_(y);
        return x;
    }

    @Override
    public Tensor shifted(Tensor x, Tensor shift) {
        try (Tensor pixels = used(shift, s -> s.view(s.size(0), s.size(1), 1, 1))) {
            return sum(x, pixels);
        }
    }

    @Override
    public Tensor halved(Tensor x) {
        return torch.avg_pool2d(x, 2, 2);
    }

    @Override
    public Tensor resized(Tensor x, Tensor like) {
        return torch.upsample_nearest2d(x, like.size(2), like.size(3));
    }

    @Override
    public Tensor concat(Tensor x, Tensor y) {
        try (TensorVector both = new TensorVector(x, y)) {
            return torch.cat(both, 1);
        }
    }

    @Override
    public Tensor tokens(Tensor image) {
        return used(image.flatten(2, 3), flat -> flat.transpose(1, 2));
    }

    @Override
    public Tensor attention(Tensor query, Tensor key, Tensor value, int heads) {
        try (Tensor q = heads(query, heads);
                Tensor k = heads(key, heads);
                Tensor v = heads(value, heads)) {
            Tensor mixed = torch.scaled_dot_product_attention(q, k, v);
            return used(used(mixed, m -> m.transpose(1, 2)), m -> m.flatten(2, 3));
        }
    }

    /** {@code [N, L, C]} as {@code [N, heads, L, C / heads]}. */
    private Tensor heads(Tensor x, int heads) {
        return used(x.view(x.size(0), x.size(1), heads, x.size(2) / heads), h -> h.transpose(1, 2));
    }

    @Override
    public Tensor image(Tensor tokens, Tensor like) {
        return used(tokens.transpose(1, 2), planes -> planes.reshape_as(like));
    }

    @Override
    public void done(Tensor x) {
        x.close();
    }

    private Tensor weight(String layer) {
        return parameters.get(layer + ".weight");
    }

    private TensorOptional bias(String layer) {
        return optionals.get(layer + ".bias");
    }

    @Override
    public void close() {
        optionals.values().forEach(TensorOptional::close);
        parameters.values().forEach(Tensor::close);
    }
}
