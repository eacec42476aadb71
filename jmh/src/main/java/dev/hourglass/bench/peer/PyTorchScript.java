package dev.hourglass.bench.peer;

import dev.hourglass.UNet;
import dev.hourglass.graph.Parameter;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.JitModule;
import org.bytedeco.pytorch.QualifiedName;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;

/**
 * A network as TorchScript with its weights frozen to constants. {@code optimize_for_inference} would do more, but makes it slower: it
 * brings convolutions into oneDNN's own layouts, and every group norm between them back.
 */
final class PyTorchScript implements AutoCloseable {

    private final JitModule module;

    /** Compiles the script and freezes it with a copy of the weights. */
    PyTorchScript(Subject subject, UNet model, MemoryFormat format) {
        try (QualifiedName name = new QualifiedName("Network");
                JitModule script = new JitModule(name)) {
            Source source = new Source(script);
            for (Parameter parameter : model.weights().parameters()) {
                source.parameters.put(parameter.name(), parameter);
                try (Tensor tensor = PyTorchTensors.weight(model, parameter, format)) {
                    script.register_parameter(Source.attribute(parameter.name()), tensor, false);
                }
            }
            script.define(source.method(Network.of(subject, source)));
            script.eval();
            module = torch.freeze(script);
        }
    }

    /**
     * The prediction.
     *
     * @param inputs the images {@code [N, C, H, W]} and the timesteps {@code [N]}
     * @return a tensor {@code [N, C, H, W]}, the caller's to close; it lives no longer than the value around it
     */
    IValue forward(IValueVector inputs) {
        return module.forward(inputs);
    }

    @Override
    public void close() {
        module.close();
    }

    /** The method {@code forward}, one operation a line; values are the names of variables. */
    private static final class Source implements Layers<String> {

        private final StringBuilder text = new StringBuilder("def forward(self, x: Tensor, t: Tensor) -> Tensor:\n");
        private final Map<String, Parameter> parameters = new LinkedHashMap<>();
        private final JitModule module;
        private int variables;

        Source(JitModule module) {
            this.module = module;
        }

        String method(Network<String> network) {
            String prediction = network.prediction("x", "t");
            return text.append("    return ").append(prediction).append('\n').toString();
        }

        static String attribute(String parameter) {
            return parameter.replace('.', '_');
        }

        /** A line that gives a value. */
        private String line(String pattern, Object... arguments) {
            String name = "v" + variables++;
            text.append("    ").append(name).append(" = ");
            text.append(String.format(pattern, arguments)).append('\n');
            return name;
        }

        @Override
        public boolean has(String layer) {
            return parameters.containsKey(layer + ".weight");
        }

        @Override
        public int size(String layer, int axis) {
            return parameters.get(layer + ".weight").fileShape().dim(axis);
        }

        @Override
        public String encoded(String t, int width, boolean cosinesFirst) {
            try (Tensor frequencies = PyTorchTensors.frequencies(width)) {
                module.register_buffer("frequencies", frequencies);
            }
            String angles = line("torch.outer(%s, self.frequencies)", t);
            String sines = line("torch.sin(%s)", angles);
            String cosines = line("torch.cos(%s)", angles);
            return cosinesFirst ? concat(cosines, sines) : concat(sines, cosines);
        }

        @Override
        public String linear(String layer, String x) {
            return line("torch.linear(%s, %s, %s)", x, weight(layer), bias(layer));
        }

        /** As a convolution of 1x1 on one row of pixels, as in {@link PyTorchEager#projected}. */
        @Override
        public String projected(String layer, String tokens) {
            String kernel = onePixel(weight(layer));
            String row = line("torch.permute(torch.unsqueeze(%s, 1), [0, 3, 1, 2])", tokens);
            String y = line("torch.conv2d(%s, %s, %s)", row, kernel, bias(layer));
            return line("torch.squeeze(torch.permute(%s, [0, 2, 3, 1]), 1)", y);
        }

        @Override
        public String conv(String layer, String x, int stride, int padding) {
            return line(
                    "torch.conv2d(%s, %s, %s, [%d, %4$d], [%d, %5$d])", x, weight(layer), bias(layer), stride, padding);
        }

        @Override
        public String norm(String layer, String x, int groups) {
            return line("torch.group_norm(%s, %d, %s, %s, 1e-05)", x, groups, weight(layer), bias(layer));
        }

        private static String weight(String layer) {
            return "self." + attribute(layer) + "_weight";
        }

        private static String bias(String layer) {
            return "self." + attribute(layer) + "_bias";
        }

        /** Two more axes of length 1 behind the two of a value. */
        private String onePixel(String x) {
            return line("torch.unsqueeze(torch.unsqueeze(%s, 2), 3)", x);
        }

        @Override
        public String silu(String x) {
            return line("torch.silu_(%s)", x);
        }

        @Override
        public String sum(String x, String y) {
            return line("torch.add_(%s, %s)", x, y);
        }

        @Override
        public String shifted(String x, String shift) {
            return sum(x, onePixel(shift));
        }

        @Override
        public String halved(String x) {
            return line("torch.avg_pool2d(%s, [2, 2], [2, 2])", x);
        }

        @Override
        public String resized(String x, String like) {
            return line("torch.upsample_nearest2d(%s, [%s.size(2), %2$s.size(3)])", x, like);
        }

        @Override
        public String concat(String x, String y) {
            return line("torch.cat([%s, %s], 1)", x, y);
        }

        @Override
        public String tokens(String image) {
            return line("torch.transpose(torch.flatten(%s, 2, 3), 1, 2)", image);
        }

        @Override
        public String attention(String query, String key, String value, int heads) {
            String mixed = line(
                    "torch.scaled_dot_product_attention(%s, %s, %s)",
                    heads(query, heads), heads(key, heads), heads(value, heads));
            return line("torch.flatten(torch.transpose(%s, 1, 2), 2, 3)", mixed);
        }

        private String heads(String x, int heads) {
            return line("torch.transpose(%s.view([%1$s.size(0), %1$s.size(1), %d, -1]), 1, 2)", x, heads);
        }

        @Override
        public String image(String tokens, String like) {
            return line("torch.transpose(%s, 1, 2).reshape_as(%s)", tokens, like);
        }

        /** The script's interpreter sees for itself who reads a variable last. */
        @Override
        public void done(String x) {}
    }
}
