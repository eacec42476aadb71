package dev.hourglass.unet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.Graph;
import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.Program;
import dev.hourglass.graph.Value;
import dev.hourglass.graph.Weights;
import dev.hourglass.io.Safetensors;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.nn.Scope;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.Floats;
import dev.hourglass.testing.TinyUNetReference;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TinyUNetForwardTest {

    /** PyTorch's own float32 is at 6e-7. */
    private static final double TOLERANCE = 5e-6;

    private Weights weights;
    private Workers workers;

    @BeforeAll
    void open() {
        weights = TinyUNetReference.weights();
        workers = new Workers(2);
    }

    @AfterAll
    void close() {
        weights.close();
        workers.close();
    }

    @Test
    void hasTheLessonsParameters() {
        try (Safetensors file = TinyUNetReference.open("model.safetensors")) {
            assertEquals(
                    Set.copyOf(file.names()),
                    Set.copyOf(
                            weights.parameters().stream().map(Parameter::name).toList()));
        }
        assertEquals(
                914_915,
                weights.parameters().stream().mapToLong(Parameter::elements).sum());
    }

    @Test
    void readsAndWritesWeightsInPyTorchsOrder() {
        try (Safetensors file = TinyUNetReference.open("model.safetensors")) {
            for (Parameter parameter : weights.parameters()) {
                assertArrayEquals(file.floats(parameter.name()), weights.fileOrder(parameter), parameter.name());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"c0", "c1", "c2", "c3", "c4", "c5"})
    void agreesWithPyTorch(String name) {
        requireParity(name, "output", Set.of());
    }

    @ParameterizedTest
    @CsvSource({"c0, 1", "c0, 2", "c0, 3", "c2, 1", "c2, 2", "c2, 3"})
    void agreesWithPyTorchWhenAWireIsCut(String name, int wire) {
        requireParity(name, "output_wire" + wire + "_cut", Set.of(wire));
    }

    @ParameterizedTest
    @ValueSource(strings = {"c0", "c2"})
    void agreesWithPyTorchWhenAllWiresAreCut(String name) {
        requireParity(name, "output_all_wires_cut", Set.of(1, 2, 3));
    }

    private void requireParity(String name, String output, Set<Integer> cutWires) {
        try (Safetensors file = TinyUNetReference.open("forward.safetensors")) {
            long[] shape = file.entry(name + ".x").dims();
            float[] found = predict(
                    (int) shape[0],
                    (int) shape[2],
                    (int) shape[3],
                    file.floats(name + ".x"),
                    file.floats(name + ".t"),
                    cutWires);
            double error = Floats.maxError(found, file.floats(name + "." + output));
            assertTrue(error <= TOLERANCE, name + " " + output + ": max error " + error);
        }
    }

    private float[] predict(int n, int h, int w, float[] x, float[] t, Set<Integer> cutWires) {
        Graph graph = graph(n, h, w, cutWires);
        try (Program program = Program.forInference(graph, weights, Backend.kernels(), workers)) {
            program.input("sample").copyFrom(x);
            program.input("timestep").copyFrom(t);
            program.forward();
            return program.output("output").toArray();
        }
    }

    private static Graph graph(int n, int h, int w, Set<Integer> cutWires) {
        Graph graph = new Graph();
        Value x = graph.input("sample", Shape.of(n, h, w, 1));
        Value t = graph.input("timestep", Shape.of(n));
        graph.output("output", new TinyUNet().build(Scope.of(graph), x, t, Map.of(), cutWires));
        return graph;
    }

    /** Every height and width from 8 to 40: the shape by the rules, and a forward pass that gives finite numbers. */
    @Test
    void keepsTheShapeAtEverySize() {
        // The scalar twins take minutes for all sizes; they walk through every height once, with widths of all
        // remainders.
        boolean everyWidth = Backend.kernels().bits() > 0;
        for (int h = 8; h <= 40; h++) {
            for (int w = 8; w <= 40; w++) {
                assertEquals(
                        Shape.of(1, h, w, 1),
                        graph(1, h, w, Set.of()).outputs().get("output").shape());
                if (everyWidth || w == 8 + h % 8) {
                    float[] output = predict(1, h, w, Floats.random(h, h * w), new float[] {500}, Set.of());
                    assertTrue(Float.isFinite((float) Floats.norm(output)), h + "x" + w);
                }
            }
        }
    }

    @Test
    void anImageDoesNotSeeItsNeighboursInTheBatch() {
        float[] x = Floats.random(1, 3 * 19 * 13);
        float[] all = predict(3, 19, 13, x, new float[] {10, 500, 990}, Set.of());
        float[] last = predict(
                1, 19, 13, java.util.Arrays.copyOfRange(x, 2 * 19 * 13, 3 * 19 * 13), new float[] {990}, Set.of());
        assertArrayEquals(java.util.Arrays.copyOfRange(all, 2 * 19 * 13, 3 * 19 * 13), last);
    }

    @Test
    void refusesAnOddTimeDim() {
        String message = org.junit.jupiter.api.Assertions.assertThrows(HourglassException.class, () -> new TinyUNet(63))
                .getMessage();
        assertTrue(message.contains("time_dim") && message.contains("63"), message);
    }
}
