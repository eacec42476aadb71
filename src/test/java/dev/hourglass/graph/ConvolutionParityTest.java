package dev.hourglass.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.graph.op.Conv2d;
import dev.hourglass.graph.op.Linear;
import dev.hourglass.graph.op.Op;
import dev.hourglass.kernel.Backend;
import dev.hourglass.kernel.Conv2dGeometry.Window;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.kernel.scalar.ScalarKernels;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.Floats;
import dev.hourglass.testing.ParityFile;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** Convolution and linear layers, forward and all gradients, against PyTorch, for both twins. */
class ConvolutionParityTest {

    /** Rounding of a float32 sum of {@code depth} products of numbers around 1: a random walk of half-ulps, four deviations wide. */
    private static double tolerance(long depth, float[] expected) {
        double magnitude = Math.max(1, Floats.norm(expected) / Math.sqrt(expected.length));
        return 4 * Math.ulp(1f) * Math.sqrt(depth + 1.0) * magnitude;
    }

    static Stream<Arguments> convolutions() {
        return twins(ParityFile.read("conv2d").cases());
    }

    static Stream<Arguments> linears() {
        return twins(ParityFile.read("linear").cases());
    }

    private static Stream<Arguments> twins(List<ParityFile.Case> cases) {
        assertTrue(cases.size() >= 6);
        return Stream.of(Backend.kernels(true), ScalarKernels.create("oracle"))
                .flatMap(kernels -> cases.stream().map(c -> Arguments.of(c, kernels)));
    }

    @ParameterizedTest
    @MethodSource("convolutions")
    void convolution(ParityFile.Case c, Kernels kernels) {
        int[] weight = c.shape("weight");
        int groups = c.get("groups").asInt();
        JsonNode stride = c.get("stride");
        JsonNode padding = c.get("padding_tlbr");
        int dilation = c.get("dilation").asInt();
        Window height = new Window(
                stride.get(0).asInt(), padding.get(0).asInt(), padding.get(2).asInt(), dilation);
        Window width = new Window(
                stride.get(1).asInt(), padding.get(1).asInt(), padding.get(3).asInt(), dilation);
        Op op = new Conv2d(weight[0], weight[2], weight[3], height, width, groups);
        int[] x = c.shape("input");
        requireParity(
                c,
                kernels,
                op,
                Shape.of(x[0], x[2], x[3], x[1]),
                new ParameterLayout.Convolution(groups),
                c.nhwc("input"),
                c.nhwc("output"),
                c.nhwc("grad_output"),
                c.nhwc("grad_input"));
    }

    @ParameterizedTest
    @MethodSource("linears")
    void linear(ParityFile.Case c, Kernels kernels) {
        int[] x = c.shape("input");
        int features = x[x.length - 1];
        int rows = Math.toIntExact(Shape.of(x).elements() / features);
        requireParity(
                c,
                kernels,
                new Linear(c.shape("weight")[0]),
                Shape.of(rows, features),
                new ParameterLayout.Transposed(),
                c.floats("input"),
                c.floats("output"),
                c.floats("grad_output"),
                c.floats("grad_input"));
    }

    private static void requireParity(
            ParityFile.Case c,
            Kernels kernels,
            Op op,
            Shape input,
            ParameterLayout layout,
            float[] x,
            float[] y,
            float[] dy,
            float[] dx) {
        Graph graph = new Graph();
        Value in = graph.input("x", input);
        graph.differentiate(in);
        Parameter.Init init = Parameter.Init.constant(0);
        Parameter weight = graph.parameter("weight", Shape.of(c.shape("weight")), layout, init);
        Parameter bias = graph.parameter("bias", Shape.of(c.shape("bias")), new ParameterLayout.Plain(), init);
        graph.output("y", graph.apply("op", op, List.of(weight, bias), in));
        try (Workers workers = new Workers(2);
                Weights weights = Weights.open("weights", graph.parameters());
                Weights gradients = Weights.open("gradients", graph.parameters());
                Program program = Program.forTraining(graph, weights, gradients, kernels, workers)) {
            weights.setFileOrder(weight, c.floats("weight"));
            weights.setFileOrder(bias, c.floats("bias"));
            program.input("x").copyFrom(x);
            program.outputGradient("y").copyFrom(dy);
            program.forward();
            program.backward();
            long depth = weight.elements() / weight.fileShape().dim(0);
            long taps = weight.elements() / weight.fileShape().dim(1);
            long pixels = y.length / weight.fileShape().dim(0);
            requireClose(c, "output", program.output("y").toArray(), y, depth);
            requireClose(c, "grad_input", program.inputGradient("x").toArray(), dx, taps);
            requireClose(c, "grad_weight", gradients.fileOrder(weight), c.floats("grad_weight"), pixels);
            requireClose(c, "grad_bias", gradients.fileOrder(bias), c.floats("grad_bias"), pixels);
        }
    }

    private static void requireClose(ParityFile.Case c, String name, float[] found, float[] expected, long depth) {
        assertEquals(expected.length, found.length);
        double error = Floats.maxError(found, expected);
        double tolerance = tolerance(depth, expected);
        assertTrue(error <= tolerance, () -> c + " " + name + ": max error " + error + ", tolerance " + tolerance);
    }
}
