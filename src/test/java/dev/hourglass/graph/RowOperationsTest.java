package dev.hourglass.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.error.HourglassException;
import dev.hourglass.kernel.Activation;
import dev.hourglass.kernel.Backend;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.kernel.scalar.ScalarKernels;
import dev.hourglass.memory.Shape;
import dev.hourglass.nn.Scope;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.Floats;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;

/** Layer norm, activation functions, GEGLU and linear layers without bias in programs whose work comes in several items. */
class RowOperationsTest {

    private static final Shape SHAPE = Shape.of(3, 70, 31, 10);

    /** Adds an operation to a graph. */
    private interface Layer extends BiFunction<Scope, Value, Value> {}

    private static List<Layer> layers() {
        List<Layer> layers = new ArrayList<>();
        layers.add(Scope::layerNorm);
        layers.add(Scope::geglu);
        layers.add((at, x) -> at.linear(x, 6, false));
        for (Activation.Kind kind : Activation.Kind.values()) {
            layers.add((at, x) -> at.activation(x, kind));
        }
        return layers;
    }

    /** Output, and gradients of the input, which has two readers of this kind, and of the parameters. */
    private static List<float[]> run(Layer layer, Kernels kernels, int threads) {
        Graph graph = new Graph();
        Value x = graph.input("x", SHAPE);
        graph.differentiate(x);
        Scope top = Scope.of(graph);
        Value y = top.add(layer.apply(top.at("a"), x), layer.apply(top.at("b"), x));
        graph.output("y", y);
        try (Workers workers = new Workers(threads);
                Weights weights = Weights.open("w", graph.parameters());
                Weights gradients = Weights.open("g", graph.parameters());
                Program program = Program.forTraining(graph, weights, gradients, kernels, workers)) {
            for (Parameter parameter : graph.parameters()) {
                weights.setFileOrder(parameter, Floats.random(parameter.offset() + 1, parameter.elements()));
            }
            program.input("x").copyFrom(Floats.random(2, SHAPE.elements()));
            program.outputGradient("y").copyFrom(Floats.random(3, y.shape().elements()));
            program.forward();
            program.backward();
            return List.of(
                    program.output("y").toArray(),
                    program.inputGradient("x").toArray(),
                    gradients.flat().toArray());
        }
    }

    @Test
    void threadsDoNotChangeABitAndTwinsAgree() {
        for (int index = 0; index < layers().size(); index++) {
            Layer layer = layers().get(index);
            List<float[]> one = run(layer, Backend.kernels(), 1);
            List<float[]> three = run(layer, Backend.kernels(), 3);
            List<float[]> plain = run(layer, ScalarKernels.create("the oracle"), 2);
            for (int k = 0; k < 3; k++) {
                assertArrayEquals(one.get(k), three.get(k), "layer " + index + ", result " + k);
                if (Floats.norm(plain.get(k)) > 0) {
                    double error = Floats.relativeError(one.get(k), plain.get(k));
                    assertTrue(error <= 16 * 0x1p-24, "relative error " + error); // a dozen roundings or less
                }
            }
        }
    }

    @Test
    void shapes() {
        Graph graph = new Graph();
        Scope at = Scope.of(graph).at("ff");
        Value x = graph.input("x", Shape.of(2, 7, 6));
        assertEquals(Shape.of(2, 7, 3), at.geglu(x).shape());
        assertEquals(x.shape(), at.layerNorm(x).shape());
        Value odd = graph.input("odd", Shape.of(2, 7, 5));
        Value flat = graph.input("flat", Shape.of(6));
        for (Runnable wrong : List.<Runnable>of(
                () -> at.geglu(odd), () -> at.geglu(flat), () -> at.at("n").layerNorm(flat))) {
            String message = assertThrows(HourglassException.class, wrong::run).getMessage();
            assertTrue(message.contains("ff"), message);
        }
    }
}
