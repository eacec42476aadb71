package dev.hourglass.unet;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.hourglass.graph.Graph;
import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.Program;
import dev.hourglass.graph.Weights;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Tensor;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.Floats;
import java.util.function.BiConsumer;

/** Whether a model's loss follows its gradient. */
final class Slope {

    /** How far the loss is moved to each side, ten thousand times its rounding; less where the weights would move too far for that. */
    private static final double LOSS_CHANGE = 1e-3;

    private static final double FARTHEST = 0.01;

    /** What third-order curvature and rounding may take away. */
    private static final double TOLERANCE = 0.02;

    private Slope() {}

    /**
     * Moves all parameters along their gradient, to both sides.
     *
     * @param graph with an output {@code loss}
     * @param fill fills an input by its name
     */
    static void requireFollowsGradient(Graph graph, BiConsumer<String, Tensor> fill) {
        try (Workers workers = new Workers(2);
                Weights weights = Weights.open("weights", graph.parameters());
                Weights gradients = Weights.open("gradients", graph.parameters());
                Program program = Program.forTraining(graph, weights, gradients, Backend.kernels(true), workers)) {
            weights.initialize(1);
            graph.inputs().keySet().forEach(name -> fill.accept(name, program.input(name)));
            program.outputGradient("loss").set(0, 1f);
            program.forward();
            program.backward();
            double squaredNorm = weights.parameters().stream()
                    .mapToDouble(parameter -> Math.pow(norm(gradients.tensor(parameter)), 2))
                    .sum();
            double change = Math.min(LOSS_CHANGE, FARTHEST * Math.sqrt(squaredNorm));
            double step = change / squaredNorm;
            double up = lossAfter(program, weights, gradients, step);
            double down = lossAfter(program, weights, gradients, -2 * step);
            assertEquals(1, (up - down) / (2 * change), TOLERANCE);
        }
    }

    private static double norm(Tensor tensor) {
        return Floats.norm(tensor.toArray());
    }

    /** The loss after moving all parameters along their gradients. */
    private static double lossAfter(Program program, Weights weights, Weights gradients, double step) {
        for (Parameter parameter : weights.parameters()) {
            Tensor values = weights.tensor(parameter);
            Tensor slope = gradients.tensor(parameter);
            for (long k = 0; k < parameter.elements(); k++) {
                values.set(k, (float) (values.get(k) + step * slope.get(k)));
            }
        }
        weights.changed();
        program.forward();
        return program.output("loss").get(0);
    }
}
