package dev.hourglass.unet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.graph.Graph;
import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.Program;
import dev.hourglass.graph.Weights;
import dev.hourglass.io.Safetensors;
import dev.hourglass.kernel.Backend;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.Floats;
import dev.hourglass.testing.TinyUNetReference;
import dev.hourglass.train.AdamW;
import dev.hourglass.train.TrainingStep;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TinyUNetTrainingTest {

    /** Relative Euclidean error of one gradient; PyTorch's own float32 is at 1.2e-6. */
    private static final double GRADIENT_TOLERANCE = 2e-5;

    /** Relative error of a loss of the trace. */
    private static final double LOSS_TOLERANCE = 1e-5;

    /** Absolute error of a weight after 20 steps; PyTorch's own float32 is at 2.5e-6, and a step moves a weight by up to 1e-3. */
    private static final double WEIGHT_TOLERANCE = 2.5e-5;

    /**
     * Euclidean error of a parameter after 20 steps, as a share of the way that it went. With Winograd's algorithm it stands in place of
     * single weights' errors: Adam divides a gradient by its own size, so that the rounding of the one smallest gradient of 900 thousand
     * decides how far the worst weight is off, and a change of an addition's order moves that fivefold.
     */
    private static final double WAY_TOLERANCE = 1e-4;

    /** Relative error of a weight that the optimizer rounded: half a unit in the last place here, half in the reference. */
    private static final double ROUNDING = Math.ulp(1f);

    /** What twenty steps gave: the loss of each, and the weights at their end. */
    private record Trace(float[] losses, Map<String, float[]> weights) {}

    private Workers workers;
    private Trace exact;
    private Trace fast;

    @BeforeAll
    void open() {
        workers = new Workers(2);
    }

    @AfterAll
    void close() {
        workers.close();
    }

    @Test
    void gradientsAgreeWithPyTorchAtAnOddSize() {
        try (Safetensors file = TinyUNetReference.open("gradients_odd.safetensors")) {
            requireGradients(file);
        }
    }

    @Test
    void gradientsAgreeWithPyTorchAtAnEvenSize() {
        try (Safetensors file = TinyUNetReference.openShared("gradients_even.safetensors")) {
            requireGradients(file);
        }
    }

    private void requireGradients(Safetensors file) {
        long[] shape = file.entry("x").dims();
        Graph graph = TrainingStep.graph(new TinyUNet(), (int) shape[0], (int) shape[2], (int) shape[3]);
        graph.differentiate(graph.inputs().get("sample"));
        try (Weights weights = TinyUNetReference.weights();
                Weights gradients = Weights.open("gradients", weights.parameters());
                Program program = Program.forTraining(graph, weights, gradients, Backend.kernels(), workers)) {
            program.input("sample").copyFrom(file.floats("x"));
            program.input("timestep").copyFrom(file.floats("t"));
            program.input("target").copyFrom(file.floats("target"));
            program.forward();
            program.outputGradient("loss").set(0, 1f);
            program.backward();
            assertEquals(file.floats("loss")[0], program.output("loss").get(0), 1e-6);
            double largest = largestNorm(file, weights);
            requireClose("grad_x", program.inputGradient("sample").toArray(), file.floats("grad_x"), largest);
            for (Parameter parameter : weights.parameters()) {
                requireClose(
                        parameter.name(),
                        gradients.fileOrder(parameter),
                        file.floats("grad." + parameter.name()),
                        largest);
            }
        }
    }

    private static double largestNorm(Safetensors file, Weights weights) {
        return weights.parameters().stream()
                .mapToDouble(parameter -> Floats.norm(file.floats("grad." + parameter.name())))
                .max()
                .orElseThrow();
    }

    /** Gradients that are zero in theory hold rounding noise in the reference and are compared with the file's largest. */
    private static void requireClose(String name, float[] found, float[] expected, double largest) {
        double norm = Math.max(Floats.norm(expected), 1e-9 * largest);
        double error = Floats.relativeError(found, expected) * Floats.norm(expected) / norm;
        assertTrue(
                error <= GRADIENT_TOLERANCE, () -> String.format(Locale.ROOT, "%s: relative error %.2e", name, error));
    }

    /** Without Winograd's algorithm only the order of additions differs from PyTorch's. */
    @Test
    void lossesOfTwentyExactStepsFollowPyTorch() {
        requireLosses(exact(), LOSS_TOLERANCE);
    }

    @Test
    void lossesOfTwentyStepsFollowPyTorch() {
        requireLosses(fast(), LOSS_TOLERANCE);
    }

    @Test
    void twentyExactStepsOfAdamWFollowPyTorch() {
        requireWeights(exact());
        requireWays(exact());
    }

    @Test
    void twentyStepsOfAdamWFollowPyTorch() {
        requireWays(fast());
    }

    /** Walks through the recorded batches, once for the losses and the weights. */
    private Trace exact() {
        exact = exact == null ? trace(Backend.kernels(true)) : exact;
        return exact;
    }

    private Trace fast() {
        Assumptions.assumeTrue(Backend.kernels().bits() > 0, "the scalar kernels have one algorithm only");
        fast = fast == null ? trace(Backend.kernels()) : fast;
        return fast;
    }

    private Trace trace(Kernels kernels) {
        try (Weights weights = TinyUNetReference.weights();
                TrainingStep step = new TrainingStep(
                        new TinyUNet(), weights, 16, 28, 28, AdamW.Settings.DEFAULT, kernels, workers);
                Safetensors file = TinyUNetReference.open("training_trace.safetensors")) {
            float[] losses = new float[file.floats("losses").length];
            for (int k = 0; k < losses.length; k++) {
                String name = String.format(Locale.ROOT, "step%02d.", k);
                step.sample().copyFrom(file.floats(name + "x"));
                step.timesteps().copyFrom(file.floats(name + "t"));
                step.target().copyFrom(file.floats(name + "target"));
                losses[k] = step.run(1e-3);
            }
            assertEquals(20, step.optimizer().steps());
            Map<String, float[]> after = new HashMap<>();
            weights.parameters().forEach(parameter -> after.put(parameter.name(), weights.fileOrder(parameter)));
            return new Trace(losses, after);
        }
    }

    private static void requireLosses(Trace trace, double tolerance) {
        try (Safetensors file = TinyUNetReference.open("training_trace.safetensors")) {
            float[] expected = file.floats("losses");
            for (int k = 0; k < expected.length; k++) {
                double error = Math.abs(trace.losses()[k] / expected[k] - 1);
                assertTrue(error <= tolerance, "step " + k + ": relative error of the loss " + error);
            }
        }
    }

    private static void requireWeights(Trace trace) {
        try (Safetensors expected = TinyUNetReference.openShared("model_after_20_steps.safetensors")) {
            trace.weights().forEach((name, found) -> {
                double error = Floats.maxError(found, expected.floats(name));
                assertTrue(error <= WEIGHT_TOLERANCE, name + ": max error " + error);
            });
        }
    }

    private static void requireWays(Trace trace) {
        try (Safetensors expected = TinyUNetReference.openShared("model_after_20_steps.safetensors");
                Weights before = TinyUNetReference.weights()) {
            for (Parameter parameter : before.parameters()) {
                String name = parameter.name();
                float[] end = expected.floats(name);
                double error = Floats.distance(trace.weights().get(name), end);
                double way = Floats.distance(before.fileOrder(parameter), end);
                assertTrue(
                        error <= WAY_TOLERANCE * way + ROUNDING * Floats.norm(end),
                        () -> String.format(Locale.ROOT, "%s: off by %.2e of its way", name, error / way));
            }
        }
    }
}
