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
        if (layer instanceof Layer.Linear && format == MemoryFormat.ChannelsLast) {
            // a matrix has no channels
            return Optional.empty();
        }
        torch.set_num_threads(threads);
        return Optional.of(
                switch (layer) {
                    case Layer.Convolution conv -> new Learned(layer, data, format, on -> convolution(conv, on));
                    case Layer.Norm norm -> new Learned(layer, data, format, on -> norm(norm, on));
                    case Layer.Linear _ ->
                        new Learned(layer, data, format, on -> torch.linear(on.x, on.weight, on.optionalBias));
                    case Layer.Attention attention ->
                        new PyTorchAttention(attention, data, format == MemoryFormat.ChannelsLast);
                });
    }

    private static Tensor convolution(Layer.Convolution conv, Learned on) {
        long[] stride = {conv.stride(), conv.stride()};
        long[] padding = {conv.padding(), conv.padding()};
        return torch.conv2d(on.x, on.weight, on.optionalBias, stride, padding, new long[] {1, 1}, 1);
    }

    private static Tensor norm(Layer.Norm norm, Learned on) {
        Tensor normed = torch.group_norm(on.x, norm.groups(), on.optionalWeight, on.optionalBias, EPS, true);
        if (norm.silu()) {
            // in place, which is the faster way; what it returns is the same tensor
            torch.silu_(normed);
        }
        return normed;
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
