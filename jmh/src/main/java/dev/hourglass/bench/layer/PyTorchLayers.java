package dev.hourglass.bench.layer;

import dev.hourglass.bench.peer.PyTorchEngine;
import dev.hourglass.bench.peer.PyTorchTensors;
import dev.hourglass.bench.peer.Work;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.InferenceMode;
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
        return Optional.of(new LayerWork(layer, data, format));
    }

    /** One layer in inference mode. */
    private static final class LayerWork implements Work {

        private final Layer layer;
        private final Tensor x;
        private final Tensor weight;
        private final Tensor bias;
        private final TensorOptional optionalWeight;
        private final TensorOptional optionalBias;
        private Tensor y;

        LayerWork(Layer layer, LayerData data, MemoryFormat format) {
            this.layer = layer;
            x = PyTorchTensors.of(data.x(), format, layer.inputShape());
            weight = PyTorchTensors.of(data.weight(), format, layer.weightShape());
            bias = PyTorchTensors.of(data.bias(), format, layer.bias());
            optionalWeight = new TensorOptional(weight);
            optionalBias = new TensorOptional(bias);
        }

        @Override
        public void run() {
            if (y != null) {
                y.close();
            }
            try (InferenceMode _ = new InferenceMode(true)) {
                y = switch (layer) {
                    case Layer.Convolution conv -> convolution(conv);
                    case Layer.Norm norm -> norm(norm);
                    case Layer.Linear _ -> torch.linear(x, weight, optionalBias);
                };
            }
        }

        private Tensor convolution(Layer.Convolution conv) {
            long[] stride = {conv.stride(), conv.stride()};
            long[] padding = {conv.padding(), conv.padding()};
            return torch.conv2d(x, weight, optionalBias, stride, padding, new long[] {1, 1}, 1);
        }

        private Tensor norm(Layer.Norm norm) {
            Tensor normed = torch.group_norm(x, norm.groups(), optionalWeight, optionalBias, EPS, true);
            if (norm.silu()) {
                // in place, which is the faster way; what it returns is the same tensor
                torch.silu_(normed);
            }
            return normed;
        }

        @Override
        public float[] result() {
            return PyTorchTensors.values(y);
        }

        @Override
        public void close() {
            if (y != null) {
                y.close();
            }
            optionalWeight.close();
            optionalBias.close();
            x.close();
            weight.close();
            bias.close();
        }
    }
}
