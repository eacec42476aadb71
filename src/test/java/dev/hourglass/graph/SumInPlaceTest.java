package dev.hourglass.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.nn.Scope;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.Floats;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A convolution leaves its sum with an addend in the addend's place, where nobody reads the addend afterwards. */
class SumInPlaceTest {

    private final Graph graph = new Graph();
    private final Value x = graph.input("x", Shape.of(2, 7, 9, 8));
    private final Scope top = Scope.of(graph);

    private boolean shared(Purpose purpose, Value sum, Value addend) {
        Layout layout = new Layout(graph, purpose, Backend.kernels());
        return layout.valueOffset(sum) == layout.valueOffset(addend);
    }

    /** Also one sum after the other. */
    @ParameterizedTest
    @ValueSource(strings = {"INFERENCE", "TRAINING", "RECOMPUTING_TRAINING"})
    void takesThePlaceOfWhatNobodyElseReads(Purpose purpose) {
        Value skip = top.at("skip").conv2d(x, 16, 1);
        Value first = top.at("1").add(top.at("1").conv2d(x, 16, 3), skip);
        Value second = top.at("2").add(first, top.at("2").conv2d(x, 16, 3));
        graph.output("y", second);
        assertEquals(true, shared(purpose, first, skip));
        assertEquals(true, shared(purpose, second, first));
    }

    @Test
    void keepsOffWhatIsReadAfterwards() {
        Value skip = top.at("skip").conv2d(x, 16, 1);
        Value sum = top.add(top.at("conv").conv2d(x, 16, 3), skip);
        graph.output("y", top.at("again").add(top.at("again").silu(sum), skip));
        assertEquals(false, shared(Purpose.INFERENCE, sum, skip));
    }

    /** A pixel of the sum is made of the pixels around it. */
    @Test
    void keepsOffItsOwnInput() {
        Value h = top.at("h").conv2d(x, 16, 1);
        Value sum = top.add(top.at("conv").conv2d(h, 16, 3), h);
        graph.output("y", top.silu(sum));
        assertEquals(false, shared(Purpose.INFERENCE, sum, h));
    }

    @Test
    void keepsOffWhatTheCallerOwns() {
        Value sum = top.add(top.at("conv").conv2d(x, 8, 3), x);
        Value skip = top.at("skip").conv2d(x, 8, 1);
        Value other = top.at("other").add(top.at("other").conv2d(x, 8, 3), skip);
        graph.output("y", top.silu(sum));
        graph.output("z", top.at("2").silu(other));
        graph.output("skip", skip);
        assertEquals(false, shared(Purpose.INFERENCE, sum, x));
        assertEquals(false, shared(Purpose.INFERENCE, other, skip));
    }

    /** The way back reads what a norm or a SiLU saw; the way forth alone does not. */
    @Test
    void keepsOffWhatTheWayBackReads() {
        Value h = top.at("h").conv2d(x, 8, 1);
        Value sum = top.at("b").add(top.at("b").conv2d(top.at("b").silu(h), 8, 3), h);
        graph.output("y", sum);
        assertEquals(true, shared(Purpose.INFERENCE, sum, h));
        assertEquals(false, shared(Purpose.TRAINING, sum, h));
    }

    /** Winograd's, the direct and the narrow convolution. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void isTheSameAsApart(int threads) {
        int[][] layers = {{32, 32, 3}, {3, 20, 3}, {40, 33, 1}, {16, 2, 3}, {600, 16, 3}};
        for (int[] layer : layers) {
            Map<String, float[]> apart = results(layer, true, 1);
            apart.remove("skip");
            Map<String, float[]> inPlace = results(layer, false, threads);
            assertEquals(apart.keySet(), inPlace.keySet());
            apart.forEach((name, values) -> assertArrayEquals(values, inPlace.get(name), layer[0] + ": " + name));
        }
    }

    private static Map<String, float[]> results(int[] layer, boolean apart, int threads) {
        int in = layer[0];
        int out = layer[1];
        Graph graph = new Graph();
        Scope top = Scope.of(graph);
        Value x = graph.input("x", Shape.of(2, 13, 11, in));
        Value shift = graph.input("shift", Shape.of(2, out));
        Value skip = top.at("skip").conv2d(x, out, 1);
        Value conv = top.at("conv").conv2d(x, out, layer[2]);
        Value sum = top.add(top.channelShift(conv, shift), skip);
        graph.output("y", sum);
        if (apart) {
            graph.output("skip", skip);
        }
        Layout layout = new Layout(graph, Purpose.TRAINING, Backend.kernels());
        assertEquals(!apart, layout.valueOffset(sum) == layout.valueOffset(skip));
        Map<String, float[]> results = new TreeMap<>();
        try (Workers workers = new Workers(threads);
                Weights weights = Weights.open("w", graph.parameters());
                Weights gradients = Weights.open("g", graph.parameters());
                Program program = Program.forTraining(graph, weights, gradients, Backend.kernels(), workers)) {
            weights.initialize(1);
            graph.inputs()
                    .forEach((name, value) -> program.input(name)
                            .copyFrom(Floats.random(value.id(), value.shape().elements())));
            program.forward();
            program.outputGradient("y").copyFrom(Floats.random(9, sum.shape().elements()));
            program.backward();
            graph.outputs()
                    .keySet()
                    .forEach(name -> results.put(name, program.output(name).toArray()));
            graph.parameters().forEach(p -> results.put(p.name(), gradients.fileOrder(p)));
        }
        return results;
    }
}
