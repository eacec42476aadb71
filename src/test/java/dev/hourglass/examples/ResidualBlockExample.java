package dev.hourglass.examples;

import dev.hourglass.graph.Graph;
import dev.hourglass.graph.Program;
import dev.hourglass.graph.Value;
import dev.hourglass.graph.Weights;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.kernel.RandomNormal;
import dev.hourglass.kernel.TimestepEncoding;
import dev.hourglass.kernel.scalar.ScalarKernels;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Tensor;
import dev.hourglass.nn.ResBlock;
import dev.hourglass.nn.Scope;
import dev.hourglass.parallel.Workers;
import java.io.PrintStream;
import java.util.Locale;

/**
 * The lesson's first rung: one residual block that knows what time it is. The arithmetic is the scalar twins', plain loops that can be
 * read from end to end; the wiring is {@link ResBlock}'s. The same image goes through the same weights at three timesteps and comes out
 * three times different.
 */
public final class ResidualBlockExample {

    private static final int BATCH = 1;
    private static final int SIZE = 16;
    private static final int IN = 16;
    private static final int OUT = 32;
    private static final int TIME_DIM = 64;

    private ResidualBlockExample() {}

    /** Prints shapes and outputs. */
    public static void main(String[] args) {
        run(System.out);
    }

    static void run(PrintStream out) {
        Graph graph = new Graph();
        Value x = graph.input("x", Shape.of(BATCH, SIZE, SIZE, IN));
        Value t = graph.input("t", Shape.of(BATCH));
        Scope top = Scope.of(graph);
        Value encoded = top.at("encoding").sinusoidal(t, TIME_DIM, TimestepEncoding.Order.SIN_COS, 0);
        Value y = ResBlock.apply(top.at("block"), x, encoded, OUT);
        graph.output("y", y);
        out.println("input " + x.shape() + ", timestep encoding " + encoded.shape() + ", output " + y.shape());

        Kernels kernels = ScalarKernels.create("arithmetic to read");
        try (Workers workers = new Workers(1);
                Weights weights = Weights.open("block", graph.parameters());
                Program program = Program.forInference(graph, weights, kernels, workers)) {
            weights.initialize(0);
            fillWithNoise(program.input("x"), kernels.randomNormal());
            for (int step : new int[] {10, 500, 999}) {
                program.input("t").set(0, step);
                program.forward();
                float[] values = program.output("y").toArray();
                out.printf(
                        Locale.ROOT,
                        "t = %3d: mean %+.6f, first values %+.4f %+.4f %+.4f%n",
                        step,
                        mean(values),
                        values[0],
                        values[1],
                        values[2]);
            }
        }
    }

    private static void fillWithNoise(Tensor tensor, RandomNormal random) {
        random.fill(tensor.segment(), 0, 1, 0, 0, tensor.shape().elements());
    }

    private static double mean(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += value;
        }
        return sum / values.length;
    }
}
