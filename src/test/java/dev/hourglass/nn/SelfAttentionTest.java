package dev.hourglass.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.Graph;
import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.Program;
import dev.hourglass.graph.Value;
import dev.hourglass.graph.Weights;
import dev.hourglass.graph.op.Attention;
import dev.hourglass.kernel.Backend;
import dev.hourglass.kernel.scalar.ScalarKernels;
import dev.hourglass.memory.Shape;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.Floats;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Diffusers' self-attention block in a program, and the attention operation with values that are read several times. */
class SelfAttentionTest {

    private static final Shape SHAPE = Shape.of(2, 5, 7, 16);

    private static Graph block() {
        Graph graph = new Graph();
        Value x = graph.input("x", SHAPE);
        graph.differentiate(x);
        Scope at = Scope.of(graph).at("attentions").at("0");
        graph.output("y", new SelfAttention(x.shape().dim(3) / 2, 4, 1e-6, 1).apply(at, x));
        return graph;
    }

    @Test
    void parametersAreCalledAsInDiffusers() {
        List<String> names = block().parameters().stream().map(Parameter::name).toList();
        assertEquals(
                List.of(
                        "attentions.0.group_norm.weight",
                        "attentions.0.group_norm.bias",
                        "attentions.0.to_q.weight",
                        "attentions.0.to_q.bias",
                        "attentions.0.to_k.weight",
                        "attentions.0.to_k.bias",
                        "attentions.0.to_v.weight",
                        "attentions.0.to_v.bias",
                        "attentions.0.to_out.0.weight",
                        "attentions.0.to_out.0.bias"),
                names);
    }

    /** The loss {@code sum(y * seed)} along a random direction of the input and of every parameter. */
    @Test
    void gradientsAreTheDerivatives() {
        Graph graph = block();
        try (Workers workers = new Workers(2);
                Weights weights = Weights.open("w", graph.parameters());
                Weights gradients = Weights.open("g", graph.parameters());
                Program program =
                        Program.forTraining(graph, weights, gradients, ScalarKernels.create("the oracle"), workers)) {
            weights.initialize(1);
            float[] x = Floats.random(2, SHAPE.elements());
            float[] seed = Floats.random(3, SHAPE.elements());
            program.input("x").copyFrom(x);
            program.outputGradient("y").copyFrom(seed);
            program.forward();
            program.backward();
            requireDerivative("x", program.inputGradient("x").toArray(), x, moved -> {
                program.input("x").copyFrom(moved);
                program.forward();
                return Floats.dot(program.output("y").toArray(), seed);
            });
            for (Parameter parameter : graph.parameters()) {
                float[] values = weights.fileOrder(parameter);
                requireDerivative(parameter.name(), gradients.fileOrder(parameter), values, moved -> {
                    weights.setFileOrder(parameter, moved);
                    program.forward();
                    return Floats.dot(program.output("y").toArray(), seed);
                });
            }
        }
    }

    private interface Loss {
        double at(float[] values);
    }

    /** A step along the gradient itself changes the loss by its squared norm, and nothing cancels. */
    private static void requireDerivative(String what, float[] gradient, float[] values, Loss loss) {
        double norm = Floats.norm(gradient);
        double step = 1e-2 / Math.max(norm, 1e-2);
        double difference = (loss.at(moved(values, gradient, step)) - loss.at(moved(values, gradient, -step))) / 2;
        loss.at(values);
        // outputs are rounded, and the third derivative is of the size of the first
        double tolerance = step * norm * norm * 1e-3 + Math.ulp(1f) * Math.sqrt(SHAPE.elements()) * 4;
        assertEquals(step * norm * norm, difference, tolerance, what);
    }

    private static float[] moved(float[] values, float[] direction, double step) {
        float[] moved = values.clone();
        for (int k = 0; k < moved.length; k++) {
            moved[k] += (float) (step * direction[k]);
        }
        return moved;
    }

    @Test
    void threadsDoNotChangeABit() {
        float[][] outputs = new float[2][];
        float[][] parameters = new float[2][];
        for (int run = 0; run < 2; run++) {
            Graph graph = block();
            try (Workers workers = new Workers(1 + 2 * run);
                    Weights weights = Weights.open("w", graph.parameters());
                    Weights gradients = Weights.open("g", graph.parameters());
                    Program program = Program.forTraining(graph, weights, gradients, Backend.kernels(), workers)) {
                weights.initialize(1);
                program.input("x").copyFrom(Floats.random(2, SHAPE.elements()));
                program.outputGradient("y").copyFrom(Floats.random(3, SHAPE.elements()));
                program.forward();
                program.backward();
                outputs[run] = program.inputGradient("x").toArray();
                parameters[run] = gradients.flat().toArray();
            }
        }
        assertArrayEquals(outputs[0], outputs[1]);
        assertArrayEquals(parameters[0], parameters[1]);
    }

    /** Attention of a value to itself: its gradient is the sum of the gradients of three copies. */
    @Test
    void gradientsOfOneValueInThreePlacesAddUp() {
        Shape shape = Shape.of(2, 19, 8);
        float[] x = Floats.random(1, shape.elements());
        float[] mask = Floats.random(4, 2 * 19);
        float[] sum = new float[x.length];
        for (boolean one : new boolean[] {false, true}) {
            Graph graph = new Graph();
            Value q = graph.input("q", shape);
            Value k = one ? q : graph.input("k", shape);
            Value v = one ? q : graph.input("v", shape);
            Value m = graph.input("m", Shape.of(2, 19));
            List.of(q, k, v).forEach(graph::differentiate);
            graph.output("y", graph.apply("attention", new Attention(2), List.of(), q, k, v, m));
            try (Workers workers = new Workers(2);
                    Weights none = Weights.open("w", graph.parameters());
                    Program program = Program.forTraining(graph, none, none, Backend.kernels(), workers)) {
                List<String> names = one ? List.of("q") : List.of("q", "k", "v");
                names.forEach(name -> program.input(name).copyFrom(x));
                program.input("m").copyFrom(mask);
                program.outputGradient("y").copyFrom(Floats.random(3, shape.elements()));
                program.forward();
                program.backward();
                for (String name : names) {
                    float[] gradient = program.inputGradient(name).toArray();
                    for (int i = 0; i < sum.length; i++) {
                        sum[i] += one ? -gradient[i] : gradient[i];
                    }
                }
            }
        }
        assertTrue(Floats.norm(sum) <= 1e-6 * Math.sqrt(sum.length), "difference " + Floats.norm(sum));
    }

    @Test
    void shapesThatDoNotFitAreRefused() {
        Graph graph = new Graph();
        Scope at = Scope.of(graph).at("mid");
        Value x = graph.input("x", Shape.of(2, 4, 4, 12));
        Value text = graph.input("text", Shape.of(2, 77, 12));
        Value other = graph.input("other", Shape.of(2, 76, 12));
        assertEquals(x.shape(), at.attention(x, text, text, 3).shape());
        for (Runnable wrong : List.<Runnable>of(
                () -> at.attention(x, text, other, 3),
                () -> at.attention(x, text, text, 5),
                () -> graph.apply("mid", new Attention(3), List.of(), x, text, text, other))) {
            String message = assertThrows(HourglassException.class, wrong::run).getMessage();
            assertTrue(message.contains("mid"), message);
        }
    }
}
