package dev.hourglass.bench.layer;

import dev.hourglass.bench.peer.PyTorchTensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** {@code scaled_dot_product_attention} on queries, keys and values {@code [N, heads, tokens, dim]}. */
final class PyTorchAttention extends PyTorchWork {

    private final List<Tensor> inputs;

    /**
     * Takes the inputs over.
     *
     * @param byTokens whether a token's channels lie side by side, as projections leave them; otherwise those of a head do
     */
    PyTorchAttention(Layer.Attention layer, LayerData data, boolean byTokens) {
        inputs = data.inputs().stream().map(x -> heads(layer, x, byTokens)).toList();
    }

    private static Tensor heads(Layer.Attention layer, float[] x, boolean byTokens) {
        try (Tensor tokens = PyTorchTensors.of(x, layer.batch(), layer.tokens(), layer.heads(), layer.dim())) {
            Tensor heads = tokens.transpose(1, 2);
            if (byTokens) {
                return heads;
            }
            try (heads) {
                return heads.contiguous();
            }
        }
    }

    /** Back to {@code [N, tokens, heads, dim]} by the strides alone: that is how its output lies. */
    @Override
    Tensor compute() {
        try (Tensor y = torch.scaled_dot_product_attention(inputs.get(0), inputs.get(1), inputs.get(2))) {
            return y.transpose(1, 2);
        }
    }

    @Override
    public void close() {
        super.close();
        inputs.forEach(Tensor::close);
    }
}
