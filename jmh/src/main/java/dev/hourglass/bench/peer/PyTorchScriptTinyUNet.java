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
 * TinyUNet as TorchScript with its weights frozen to constants. {@code optimize_for_inference} would do more, but makes it slower: it
 * brings convolutions into oneDNN's own layouts, and every group norm between them back.
 */
final class PyTorchScriptTinyUNet implements AutoCloseable {

    private final JitModule module;

    /** Compiles the script and freezes it with a copy of the weights. */
    PyTorchScriptTinyUNet(UNet model, MemoryFormat format) {
        Map<String, Parameter> parameters = new LinkedHashMap<>();
        try (QualifiedName name = new QualifiedName("TinyUNet");
                JitModule script = new JitModule(name)) {
            for (Parameter parameter : model.weights().parameters()) {
                parameters.put(parameter.name(), parameter);
                int[] shape = parameter.fileShape().toArray();
                float[] values = model.weights().fileOrder(parameter);
                try (Tensor tensor = PyTorchTinyUNet.inFormat(PyTorchTinyUNet.tensor(values, shape), format)) {
                    script.register_parameter(attribute(parameter.name()), tensor, false);
                }
            }
            try (Tensor frequencies = PyTorchTinyUNet.frequencies(model)) {
                script.register_buffer("frequencies", frequencies);
            }
            script.define(new Source(parameters).text());
            script.eval();
            module = torch.freeze(script);
        }
    }

    private static String attribute(String parameter) {
        return parameter.replace('.', '_');
    }

    /**
     * The prediction.
     *
     * @param inputs the images {@code [N, 1, H, W]} and the timesteps {@code [N]}
     * @return a tensor {@code [N, 1, H, W]}, the caller's to close; it lives no longer than the value around it
     */
    IValue forward(IValueVector inputs) {
        return module.forward(inputs);
    }

    @Override
    public void close() {
        module.close();
    }

    /** The method {@code forward}, one operation a line. */
    private static final class Source {

        private static final String TIME = "time";

        private final StringBuilder text = new StringBuilder("def forward(self, x: Tensor, t: Tensor) -> Tensor:\n");
        private final Map<String, Parameter> parameters;

        Source(Map<String, Parameter> parameters) {
            this.parameters = parameters;
        }

        String text() {
            line("angles", "torch.outer(t, self.frequencies)");
            line("encoded", "torch.cat([torch.sin(angles), torch.cos(angles)], 1)");
            line("hidden", "torch.silu(" + linear("t_emb.1", "encoded") + ")");
            line(TIME, "torch.silu(" + linear("t_emb.3", "hidden") + ")");
            block("d1", "x");
            block("d2", "torch.avg_pool2d(d1, [2, 2], [2, 2])");
            block("d3", "torch.avg_pool2d(d2, [2, 2], [2, 2])");
            block("mid", "torch.avg_pool2d(d3, [2, 2], [2, 2])");
            block("u3", up("mid", "d3"));
            block("u2", up("u3", "d2"));
            block("u1", up("u2", "d1"));
            return text.append("    return ")
                    .append(conv("out", "u1", 0))
                    .append('\n')
                    .toString();
        }

        private void block(String name, String input) {
            String x = name + "_x";
            String shift = "torch.unsqueeze(torch.unsqueeze(" + linear(name + ".t_proj", TIME) + ", 2), 3)";
            line(x, input);
            line(name + "_h", conv(name + ".conv1", active(name + ".norm1", x), 1) + " + " + shift);
            String skip = parameters.containsKey(name + ".skip.weight") ? conv(name + ".skip", x, 0) : x;
            line(name, conv(name + ".conv2", active(name + ".norm2", name + "_h"), 1) + " + " + skip);
        }

        private static String up(String x, String wire) {
            String size = "[" + wire + ".size(2), " + wire + ".size(3)]";
            return "torch.cat([torch.upsample_nearest2d(" + x + ", " + size + "), " + wire + "], 1)";
        }

        private String active(String name, String x) {
            long groups = PyTorchTinyUNet.groups(
                    parameters.get(name + ".weight").fileShape().dim(0));
            return "torch.silu(torch.group_norm(" + x + ", " + groups + ", " + learned(name) + ", 1e-05))";
        }

        private static String conv(String name, String x, int padding) {
            return "torch.conv2d(" + x + ", " + learned(name) + ", [1, 1], [" + padding + ", " + padding + "])";
        }

        private static String linear(String name, String x) {
            return "torch.linear(" + x + ", " + learned(name) + ")";
        }

        private static String learned(String name) {
            return "self." + attribute(name) + "_weight, self." + attribute(name) + "_bias";
        }

        private void line(String name, String value) {
            text.append("    ").append(name).append(" = ").append(value).append('\n');
        }
    }
}
