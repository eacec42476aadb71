package dev.hourglass.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.kernel.Backend;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.memory.Shape;
import dev.hourglass.nn.Scope;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.Floats;
import dev.hourglass.train.TrainingStep;
import dev.hourglass.unet.TinyUNet;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A batch walked through in parts against the same batch in one piece. */
class MicroBatchesTest {

    private static final int SIDE = 9;

    private final Kernels kernels = Backend.kernels();

    private static Graph inference(int images) {
        Graph graph = new Graph();
        Value x = graph.input("sample", Shape.of(images, SIDE, SIDE, 1));
        Value t = graph.input("timestep", Shape.of(images));
        graph.output("output", new TinyUNet().build(Scope.of(graph), x, t, Map.of(), Set.of()));
        return graph;
    }

    private static Graph training(int images) {
        return TrainingStep.graph(new TinyUNet(), images, SIDE, SIDE);
    }

    /** 165 images come in parts of unequal use: the last one is padded. An image's output does not depend on its part. */
    @Test
    void outputsAreThoseOfOnePiece() {
        int batch = 165;
        float[] x = Floats.random(1, (long) batch * SIDE * SIDE);
        float[] t = Floats.scaled(Floats.random(2, batch), 500);
        try (Workers workers = new Workers(2);
                Weights weights = weights(inference(1));
                MicroBatches parts =
                        MicroBatches.forInference(MicroBatchesTest::inference, batch, weights, kernels, workers);
                Program whole = Program.forInference(inference(batch), weights, kernels, workers)) {
            assertTrue(parts.size() < batch, "parts of " + parts.size());
            assertEquals(batch, parts.output("output").shape().dim(0));
            parts.input("sample").copyFrom(x);
            parts.input("timestep").copyFrom(t);
            parts.forward();
            whole.input("sample").copyFrom(x);
            whole.input("timestep").copyFrom(t);
            whole.forward();
            assertArrayEquals(
                    whole.output("output").toArray(), parts.output("output").toArray());
        }
    }

    /** Gradients of parts add up to those of the whole, apart from the order of additions; a second time, nothing is left over. */
    @Test
    void gradientsAddUpOverParts() {
        int batch = 48;
        float[] x = Floats.random(1, (long) batch * SIDE * SIDE);
        float[] target = Floats.random(3, (long) batch * SIDE * SIDE);
        float[] t = Floats.scaled(Floats.random(2, batch), 500);
        try (Workers workers = new Workers(2);
                Weights weights = weights(training(1));
                Weights added = Weights.open("gradients of parts", weights.parameters());
                Weights expected = Weights.open("gradients", weights.parameters());
                MicroBatches parts = MicroBatches.forTraining(
                        MicroBatchesTest::training, batch, weights, added, false, kernels, workers);
                Program whole = Program.forTraining(training(batch), weights, expected, kernels, workers)) {
            assertEquals(16, parts.size());
            parts.input("sample").copyFrom(x);
            parts.input("timestep").copyFrom(t);
            parts.input("target").copyFrom(target);
            whole.input("sample").copyFrom(x);
            whole.input("timestep").copyFrom(t);
            whole.input("target").copyFrom(target);
            whole.outputGradient("loss").set(0, 1f);
            whole.forward();
            whole.backward();
            for (int round = 0; round < 2; round++) {
                float loss = parts.gradients("loss");
                assertEquals(whole.output("loss").get(0), loss, 1e-6);
                double largest = 0;
                for (Parameter parameter : weights.parameters()) {
                    largest = Math.max(largest, Floats.norm(expected.fileOrder(parameter)));
                }
                for (Parameter parameter : weights.parameters()) {
                    float[] e = expected.fileOrder(parameter);
                    float[] found = added.fileOrder(parameter);
                    double error = Floats.relativeError(found, e) * Floats.norm(e);
                    assertTrue(error <= 2e-5 * Math.max(Floats.norm(e), 1e-3 * largest), parameter.name());
                }
            }
        }
    }

    /** Whatever the teams: threads that walk through parts side by side, threads that help each other, and some of both. */
    @ParameterizedTest
    @CsvSource({"2,2", "3,1", "4,2"})
    void gradientsAreBitIdenticalWhateverTheThreads(int threads, int teams) {
        assertArrayEquals(gradients(1, 1), gradients(threads, teams));
    }

    /** The loss and all gradients of two parts, in a second step, which must find nothing of the first. */
    private float[] gradients(int threads, int teams) {
        int batch = 32;
        int side = 13; // activations are more than the parameters, so each part has a sum of its own
        long pixels = (long) batch * side * side;
        try (Workers workers = new Workers(threads);
                Weights weights = weights(training(1));
                Weights gradients = Weights.open("gradients", weights.parameters());
                MicroBatches parts = MicroBatches.forTraining(
                        images -> TrainingStep.graph(new TinyUNet(), images, side, side),
                        batch,
                        weights,
                        gradients,
                        false,
                        kernels,
                        workers)) {
            assertEquals(16, parts.size());
            assertEquals(teams, parts.teams());
            float loss = 0;
            for (int step = 0; step < 2; step++) {
                parts.input("sample").copyFrom(Floats.random(10 + step, pixels));
                parts.input("timestep").copyFrom(Floats.scaled(Floats.random(20 + step, batch), 500));
                parts.input("target").copyFrom(Floats.random(30 + step, pixels));
                loss = parts.gradients("loss");
            }
            float[] flat = gradients.flat().toArray();
            float[] all = Arrays.copyOf(flat, flat.length + 1);
            all[flat.length] = loss;
            return all;
        }
    }

    /** Teams share packed weights: after a change all of them must see the new ones. */
    @Test
    void everyTeamSeesChangedWeights() {
        int batch = 32;
        try (Workers workers = new Workers(4);
                Weights weights = weights(inference(1));
                MicroBatches parts =
                        MicroBatches.forInference(MicroBatchesTest::inference, batch, weights, kernels, workers)) {
            assertEquals(4, parts.teams());
            float[] image = Floats.random(1, (long) SIDE * SIDE);
            float[] x = new float[batch * image.length];
            for (int n = 0; n < batch; n++) {
                System.arraycopy(image, 0, x, n * image.length, image.length);
            }
            parts.input("sample").copyFrom(x);
            parts.forward();
            float[] before = parts.output("output").toArray();
            Parameter last = weights.parameters().getLast();
            float[] raised = weights.fileOrder(last);
            raised[0] += 1;
            weights.setFileOrder(last, raised);
            parts.forward();
            float[] after = parts.output("output").toArray();
            for (int k = 0; k < after.length; k++) {
                assertEquals(before[k] + 1, after[k], 1e-5f, "value " + k);
            }
        }
    }

    private static Weights weights(Graph graph) {
        Weights weights = Weights.open("weights", graph.parameters());
        for (Parameter parameter : weights.parameters()) {
            float[] values = Floats.random(parameter.name().hashCode(), parameter.elements());
            weights.setFileOrder(parameter, Floats.scaled(values, 0.1f));
        }
        return weights;
    }
}
