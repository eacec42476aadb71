package dev.hourglass.bench.layer;

import dev.hourglass.bench.peer.PyTorchEngine;
import dev.hourglass.bench.peer.PyTorchTensors;
import dev.hourglass.bench.peer.Work;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;

/** PyTorch in this process. */
final class PyTorchLayers implements LayerEngine {

    private static final double EPS = 1e-5;
    private static final long[] ONES = {1, 1};

    /** As many as make PyTorch give convolutions of 1x1 to oneDNN on one thread, too. */
    private static final int IMAGES = 16;

    private final MemoryFormat format;

    private PyTorchLayers(MemoryFormat format) {
        this.format = format;
    }

    /**
     * Both memory formats.
     *
     * @throws LinkageError when the libraries are not there
     */
    static List<LayerEngine> both() {
        PyTorchEngine.load();
        return List.of(new PyTorchLayers(MemoryFormat.Contiguous), new PyTorchLayers(MemoryFormat.ChannelsLast));
    }

    @Override
    public String name() {
        return "PyTorch";
    }

    @Override
    public Optional<Work> prepare(Layer layer, LayerData data, int threads) {
        torch.set_num_threads(threads);
        return Optional.of(
                switch (layer) {
                    case Layer.Convolution conv -> new Learned(layer, data, format, on -> convolution(conv, on));
                    case Layer.Norm norm -> new Learned(layer, data, format, on -> norm(norm, on));
                    case Layer.Linear linear -> new Learned(layer, data, format, on -> linear(linear, on));
                    case Layer.Attention attention ->
                        new PyTorchAttention(attention, data, format == MemoryFormat.ChannelsLast);
                });
    }

    private Tensor convolution(Layer.Convolution conv, Learned on) {
        if (conv.kernel() == 1 && format == MemoryFormat.ChannelsLast && torch.get_num_threads() == 1) {
            try (Tensor pixels = on.x.permute(0, 2, 3, 1);
                    Tensor y = product(pixels, conv.in(), conv.out(), on);
                    Tensor image = y.view(conv.batch(), conv.side(), conv.side(), conv.out())) {
                return image.permute(0, 3, 1, 2);
            }
        }
        long[] stride = {conv.stride(), conv.stride()};
        long[] padding = {conv.padding(), conv.padding()};
        return torch.conv2d(on.x, on.weight, on.optionalBias, stride, padding, ONES, 1);
    }

    private static Tensor norm(Layer.Norm norm, Learned on) {
        Tensor normed = torch.group_norm(on.x, norm.groups(), on.optionalWeight, on.optionalBias, EPS, true);
        if (norm.silu()) {
            // in place, which is the faster way; what it returns is the same tensor
            torch.silu_(normed);
        }
        return normed;
    }

    private Tensor linear(Layer.Linear linear, Learned on) {
        return format == MemoryFormat.ChannelsLast
                ? product(on.x, linear.in(), linear.out(), on)
                : torch.linear(on.x, on.weight, on.optionalBias);
    }

    /**
     * The product of rows and a weight through oneDNN, as a convolution of 1x1 on images of one row of pixels. Linear layers go to
     * OpenBLAS, which has one thread, and so do convolutions of 1x1 on one thread, unless there are many images.
     *
     * @param x the rows, dense
     */
    private static Tensor product(Tensor x, int in, int out, Learned on) {
        long rows = x.numel() / in;
        long images = rows % IMAGES == 0 ? IMAGES : 1;
        try (Tensor image = x.view(images, 1, rows / images, in);
                Tensor row = image.permute(0, 3, 1, 2);
                Tensor kernel = on.weight.view(out, in, 1, 1);
                Tensor y = torch.conv2d(row, kernel, on.optionalBias, ONES, new long[] {0, 0}, ONES, 1)) {
            return y.permute(0, 2, 3, 1);
        }
    }

    /** A layer of one input with weight and bias. */
    private static final class Learned extends PyTorchWork {

        private final Function<Learned, Tensor> operation;
        private final Tensor x;
        private final Tensor weight;
        private final Tensor bias;
        private final TensorOptional optionalWeight;
        private final TensorOptional optionalBias;

        Learned(Layer layer, LayerData data, MemoryFormat format, Function<Learned, Tensor> operation) {
            this.operation = operation;
            x = PyTorchTensors.of(data.x(), format, layer.inputShape());
            weight = PyTorchTensors.of(data.weight(), format, layer.weightShape());
            bias = PyTorchTensors.of(data.bias(), format, layer.bias());
            optionalWeight = new TensorOptional(weight);
            optionalBias = new TensorOptional(bias);
        }

        @Override
        Tensor compute() {
            return operation.apply(this);
        }

        @Override
        public void close() {
            super.close();
            optionalWeight.close();
            optionalBias.close();
            x.close();
            weight.close();
            bias.close();
        }
    }
}
