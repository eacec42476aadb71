package dev.hourglass.unet;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.Program;
import dev.hourglass.graph.Weights;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Tensor;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.Floats;
import dev.hourglass.testing.TinyUNetReference;
import dev.hourglass.train.TrainingStep;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The loss really changes by what the gradient says, block by block, at a size with odd levels. */
class TinyUNetFiniteDifferenceTest {

    /**
     * How far the loss is moved to each side. Rounding of the loss, 1e-7, is then a ten-thousandth of the difference, and the curvature
     * of even order cancels between the two sides.
     */
    private static final double LOSS_CHANGE = 1e-3;

    /** What third-order curvature and rounding may take away. */
    private static final double TOLERANCE = 0.01;

    @ParameterizedTest
    @ValueSource(strings = {"t_emb", "d1", "d2", "d3", "mid", "u3", "u2", "u1", "out"})
    void theLossFollowsTheGradient(String block) {
        try (Workers workers = new Workers(2);
                Weights weights = TinyUNetReference.weights();
                Weights gradients = Weights.open("gradients", weights.parameters());
                Program program = Program.forTraining(
                        TrainingStep.graph(new TinyUNet(), 2, 11, 9), weights, gradients, Backend.kernels(), workers)) {
            program.input("sample").copyFrom(Floats.random(1, 198));
            program.input("timestep").copyFrom(new float[] {20, 700});
            program.input("target").copyFrom(Floats.random(2, 198));
            program.outputGradient("loss").set(0, 1f);
            program.forward();
            program.backward();
            List<Parameter> moved = weights.parameters().stream()
                    .filter(parameter -> parameter.name().startsWith(block + "."))
                    .toList();
            double squaredNorm = moved.stream()
                    .mapToDouble(parameter ->
                            Math.pow(Floats.norm(gradients.tensor(parameter).toArray()), 2))
                    .sum();
            double step = LOSS_CHANGE / squaredNorm;
            double up = lossAfter(program, weights, gradients, moved, step);
            double down = lossAfter(program, weights, gradients, moved, -2 * step);
            assertEquals(1, (up - down) / (2 * LOSS_CHANGE), TOLERANCE);
        }
    }

    /** The loss after moving some parameters along their gradients. */
    private static double lossAfter(
            Program program, Weights weights, Weights gradients, List<Parameter> moved, double step) {
        for (Parameter parameter : moved) {
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
