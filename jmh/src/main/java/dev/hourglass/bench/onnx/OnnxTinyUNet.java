package dev.hourglass.bench.onnx;

import dev.hourglass.UNet;
import dev.hourglass.bench.onnx.OnnxGraph.Attribute;
import dev.hourglass.graph.Parameter;
import dev.hourglass.unet.TinyUNet;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** TinyUNet in {@code [N, C, H, W]} for a fixed batch and size: inputs {@code x} and {@code t}, output {@code y}. */
public final class OnnxTinyUNet {

    /** The images' name. */
    public static final String SAMPLE = "x";

    /** The timesteps' name. */
    public static final String TIMESTEPS = "t";

    /** The prediction's name. */
    public static final String PREDICTION = "y";

    private static final float EPS = 1e-5f;
    private static final double PERIOD = 10_000;

    private final OnnxGraph graph = new OnnxGraph();
    private final Map<String, long[]> shapes = new HashMap<>();
    private final int batch;

    /** A feature map and its size; ONNX files need not say shapes, resizing and group norm must know them. */
    private record Features(String name, long channels, long side) {}

    private OnnxTinyUNet(UNet model, int batch) {
        this.batch = batch;
        for (Parameter parameter : model.weights().parameters()) {
            int[] dims = parameter.fileShape().toArray();
            long[] shape = new long[dims.length];
            for (int axis = 0; axis < dims.length; axis++) {
                shape[axis] = dims[axis];
            }
            shapes.put(parameter.name(), shape);
            graph.constant(parameter.name(), model.weights().fileOrder(parameter), shape);
        }
    }

    /**
     * Writes a model.
     *
     * @param side height and width of the images
     * @return the content of a {@code .onnx} file
     */
    public static byte[] write(UNet model, int batch, int side) {
        OnnxTinyUNet tiny = new OnnxTinyUNet(model, batch);
        tiny.graph.input(SAMPLE, batch, 1, side, side);
        tiny.graph.input(TIMESTEPS, batch);
        tiny.graph.output(PREDICTION, batch, 1, side, side);
        tiny.build(((TinyUNet) model.architecture()).timeDim(), side);
        return tiny.graph.toBytes();
    }

    private void build(int timeDim, int side) {
        String time = silu(timestepEmbedding(timeDim));
        Features d1 = block("d1", new Features(SAMPLE, 1, side), time);
        Features d2 = block("d2", pool(d1), time);
        Features d3 = block("d3", pool(d2), time);
        Features neck = block("mid", pool(d3), time);
        Features u3 = block("u3", up(neck, d3), time);
        Features u2 = block("u2", up(u3, d2), time);
        Features u1 = block("u1", up(u2, d1), time);
        graph.nodeTo(PREDICTION, "Conv", inputs(u1.name, "out.weight", "out.bias"));
    }

    private String timestepEmbedding(int timeDim) {
        float[] frequencies = new float[timeDim / 2];
        for (int k = 0; k < frequencies.length; k++) {
            frequencies[k] = (float) Math.pow(PERIOD, -(double) k / frequencies.length);
        }
        String column = graph.node("Reshape", inputs(TIMESTEPS, graph.constant("column", batch, 1)));
        String row = graph.constant("frequencies", frequencies, 1, frequencies.length);
        String angles = graph.node("Mul", inputs(column, row));
        String sines = graph.node("Sin", inputs(angles));
        String cosines = graph.node("Cos", inputs(angles));
        String encoded = graph.node("Concat", inputs(sines, cosines), Attribute.of("axis", 1L));
        return linear("t_emb.3", silu(linear("t_emb.1", encoded)));
    }

    private Features block(String name, Features x, String activeTime) {
        Features h = conv(name + ".conv1", silu(norm(name + ".norm1", x)), 1);
        String shift = linear(name + ".t_proj", activeTime);
        String pixelShift =
                graph.node("Reshape", inputs(shift, graph.constant("shift" + h.channels, batch, h.channels, 1, 1)));
        h = new Features(graph.node("Add", inputs(h.name, pixelShift)), h.channels, h.side);
        h = conv(name + ".conv2", silu(norm(name + ".norm2", h)), 1);
        String residual = shapes.containsKey(name + ".skip.weight") ? conv(name + ".skip", x, 0).name : x.name;
        return new Features(graph.node("Add", inputs(h.name, residual)), h.channels, h.side);
    }

    private Features pool(Features x) {
        String pooled = graph.node(
                "AveragePool", inputs(x.name), Attribute.of("kernel_shape", 2, 2), Attribute.of("strides", 2, 2));
        return new Features(pooled, x.channels, x.side / 2);
    }

    /** To the wire's size, then both side by side. */
    private Features up(Features x, Features wire) {
        String size = graph.constant("size" + wire.side + "x" + x.channels, batch, x.channels, wire.side, wire.side);
        String upsampled = graph.node(
                "Resize",
                inputs(x.name, "", "", size),
                Attribute.of("mode", "nearest"),
                Attribute.of("coordinate_transformation_mode", "asymmetric"),
                Attribute.of("nearest_mode", "floor"));
        String both = graph.node("Concat", inputs(upsampled, wire.name), Attribute.of("axis", 1L));
        return new Features(both, x.channels + wire.channels, wire.side);
    }

    /**
     * Group norm as PyTorch's exporter writes it. ONNX has an operation for it, and one could write it as a layer norm, but ONNX Runtime
     * 1.29 runs them 1.1 and 1.6 times as long.
     */
    private Features norm(String name, Features x) {
        long groups = 8;
        while (x.channels % groups != 0) {
            groups /= 2;
        }
        long rest = x.channels / groups * x.side * x.side;
        String groupShape = graph.constant("groups" + groups + "x" + rest, batch, groups, rest);
        String mapShape = graph.constant("map" + x.channels + "x" + x.side, batch, x.channels, x.side, x.side);
        String normed = graph.node(
                "InstanceNormalization",
                inputs(
                        graph.node("Reshape", inputs(x.name, groupShape)),
                        graph.constant("ones" + groups, filled(groups, 1), groups),
                        graph.constant("zeros" + groups, filled(groups, 0), groups)),
                Attribute.of("epsilon", EPS));
        String scaled = graph.node(
                "Mul", inputs(graph.node("Reshape", inputs(normed, mapShape)), perChannel(name + ".weight", x)));
        String shifted = graph.node("Add", inputs(scaled, perChannel(name + ".bias", x)));
        return new Features(shifted, x.channels, x.side);
    }

    /** A vector of one number for each channel, in a shape that goes with feature maps; folded into a constant by the runtime. */
    private String perChannel(String parameter, Features x) {
        return graph.node("Reshape", inputs(parameter, graph.constant("channels" + x.channels, x.channels, 1L, 1L)));
    }

    private static float[] filled(long count, float value) {
        float[] values = new float[Math.toIntExact(count)];
        Arrays.fill(values, value);
        return values;
    }

    private Features conv(String name, Features x, int padding) {
        String y = graph.node(
                "Conv",
                inputs(x.name, name + ".weight", name + ".bias"),
                Attribute.of("pads", padding, padding, padding, padding));
        return new Features(y, shapes.get(name + ".weight")[0], x.side);
    }

    private String linear(String name, String x) {
        return graph.node("Gemm", inputs(x, name + ".weight", name + ".bias"), Attribute.of("transB", 1L));
    }

    private Features silu(Features x) {
        return new Features(silu(x.name), x.channels, x.side);
    }

    private String silu(String x) {
        return graph.node("Mul", inputs(x, graph.node("Sigmoid", inputs(x))));
    }

    private static String[] inputs(String... names) {
        return names;
    }
}
