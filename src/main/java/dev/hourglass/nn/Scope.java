package dev.hourglass.nn;

import dev.hourglass.graph.Graph;
import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.ParameterLayout;
import dev.hourglass.graph.Value;
import dev.hourglass.graph.op.Activation;
import dev.hourglass.graph.op.Add;
import dev.hourglass.graph.op.Affine;
import dev.hourglass.graph.op.Attention;
import dev.hourglass.graph.op.AveragePool;
import dev.hourglass.graph.op.ChannelShift;
import dev.hourglass.graph.op.Concat;
import dev.hourglass.graph.op.ConcatTokens;
import dev.hourglass.graph.op.Conv2d;
import dev.hourglass.graph.op.DivideImages;
import dev.hourglass.graph.op.Dropout;
import dev.hourglass.graph.op.Embedding;
import dev.hourglass.graph.op.FirResize;
import dev.hourglass.graph.op.FourierEncoding;
import dev.hourglass.graph.op.Geglu;
import dev.hourglass.graph.op.GroupNorm;
import dev.hourglass.graph.op.LayerNorm;
import dev.hourglass.graph.op.Linear;
import dev.hourglass.graph.op.NearestResize;
import dev.hourglass.graph.op.Op;
import dev.hourglass.graph.op.Reshape;
import dev.hourglass.graph.op.ScaleShift;
import dev.hourglass.graph.op.Silu;
import dev.hourglass.graph.op.SinusoidalEncoding;
import dev.hourglass.graph.op.TokenSum;
import dev.hourglass.graph.op.Zeros;
import dev.hourglass.kernel.Activation.Kind;
import dev.hourglass.kernel.Conv2dGeometry.Window;
import dev.hourglass.kernel.Resample.Border;
import dev.hourglass.kernel.TimestepEncoding;
import dev.hourglass.memory.Shape;
import java.util.List;

/**
 * A place in a model: a graph and the path that parameters made here are named after. Layers with parameters take the names that
 * PyTorch's modules of the same path have: {@code path.weight}, {@code path.bias}.
 *
 * @param graph what operations are added to
 * @param path dotted path, empty at the top
 */
public record Scope(Graph graph, String path) {

    /** The top of a model. */
    public static Scope of(Graph graph) {
        return new Scope(graph, "");
    }

    /** The place {@code name} under this one. */
    public Scope at(String name) {
        return new Scope(graph, path.isEmpty() ? name : path + "." + name);
    }

    /** Says that what is made here is a block, which training that recomputes may forget; see {@link Graph#block}. */
    public void block() {
        graph.block(path);
    }

    /** Convolution with an odd kernel, stride 1 and padding that keeps height and width. */
    public Value conv2d(Value x, int out, int kernel) {
        return conv2d(x, out, kernel, Window.padded(kernel / 2));
    }

    /** Convolution with a square kernel that slides down and across in the same way. */
    public Value conv2d(Value x, int out, int kernel, Window window) {
        int in = x.shape().dim(3);
        Parameter.Init init = Parameter.Init.uniform(in * kernel * kernel);
        Parameter weight =
                parameter("weight", Shape.of(out, in, kernel, kernel), new ParameterLayout.Convolution(1), init);
        Parameter bias = parameter("bias", Shape.of(out), new ParameterLayout.Plain(), init);
        return apply(new Conv2d(out, kernel, kernel, window, window, 1), List.of(weight, bias), x);
    }

    /** Convolution with a 1x1 kernel and without bias. */
    public Value pointwise(Value x, int out) {
        int in = x.shape().dim(3);
        Parameter weight = parameter(
                "weight", Shape.of(out, in, 1, 1), new ParameterLayout.Convolution(1), Parameter.Init.uniform(in));
        Window window = Window.padded(0);
        return apply(new Conv2d(out, 1, 1, window, window, 1), List.of(weight), x);
    }

    /** Linear layer on the last axis of {@code [N, .., features]}. */
    public Value linear(Value x, int out) {
        return linear(x, out, true);
    }

    /** Linear layer on the last axis of {@code [N, .., features]}, with or without {@code bias}. */
    public Value linear(Value x, int out, boolean bias) {
        int in = x.shape().dim(-1);
        Parameter.Init init = Parameter.Init.uniform(in);
        Parameter weight = parameter("weight", Shape.of(out, in), new ParameterLayout.Transposed(), init);
        if (!bias) {
            return apply(new Linear(out), List.of(weight), x);
        }
        Parameter shift = parameter("bias", Shape.of(out), new ParameterLayout.Plain(), init);
        return apply(new Linear(out), List.of(weight, shift), x);
    }

    /** Group norm with PyTorch's default epsilon, 1e-5. */
    public Value groupNorm(Value x, int groups) {
        return groupNorm(x, groups, 1e-5f);
    }

    /** Group norm with {@code eps} added to the variance. */
    public Value groupNorm(Value x, int groups, float eps) {
        int channels = x.shape().dim(-1);
        Parameter gamma =
                parameter("weight", Shape.of(channels), new ParameterLayout.Plain(), Parameter.Init.constant(1));
        Parameter beta = parameter("bias", Shape.of(channels), new ParameterLayout.Plain(), Parameter.Init.constant(0));
        return apply(new GroupNorm(groups, eps, true), List.of(gamma, beta), x);
    }

    /** Group norm of which nothing is learned, with {@code eps} added to the variance. */
    public Value plainGroupNorm(Value x, int groups, float eps) {
        return at("norm").apply(new GroupNorm(groups, eps, false), List.of(), x);
    }

    /** Layer norm over the last axis of {@code [N, .., C]} with PyTorch's default epsilon, 1e-5. */
    public Value layerNorm(Value x) {
        return layerNorm(x, 1e-5f);
    }

    /** Layer norm over the last axis of {@code [N, .., C]} with {@code eps} added to the variance. */
    public Value layerNorm(Value x, float eps) {
        Shape channels = Shape.of(x.shape().dim(-1));
        Parameter gamma = parameter("weight", channels, new ParameterLayout.Plain(), Parameter.Init.constant(1));
        Parameter beta = parameter("bias", channels, new ParameterLayout.Plain(), Parameter.Init.constant(0));
        return apply(new LayerNorm(eps), List.of(gamma, beta), x);
    }

    /** Attention of queries {@code [N, .., C]} to keys and values {@code [N, .., C]}, cut into heads; see {@link Attention}. */
    public Value attention(Value q, Value k, Value v, int heads) {
        return at("attention").apply(new Attention(heads), List.of(), q, k, v);
    }

    /**
     * Attention with {@code mask [N, tokens of the keys]} added to the scores of each key: 0 for keys that count, and very negative for
     * others; {@code null} for none.
     */
    public Value attention(Value q, Value k, Value v, Value mask, int heads) {
        return mask == null
                ? attention(q, k, v, heads)
                : at("attention").apply(new Attention(heads), List.of(), q, k, v, mask);
    }

    /** An activation function of {@code x}, any shape. */
    public Value activation(Value x, Kind kind) {
        return at("activation").apply(new Activation(kind), List.of(), x);
    }

    /** {@code hidden * gelu(gate)} of {@code [N, .., 2 * C]}, where the last axis holds the hidden values and then the gate. */
    public Value geglu(Value x) {
        return at("geglu").apply(new Geglu(), List.of(), x);
    }

    /** {@code x * sigmoid(x)}. */
    public Value silu(Value x) {
        return at("silu").apply(new Silu(), List.of(), x);
    }

    /**
     * An activation by diffusers' name.
     *
     * @param name {@code silu} or {@code swish}, {@code mish}, {@code gelu}, {@code relu}
     */
    public Value activation(Value x, String name) {
        return switch (name) {
            case "silu", "swish" -> silu(x);
            case "mish" -> activation(x, Kind.MISH);
            case "gelu" -> activation(x, Kind.GELU);
            case "relu" -> activation(x, Kind.RELU);
            default -> throw new IllegalArgumentException("no activation called " + name);
        };
    }

    /** {@code x} of which a share is dropped at random in training, see {@link Graph#dropByKeys}; {@code x} itself in inference. */
    public Value dropout(Value x, double rate) {
        if (rate == 0 || graph.dropoutKeys().isEmpty()) {
            return x;
        }
        // the operations before it are its number: other places that drop have others
        Dropout dropout = new Dropout(rate, graph.nodes().size());
        return at("dropout").apply(dropout, List.of(), x, graph.dropoutKeys().get());
    }

    /** {@code scale * x + shift}. */
    public Value affine(Value x, double scale, double shift) {
        return at("affine").apply(new Affine((float) scale, (float) shift), List.of(), x);
    }

    /** A row of a learned table for each of {@code labels [N]}. */
    public Value embedding(Value labels, int count, int dim) {
        Parameter weight =
                parameter("weight", Shape.of(count, dim), new ParameterLayout.Plain(), Parameter.Init.deviation(1));
        return apply(new Embedding(count, dim), List.of(weight), labels);
    }

    /** Sum of two values of one shape. */
    public Value add(Value a, Value b) {
        return at("add").apply(new Add(), List.of(), a, b);
    }

    /** Adds {@code shift [N, C]} to every pixel of {@code x [N, H, W, C]}. */
    public Value channelShift(Value x, Value shift) {
        return at("shift").apply(new ChannelShift(), List.of(), x, shift);
    }

    /** {@code x (1 + scale) + shift}, scale and shift side by side in {@code scaleShift [N, 2 C]}. */
    public Value scaleShift(Value x, Value scaleShift) {
        return at("scale_shift").apply(new ScaleShift(), List.of(), x, scaleShift);
    }

    /** Mean of 2x2 windows; an odd last row or column is dropped. */
    public Value averagePool(Value x) {
        return at("pool").apply(new AveragePool(2, 2), List.of(), x);
    }

    /** Nearest-neighbour resizing of {@code x} to the height and width of {@code like}. */
    public Value resizeLike(Value x, Value like) {
        return resize(x, like.shape().dim(1), like.shape().dim(2));
    }

    /** Nearest-neighbour resizing. */
    public Value resize(Value x, int height, int width) {
        return at("resize").apply(new NearestResize(height, width), List.of(), x);
    }

    /** Half the size through a smoothing filter. */
    public Value firHalve(Value x, Border border) {
        Shape size = x.shape();
        return at("resize").apply(new FirResize(size.dim(1) / 2, size.dim(2) / 2, true, border), List.of(), x);
    }

    /** The size of {@code like}, at most twice that of {@code x} and one, through a smoothing filter. */
    public Value firTwice(Value x, Value like, Border border) {
        Shape size = like.shape();
        return at("resize").apply(new FirResize(size.dim(1), size.dim(2), false, border), List.of(), x);
    }

    /** Gaussian Fourier features {@code [N, 2 dim]} of noise levels {@code [N]}, or of their logarithms. */
    public Value fourier(Value t, int dim, double deviation, boolean log, TimestepEncoding.Order order) {
        Parameter weight = graph.parameter(
                at("weight").path,
                Shape.of(dim),
                new ParameterLayout.Plain(),
                Parameter.Init.deviation(deviation),
                false);
        return apply(new FourierEncoding(dim, log, order), List.of(weight), t);
    }

    /** Images {@code [N, ..]} over one number each, {@code t [N]}. */
    public Value divide(Value x, Value t) {
        return at("divide").apply(new DivideImages(), List.of(), x, t);
    }

    /** Channels of {@code a}, then channels of {@code b}. */
    public Value concat(Value a, Value b) {
        return at("concat").apply(new Concat(), List.of(), a, b);
    }

    /** Tokens of {@code a [N, .., C]}, then tokens of {@code b [N, .., C]}: {@code [N, S + T, C]}. */
    public Value concatTokens(Value a, Value b) {
        return at("concat").apply(new ConcatTokens(), List.of(), a, b);
    }

    /** The mean over tokens, {@code [N, .., C]} to {@code [N, C]}. */
    public Value tokenMean(Value x) {
        Shape shape = x.shape();
        Value sum = at("sum").apply(new TokenSum(), List.of(), x);
        return affine(sum, (double) shape.dim(0) * shape.dim(-1) / shape.elements(), 0);
    }

    /** The same numbers under other axes, {@code [N, axes]}. */
    public Value reshape(Value x, Integer... axes) {
        return at("reshape").apply(new Reshape(List.of(axes)), List.of(), x);
    }

    /** A learned row, {@code [1, dim]} in files, for each of {@code images}: {@code [images, dim]}. */
    public Value learnedRow(String name, int images, int dim) {
        Parameter row = parameter(
                name, Shape.of(1, dim), new ParameterLayout.Plain(), Parameter.Init.deviation(1 / Math.sqrt(dim)));
        return at(name).apply(new Embedding(1, dim), List.of(row), at(name).zeros(Shape.of(images)));
    }

    /** Zeros. */
    public Value zeros(Shape shape) {
        return at("zeros").apply(new Zeros(shape), List.of());
    }

    /** Zeros of the shape of {@code like}. */
    public Value zerosLike(Value like) {
        return zeros(like.shape());
    }

    /** The sinusoidal encoding {@code [N, dim]} of timesteps {@code [N]}. */
    public Value sinusoidal(Value t, int dim, TimestepEncoding.Order order, double freqShift) {
        return apply(new SinusoidalEncoding(dim, order, freqShift, 10_000), List.of(), t);
    }

    private Parameter parameter(String name, Shape fileShape, ParameterLayout layout, Parameter.Init init) {
        return graph.parameter(at(name).path, fileShape, layout, init);
    }

    private Value apply(Op op, List<Parameter> parameters, Value... inputs) {
        return graph.apply(path, op, parameters, inputs);
    }
}
