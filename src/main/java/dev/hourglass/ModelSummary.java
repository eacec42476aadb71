package dev.hourglass;

import dev.hourglass.graph.Graph;
import dev.hourglass.graph.MemoryPlan;
import dev.hourglass.graph.Node;
import dev.hourglass.graph.Parameter;
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
import dev.hourglass.graph.op.MeanSquaredError;
import dev.hourglass.graph.op.NearestResize;
import dev.hourglass.graph.op.Op;
import dev.hourglass.graph.op.Reshape;
import dev.hourglass.graph.op.ResizedConcat;
import dev.hourglass.graph.op.ScaleShift;
import dev.hourglass.graph.op.Silu;
import dev.hourglass.graph.op.SinusoidalEncoding;
import dev.hourglass.graph.op.TokenSum;
import dev.hourglass.graph.op.Zeros;
import dev.hourglass.memory.MemoryBudget;
import dev.hourglass.memory.Shape;
import dev.hourglass.unet.Architecture;
import java.util.List;
import java.util.Locale;

/** What a model looks like at one batch and size, as text: the hourglass drawn, its layers, and the memory it needs. */
public final class ModelSummary {

    private final Architecture architecture;
    private final SessionOptions options;
    private final Graph graph;

    /**
     * Builds the model's graph; nothing is allocated for it.
     *
     * @throws dev.hourglass.error.HourglassException when the size is below the model's smallest
     */
    public ModelSummary(Architecture architecture, SessionOptions options) {
        this.architecture = architecture;
        this.options = options;
        graph = UNet.graph(architecture, options);
    }

    /** How many numbers the model learns. */
    public long parameters() {
        return graph.parameters().stream().mapToLong(Parameter::elements).sum();
    }

    /** Multiply-adds of one forward pass of the whole batch. */
    public long multiplyAdds() {
        return graph.nodes().stream().mapToLong(Node::multiplyAdds).sum();
    }

    /** The levels on the way down to the left, those on the way up to the right, the memory wires across. */
    public String drawing() {
        return HourglassDrawing.of(graph);
    }

    /** All operations in the order they run, shapes as {@code [N, C, H, W]}. */
    public String layers() {
        TextTable table = new TextTable("lllrr", "Layer", "Operation", "Output", "Parameters", "Multiply-adds");
        for (Node node : graph.nodes()) {
            table.row(
                    node.path(),
                    describe(node.op()),
                    channelsFirst(node.output().shape()).toString(),
                    count(node.parameters().stream()
                            .mapToLong(Parameter::elements)
                            .sum()),
                    count(node.multiplyAdds()));
        }
        table.rule();
        table.row("total", "", "", count(parameters()), count(multiplyAdds()));
        return table.toString();
    }

    /**
     * The bytes that inference of a model in files, and training with and without recomputation, need, by purpose; see
     * {@link dev.hourglass.train.TrainingOptions}.
     */
    public String memory() {
        MemoryPlan inference = UNet.inferencePlan(architecture, options);
        MemoryPlan keeping = UNet.trainingPlan(architecture, options, false);
        MemoryPlan recomputing = UNet.trainingPlan(architecture, options, true);
        long weights = keeping.parameters();
        TextTable table = new TextTable("lrrr", "Memory", "Inference", "Training", "Training, recomputing");
        row(table, "weights", inference.unpacked(), weights, weights);
        row(table, "weights packed for the kernels", inference.packed(), keeping.packed(), recomputing.packed());
        row(table, "gradients and AdamW's two moments", 0, 3 * weights, 3 * weights);
        row(table, "activations", inference.activations(), keeping.activations(), recomputing.activations());
        String threads = "workspace of " + options.threads() + " threads";
        row(table, threads, inference.workspace(), keeping.workspace(), recomputing.workspace());
        table.rule();
        row(
                table,
                "total",
                inference.programBytes(),
                4 * weights + keeping.programBytes(),
                4 * weights + recomputing.programBytes());
        return table.toString();
    }

    private static void row(TextTable table, String purpose, long inference, long keeping, long recomputing) {
        table.row(purpose, bytes(inference), bytes(keeping), bytes(recomputing));
    }

    private static String bytes(long bytes) {
        return bytes == 0 ? "-" : MemoryBudget.format(bytes);
    }

    private static String count(long count) {
        return count == 0 ? "-" : String.format(Locale.ROOT, "%,d", count);
    }

    /** Images as PyTorch writes them; other shapes as they are. */
    static Shape channelsFirst(Shape shape) {
        return shape.rank() == 4 ? Shape.of(shape.dim(0), shape.dim(3), shape.dim(1), shape.dim(2)) : shape;
    }

    /** An operation in a word or two. */
    public static String describe(Op op) {
        return switch (op) {
            case Conv2d conv -> "convolution " + conv.kh() + "x" + conv.kw();
            case Attention attention -> "attention of " + attention.heads() + " heads";
            case Linear linear -> "linear";
            case GroupNorm norm -> "group norm, " + norm.groups() + (norm.groups() == 1 ? " group" : " groups");
            case LayerNorm norm -> "layer norm";
            case Silu silu -> "SiLU";
            case Activation activation ->
                switch (activation.kind()) {
                    case RELU -> "ReLU";
                    case GELU -> "GELU";
                    case GELU_TANH -> "GELU, tanh";
                    case MISH -> "Mish";
                };
            case Geglu geglu -> "GEGLU";
            case Add add -> "add";
            case Affine affine -> "scale";
            case ScaleShift film -> "scale and shift per channel";
            case DivideImages division -> "divide";
            case Dropout dropout -> "dropout";
            case FirResize fir -> "resize, filtered";
            case FourierEncoding fourier -> "Fourier features";
            case Embedding table -> "table of " + table.count() + " rows";
            case ChannelShift shift -> "add per channel";
            case AveragePool pool -> "average pool";
            case NearestResize resize -> "resize, nearest";
            case Concat concat -> "concatenate";
            case ResizedConcat concat -> "resize and concatenate";
            case ConcatTokens concat -> "concatenate tokens";
            case Reshape reshape -> "reshape";
            case TokenSum sum -> "sum over tokens";
            case SinusoidalEncoding encoding -> "sinusoids";
            case Zeros zeros -> "zeros";
            case MeanSquaredError error -> "mean squared error";
        };
    }

    /** The settings in one line. */
    public String title() {
        return String.format(
                Locale.ROOT,
                "%s, %,d parameters, %,d multiply-adds for %s",
                architecture.className(),
                parameters(),
                multiplyAdds(),
                List.of(options.batch(), architecture.inChannels(), options.height(), options.width()));
    }
}
