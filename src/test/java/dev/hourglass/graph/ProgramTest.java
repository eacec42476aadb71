package dev.hourglass.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.error.HourglassException;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.nn.Scope;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.Floats;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ProgramTest {

    private Workers workers;

    @BeforeAll
    void open() {
        workers = new Workers(2);
    }

    @AfterAll
    void close() {
        workers.close();
    }

    private Program train(Graph graph, Weights weights, Weights gradients) {
        return Program.forTraining(graph, weights, gradients, Backend.kernels(), workers);
    }

    private static double siluSlope(double x) {
        double sigmoid = 1 / (1 + Math.exp(-x));
        return sigmoid * (1 + x * (1 - sigmoid));
    }

    /** {@code y = linear(x) + silu(linear(x)) + linear'(x)} where both layers are one: value and parameters are read several times. */
    @Test
    void gradientsOfSeveralReadersAddUp() {
        Graph graph = new Graph();
        Value x = graph.input("x", Shape.of(3, 4));
        graph.differentiate(x);
        Scope top = Scope.of(graph);
        Value once = top.at("layer").linear(x, 4);
        Value again = top.at("layer").linear(x, 4);
        graph.output("y", top.add(top.at("inner").add(once, top.silu(once)), again));
        assertEquals(2, graph.parameters().size());
        try (Weights weights = Weights.open("w", graph.parameters());
                Weights gradients = Weights.open("g", graph.parameters());
                Program program = train(graph, weights, gradients)) {
            weights.initialize(1);
            float[] input = Floats.random(2, 12);
            float[] seed = Floats.random(3, 12);
            program.input("x").copyFrom(input);
            program.outputGradient("y").copyFrom(seed);
            program.forward();
            program.backward();
            float[] bias = gradients.tensor(graph.parameters().get(1)).toArray();
            float[] weight = weights.fileOrder(graph.parameters().get(0));
            float[] b = weights.tensor(graph.parameters().get(1)).toArray();
            double[] expectedBias = new double[4];
            double[] expectedInput = new double[12];
            for (int n = 0; n < 3; n++) {
                for (int o = 0; o < 4; o++) {
                    double sum = b[o];
                    for (int i = 0; i < 4; i++) {
                        sum += weight[o * 4 + i] * input[n * 4 + i];
                    }
                    double slope = 2 + siluSlope(sum);
                    expectedBias[o] += slope * seed[n * 4 + o];
                    for (int i = 0; i < 4; i++) {
                        expectedInput[n * 4 + i] += slope * seed[n * 4 + o] * weight[o * 4 + i];
                    }
                }
            }
            for (int o = 0; o < 4; o++) {
                assertEquals(expectedBias[o], bias[o], 2e-6);
            }
            float[] gradient = program.inputGradient("x").toArray();
            for (int k = 0; k < 12; k++) {
                assertEquals(expectedInput[k], gradient[k], 2e-6);
            }
        }
    }

    /** {@code hidden = linear(x)}, {@code y = silu(hidden)}, both outputs. */
    @Test
    void anOutputsGradientIsAddedToThatOfItsReaders() {
        Graph graph = new Graph();
        Scope top = Scope.of(graph);
        Value hidden = top.at("layer").linear(graph.input("x", Shape.of(3, 4)), 4);
        graph.output("hidden", hidden);
        graph.output("y", top.silu(hidden));
        try (Weights weights = Weights.open("w", graph.parameters());
                Weights gradients = Weights.open("g", graph.parameters());
                Program program = train(graph, weights, gradients)) {
            weights.initialize(1);
            float[] seedHidden = Floats.random(3, 12);
            float[] seedY = Floats.random(4, 12);
            program.input("x").copyFrom(Floats.random(2, 12));
            program.outputGradient("hidden").copyFrom(seedHidden);
            program.outputGradient("y").copyFrom(seedY);
            program.forward();
            program.backward();
            float[] sums = program.output("hidden").toArray();
            double[] expected = new double[4];
            for (int k = 0; k < 12; k++) {
                expected[k % 4] += seedHidden[k] + seedY[k] * siluSlope(sums[k]);
            }
            float[] bias = gradients.tensor(graph.parameters().get(1)).toArray();
            for (int o = 0; o < 4; o++) {
                assertEquals(expected[o], bias[o], 2e-6);
            }
        }
    }

    @Test
    void aTimedPassComputesTheSameAndTimesEveryOperation() {
        Graph graph = new Graph();
        Value x = graph.input("x", Shape.of(3, 4));
        Scope top = Scope.of(graph);
        Value frozen = top.at("frozen").silu(x);
        graph.output("y", top.at("layer").linear(frozen, 4));
        try (Weights weights = Weights.open("w", graph.parameters());
                Weights gradients = Weights.open("g", graph.parameters());
                Program program = train(graph, weights, gradients)) {
            weights.initialize(1);
            program.input("x").copyFrom(Floats.random(2, 12));
            program.outputGradient("y").copyFrom(Floats.random(3, 12));
            program.forward();
            program.backward();
            float[] output = program.output("y").toArray();
            float[] gradient = gradients.flat().toArray();
            program.output("y").copyFrom(new float[12]);
            gradients.flat().copyFrom(new float[gradient.length]);
            assertEquals(
                    List.of("frozen.silu", "layer"),
                    program.nodes().stream().map(Node::path).toList());
            long[] forward = {1_000_000_000, 1_000_000_000};
            long[] backward = new long[2];
            program.forward(forward);
            program.backward(0, backward);
            assertArrayEquals(output, program.output("y").toArray());
            assertArrayEquals(gradient, gradients.flat().toArray());
            assertTrue(forward[0] >= 1_000_000_000 && forward[1] > 1_000_000_000, "times are added");
            assertEquals(0, backward[0], "nothing before the first parameter has a backward pass");
            assertTrue(backward[1] > 0);
        }
    }

    @Test
    void whatReachesNoOutputIsLeftOut() {
        Graph graph = new Graph();
        Value x = graph.input("x", Shape.of(1, 64, 64, 3));
        Scope top = Scope.of(graph);
        graph.output("y", top.averagePool(x));
        long without =
                Program.plan(graph, Purpose.INFERENCE, Backend.kernels(), 1).activations();
        top.at("unused").concat(x, x);
        assertEquals(
                without,
                Program.plan(graph, Purpose.INFERENCE, Backend.kernels(), 1).activations());
    }

    @Test
    void aGraphDoesNotTakeAnotherModelsWeights() {
        Graph graph = new Graph();
        graph.output("y", Scope.of(graph).at("a").linear(graph.input("x", Shape.of(1, 2)), 3));
        Graph other = new Graph();
        other.output("y", Scope.of(other).at("b").linear(other.input("x", Shape.of(1, 2)), 3));
        try (Weights weights = Weights.open("w", other.parameters())) {
            assertThrows(
                    HourglassException.class, () -> Program.forInference(graph, weights, Backend.kernels(), workers));
        }
    }

    @Test
    void shapesThatDoNotFitNameThePath() {
        Graph graph = new Graph();
        Scope at = Scope.of(graph).at("u3");
        Value a = graph.input("a", Shape.of(1, 4, 4, 2));
        Value b = graph.input("b", Shape.of(1, 5, 4, 2));
        String message =
                assertThrows(HourglassException.class, () -> at.concat(a, b)).getMessage();
        assertTrue(message.contains("u3.concat") && message.contains("[1, 5, 4, 2]"), message);
    }
}
