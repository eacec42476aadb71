package dev.hourglass.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.hourglass.graph.op.Concat;
import dev.hourglass.graph.op.ResizedConcat;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.nn.Scope;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.Floats;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Concatenation that resizes its first input against the two operations apart: the same numbers, bit for bit. */
class ResizedConcatTest {

    private static final int IMAGES = 3;

    /**
     * Two tensors meet in a block, and are also read by somebody before it and after it, so that their gradients add up.
     *
     * @param apart whether somebody reads what is resized, which keeps it out of the concatenation
     */
    private static Graph graph(int h, int w, int oh, int ow, int a, int b, boolean apart) {
        Graph graph = new Graph();
        Scope top = Scope.of(graph);
        Value small = graph.input("small", Shape.of(IMAGES, h, w, 3));
        graph.differentiate(small);
        Value x = top.at("x").conv2d(small, a, 1);
        Value wire = top.at("wire").conv2d(graph.input("large", Shape.of(IMAGES, oh, ow, 2)), b, 1);
        graph.output("before", top.at("before").linear(wire, 2));
        Scope up = top.at("up");
        up.block();
        Value resized = up.resizeLike(x, wire);
        Value met = up.silu(up.concat(resized, wire));
        graph.output("met", top.at("out").conv2d(met, 4, 1));
        graph.output("after", top.at("after").linear(x, 2));
        if (apart) {
            graph.output("resized", resized);
        }
        return graph;
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 3, 2, 5, 3",
        "3, 3, 7, 7, 33, 16",
        "7, 6, 14, 13, 4, 64",
        "14, 14, 28, 28, 32, 32",
        "30, 2, 61, 3, 1, 17",
        "9, 10, 4, 5, 8, 1",
        "4, 5, 4, 5, 16, 16"
    })
    void isTheSameAsBothApart(int h, int w, int oh, int ow, int a, int b) {
        Graph apart = graph(h, w, oh, ow, a, b, true);
        Map<String, float[]> expected = results(apart, Concat.class, false, 1);
        expected.remove("resized");
        for (int threads = 1; threads <= 4; threads++) {
            for (boolean recompute : new boolean[] {false, true}) {
                Graph joined = graph(h, w, oh, ow, a, b, false);
                Map<String, float[]> found = results(joined, ResizedConcat.class, recompute, threads);
                String what = threads + (recompute ? " threads, recomputing: " : " threads: ");
                assertEquals(expected.keySet(), found.keySet());
                expected.forEach((name, values) -> assertArrayEquals(values, found.get(name), what + name));
            }
        }
    }

    /** Outputs and gradients after two steps; nothing that the first left behind shows in the second. */
    private static Map<String, float[]> results(Graph graph, Class<?> op, boolean recompute, int threads) {
        Map<String, float[]> results = new TreeMap<>();
        try (Workers workers = new Workers(threads);
                Weights weights = Weights.open("w", graph.parameters());
                Weights gradients = Weights.open("g", graph.parameters());
                Program program =
                        Program.forTraining(graph, weights, gradients, recompute, Backend.kernels(), workers)) {
            weights.initialize(1);
            List<Node> concatenations = program.nodes().stream()
                    .filter(node -> node.path().equals("up.concat"))
                    .toList();
            assertEquals(1, concatenations.size());
            assertEquals(op, concatenations.getFirst().op().getClass());
            for (int pass = 0; pass < 2; pass++) {
                for (String name : List.of("small", "large")) {
                    long count = program.input(name).shape().elements();
                    program.input(name).copyFrom(Floats.random(10 * pass + name.length(), count));
                }
                program.forward();
                for (String name : graph.outputs().keySet()) {
                    int count = Math.toIntExact(program.output(name).shape().elements());
                    boolean onlyRead = name.equals("resized");
                    program.outputGradient(name)
                            .copyFrom(onlyRead ? new float[count] : Floats.random(10 * pass + name.length(), count));
                }
                program.backward();
            }
            graph.outputs()
                    .keySet()
                    .forEach(name -> results.put(name, program.output(name).toArray()));
            graph.parameters().forEach(p -> results.put(p.name(), gradients.fileOrder(p)));
            results.put("dsmall", program.inputGradient("small").toArray());
        }
        return results;
    }
}
