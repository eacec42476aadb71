package dev.hourglass.unet;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.hourglass.graph.Graph;
import dev.hourglass.graph.Program;
import dev.hourglass.graph.Weights;
import dev.hourglass.kernel.Backend;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.memory.Tensor;
import dev.hourglass.parallel.Workers;
import java.util.function.BiConsumer;

/** Whether a model's loss and gradients are the same to the last bit where activations are computed again. */
final class Recomputation {

    private Recomputation() {}

    /**
     * Compares one step on two threads that keeps activations with one on three threads that computes them again.
     *
     * @param graph with an output {@code loss}
     * @param fill fills an input by its name
     */
    static void requireSameBits(Graph graph, BiConsumer<String, Tensor> fill) {
        for (boolean exact : new boolean[] {false, true}) {
            Kernels kernels = Backend.kernels(exact);
            try (Workers two = new Workers(2);
                    Workers three = new Workers(3);
                    Weights weights = Weights.open("weights", graph.parameters());
                    Weights expected = Weights.open("gradients", graph.parameters());
                    Weights found = Weights.open("gradients", graph.parameters());
                    Program keeping = Program.forTraining(graph, weights, expected, kernels, two);
                    Program recomputing = Program.forTraining(graph, weights, found, true, kernels, three)) {
                weights.initialize(1);
                assertEquals(loss(keeping, graph, fill), loss(recomputing, graph, fill));
                assertArrayEquals(expected.flat().toArray(), found.flat().toArray(), 0f);
            }
        }
    }

    private static float loss(Program program, Graph graph, BiConsumer<String, Tensor> fill) {
        graph.inputs().keySet().forEach(name -> fill.accept(name, program.input(name)));
        program.outputGradient("loss").set(0, 1f);
        program.forward();
        program.backward();
        return program.output("loss").get(0);
    }
}
