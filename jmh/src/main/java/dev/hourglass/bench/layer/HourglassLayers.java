package dev.hourglass.bench.layer;

import dev.hourglass.bench.peer.Work;
import dev.hourglass.graph.Graph;
import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.ParameterLayout;
import dev.hourglass.graph.Program;
import dev.hourglass.graph.Value;
import dev.hourglass.graph.Weights;
import dev.hourglass.graph.op.Conv2d;
import dev.hourglass.kernel.Backend;
import dev.hourglass.kernel.Conv2dGeometry.Window;
import dev.hourglass.memory.ChannelOrder;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import dev.hourglass.nn.Scope;
import dev.hourglass.parallel.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** This library: programs of one layer, their weights packed beforehand. */
final class HourglassLayers implements LayerEngine {

    @Override
    public String name() {
        return "Hourglass";
    }

    @Override
    public Optional<Work> prepare(Layer layer, LayerData data, int threads) {
        return Optional.of(new LayerProgram(layer, data, threads));
    }

    /** A graph of one layer. */
    private static final class LayerProgram implements Work {

        private final Weights weights;
        private final Workers workers;
        private final Program program;

        LayerProgram(Layer layer, LayerData data, int threads) {
            Graph graph = new Graph();
            List<Value> inputs = new ArrayList<>();
            for (int k = 0; k < layer.inputs(); k++) {
                inputs.add(graph.input("x" + k, inMemory(layer.inputShape())));
            }
            graph.output("y", apply(Scope.of(graph), layer, inputs));
            weights = Weights.open("weights of a layer", graph.parameters());
            for (Parameter parameter : graph.parameters()) {
                weights.setFileOrder(parameter, parameter.name().equals("weight") ? data.weight() : data.bias());
            }
            workers = new Workers(threads);
            boolean exact = layer instanceof Layer.Convolution conv && conv.exact();
            program = Program.forInference(graph, weights, Backend.kernels(exact), workers);
            for (int k = 0; k < inputs.size(); k++) {
                fill(program.input(inputs.get(k).name()), data.inputs().get(k));
            }
        }

        private static Value apply(Scope at, Layer layer, List<Value> inputs) {
            Value x = inputs.getFirst();
            return switch (layer) {
                case Layer.Convolution conv -> convolution(at.graph(), conv, x);
                case Layer.Norm norm ->
                    norm.silu() ? at.silu(at.groupNorm(x, norm.groups())) : at.groupNorm(x, norm.groups());
                case Layer.Attention attention -> at.attention(x, inputs.get(1), inputs.get(2), attention.heads());
                case Layer.Linear linear -> at.linear(x, linear.out());
            };
        }

        private static Value convolution(Graph graph, Layer.Convolution layer, Value x) {
            Window window = new Window(layer.stride(), layer.padding(), layer.padding(), 1);
            Parameter.Init init = Parameter.Init.constant(0);
            Parameter weight =
                    graph.parameter("weight", Shape.of(layer.weightShape()), new ParameterLayout.Convolution(1), init);
            Parameter bias = graph.parameter("bias", Shape.of(layer.bias()), new ParameterLayout.Plain(), init);
            Conv2d conv = new Conv2d(layer.out(), layer.kernel(), layer.kernel(), window, window, 1);
            return graph.apply("conv", conv, List.of(weight, bias), x);
        }

        /** {@code [N, C, H, W]} to {@code [N, H, W, C]}; matrices as they are. */
        private static Shape inMemory(int[] shape) {
            return shape.length == 4 ? Shape.of(shape[0], shape[2], shape[3], shape[1]) : Shape.of(shape);
        }

        private static void fill(Tensor tensor, float[] values) {
            if (tensor.shape().rank() != 4) {
                tensor.copyFrom(values);
                return;
            }
            try (Slab slab = Slab.open("input of a layer", tensor.shape().floatBytes())) {
                Tensor file = slab.tensor(0, tensor.shape()).copyFrom(values);
                ChannelOrder.channelsLast(file.segment(), tensor.segment(), tensor.shape());
            }
        }

        @Override
        public void run() {
            program.forward();
        }

        @Override
        public float[] result() {
            Tensor output = program.output("y");
            if (output.shape().rank() != 4) {
                return output.toArray();
            }
            try (Slab slab = Slab.open("output of a layer", output.shape().floatBytes())) {
                Tensor file = slab.tensor(0, output.shape());
                ChannelOrder.channelsFirst(output.segment(), file.segment(), output.shape());
                return file.toArray();
            }
        }

        @Override
        public void close() {
            program.close();
            workers.close();
            weights.close();
        }
    }
}
