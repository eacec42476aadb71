package dev.hourglass.bench.roofline;

import dev.hourglass.bench.ActivationBenchmark;
import dev.hourglass.bench.Algorithm;
import dev.hourglass.bench.AttentionBenchmark;
import dev.hourglass.bench.ChannelsBenchmark;
import dev.hourglass.bench.Conv2dBenchmark;
import dev.hourglass.bench.ElementwiseBenchmark;
import dev.hourglass.bench.GegluBenchmark;
import dev.hourglass.bench.GroupNormBenchmark;
import dev.hourglass.bench.KernelBenchmark;
import dev.hourglass.bench.LayerNormBenchmark;
import dev.hourglass.bench.LossBenchmark;
import dev.hourglass.bench.OptimizerBenchmark;
import dev.hourglass.bench.PoolBenchmark;
import dev.hourglass.bench.RandomNormalBenchmark;
import dev.hourglass.bench.Rates;
import dev.hourglass.bench.ResampleBenchmark;
import dev.hourglass.bench.TimestepEncodingBenchmark;
import dev.hourglass.kernel.Activation;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Every kernel family, forward and backward, on shapes of {@code UNet2DModel} at 64x64, most of them. */
final class KernelList {

    private final List<Kernel> kernels = new ArrayList<>();
    private double kept;

    private KernelList() {}

    static List<Kernel> all() {
        KernelList all = new KernelList();
        for (Algorithm algorithm : List.of(Algorithm.DIRECT, Algorithm.WINOGRAD_2, Algorithm.WINOGRAD_4)) {
            all.convolution("convolution, " + algorithm.label(), "256x256/3x3/2x32x32", algorithm);
        }
        all.convolution("convolution from few channels", "3x128/3x3/2x64x64", Algorithm.FASTEST);
        all.convolution("convolution to few channels", "128x3/3x3/2x64x64", Algorithm.FASTEST);
        all.convolution("convolution of stride 2", "128x128/3x3/2x64x64/2", Algorithm.FASTEST);
        all.convolution("convolution 1x1", "512x256/1x1/2x32x32", Algorithm.FASTEST);
        all.convolution("linear", "512x512/1x1/512x1x1", Algorithm.FASTEST);
        all.attention("2x32x8x1024x1024");
        all.groupNorm("2x64x64x128/32");
        all.layerNorm("4096x320");
        all.elementwise(1 << 15);
        all.elementwise(1 << 20);
        all.gelu(1 << 20);
        all.geglu("1024x2560");
        all.channels("2x64x64x128");
        all.pool("2x64x64x128");
        all.resample("2x64x64x256");
        all.loss(100_352);
        all.optimizer(914_944);
        all.noise(100_352);
        all.timesteps("16x64");
        return all.kernels;
    }

    private void convolution(String name, String layer, Algorithm algorithm) {
        Supplier<Conv2dBenchmark> benchmark = with(Conv2dBenchmark::new, conv -> {
            conv.layer = layer;
            conv.algorithm = algorithm;
        });
        double saving = algorithm.saving();
        arithmetic(name, layer, saving, benchmark, Conv2dBenchmark::forward);
        arithmetic(name + ", input gradient", layer, saving, benchmark, Conv2dBenchmark::inputGradient);
        arithmetic(name + ", weight gradient", layer, saving, benchmark, Conv2dBenchmark::weightGradient);
    }

    private void attention(String shape) {
        Supplier<AttentionBenchmark> benchmark = with(AttentionBenchmark::new, attention -> attention.shape = shape);
        arithmetic("attention", shape, 1, benchmark, AttentionBenchmark::forward);
        arithmetic("attention, gradients", shape, 1, benchmark, AttentionBenchmark::backward);
    }

    private void groupNorm(String input) {
        Supplier<GroupNormBenchmark> benchmark = with(GroupNormBenchmark::new, norm -> {
            norm.input = input;
            norm.silu = true;
        });
        traffic("group norm and SiLU", input, benchmark, GroupNormBenchmark::forward);
        traffic("group norm and SiLU, gradients", input, benchmark, GroupNormBenchmark::backward);
    }

    private void layerNorm(String input) {
        Supplier<LayerNormBenchmark> benchmark = with(LayerNormBenchmark::new, norm -> norm.input = input);
        traffic("layer norm", input, benchmark, LayerNormBenchmark::forward);
        traffic("layer norm, gradients", input, benchmark, LayerNormBenchmark::backward);
    }

    private void elementwise(int elements) {
        Supplier<ElementwiseBenchmark> benchmark =
                with(ElementwiseBenchmark::new, elementwise -> elementwise.elements = elements);
        String shape = Integer.toString(elements);
        traffic("SiLU", shape, benchmark, ElementwiseBenchmark::silu);
        traffic("SiLU, gradient", shape, benchmark, ElementwiseBenchmark::siluGradient);
        traffic("addition", shape, benchmark, ElementwiseBenchmark::add);
        traffic("blend", shape, benchmark, ElementwiseBenchmark::blend);
    }

    private void gelu(int elements) {
        Supplier<ActivationBenchmark> benchmark = with(ActivationBenchmark::new, activation -> {
            activation.kind = Activation.Kind.GELU;
            activation.elements = elements;
        });
        String shape = Integer.toString(elements);
        traffic("GELU", shape, benchmark, ActivationBenchmark::values);
        traffic("GELU, gradient", shape, benchmark, ActivationBenchmark::gradient);
    }

    private void geglu(String input) {
        Supplier<GegluBenchmark> benchmark = with(GegluBenchmark::new, geglu -> geglu.input = input);
        traffic("GEGLU", input, benchmark, GegluBenchmark::forward);
        traffic("GEGLU, gradients", input, benchmark, GegluBenchmark::backward);
    }

    private void channels(String input) {
        Supplier<ChannelsBenchmark> benchmark = with(ChannelsBenchmark::new, channels -> channels.input = input);
        traffic("concatenation", input, benchmark, ChannelsBenchmark::concat);
        traffic("timestep shift", input, benchmark, ChannelsBenchmark::shift);
        traffic("timestep shift, gradient", input, benchmark, ChannelsBenchmark::shiftGradient);
    }

    private void pool(String input) {
        Supplier<PoolBenchmark> benchmark = with(PoolBenchmark::new, pool -> pool.input = input);
        traffic("average pool 2x2", input, benchmark, PoolBenchmark::forward);
        traffic("average pool 2x2, gradient", input, benchmark, PoolBenchmark::backward);
    }

    private void resample(String output) {
        Supplier<ResampleBenchmark> benchmark = with(ResampleBenchmark::new, resample -> resample.output = output);
        traffic("nearest resize", output, benchmark, ResampleBenchmark::forward);
        traffic("nearest resize, gradient", output, benchmark, ResampleBenchmark::backward);
    }

    private void loss(int elements) {
        Supplier<LossBenchmark> benchmark = with(LossBenchmark::new, loss -> loss.elements = elements);
        String shape = Integer.toString(elements);
        // kept, or the compiler may leave the sum out
        traffic("squared error", shape, benchmark, (loss, rate) -> kept += loss.squaredError(rate));
        traffic("squared error, gradient", shape, benchmark, LossBenchmark::squaredErrorGradient);
    }

    private void optimizer(int elements) {
        Supplier<OptimizerBenchmark> benchmark =
                with(OptimizerBenchmark::new, optimizer -> optimizer.elements = elements);
        String shape = Integer.toString(elements);
        update("AdamW", shape, benchmark, OptimizerBenchmark::adamW);
        update("moving average of weights", shape, benchmark, OptimizerBenchmark::ema);
    }

    private void noise(int elements) {
        Supplier<RandomNormalBenchmark> benchmark =
                with(RandomNormalBenchmark::new, noise -> noise.elements = elements);
        traffic("random normal", Integer.toString(elements), benchmark, RandomNormalBenchmark::fill);
    }

    private void timesteps(String encoding) {
        Supplier<TimestepEncodingBenchmark> benchmark =
                with(TimestepEncodingBenchmark::new, timesteps -> timesteps.encoding = encoding);
        traffic("timestep encoding", encoding, benchmark, TimestepEncodingBenchmark::forward);
        traffic("timestep encoding, gradient", encoding, benchmark, TimestepEncodingBenchmark::backward);
    }

    private static <B> Supplier<B> with(Supplier<B> create, Consumer<B> set) {
        return () -> {
            B benchmark = create.get();
            set.accept(benchmark);
            return benchmark;
        };
    }

    private <B extends KernelBenchmark> void arithmetic(
            String name, String shape, double saving, Supplier<B> benchmark, BiConsumer<B, Rates.Arithmetic> method) {
        kernels.add(new Kernel(name, shape, saving, false, () -> KernelRun.arithmetic(benchmark.get(), method)));
    }

    private <B extends KernelBenchmark> void traffic(
            String name, String shape, Supplier<B> benchmark, BiConsumer<B, Rates.Traffic> method) {
        kernels.add(new Kernel(name, shape, 1, false, () -> KernelRun.traffic(benchmark.get(), method)));
    }

    private <B extends KernelBenchmark> void update(
            String name, String shape, Supplier<B> benchmark, BiConsumer<B, Rates.Traffic> method) {
        kernels.add(new Kernel(name, shape, 1, true, () -> KernelRun.traffic(benchmark.get(), method)));
    }
}
