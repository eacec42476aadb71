package dev.hourglass.bench.layer;

import dev.hourglass.bench.peer.ChildProcess;
import dev.hourglass.bench.peer.Work;
import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** ND4J with oneDNN in a process of its own, for it needs an older JavaCPP than PyTorch. It has neither group norm nor attention. */
final class Nd4jLayers implements LayerEngine, AutoCloseable {

    private final ChildProcess child;

    private Nd4jLayers(ChildProcess child) {
        this.child = child;
    }

    /**
     * Starts it.
     *
     * @param folder where its project was built
     * @param threads of its matrix library, which cannot be told later
     * @return nothing when it was not built
     */
    static Optional<Nd4jLayers> start(Path folder, int threads) {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Dorg.bytedeco.javacpp.platform.extension=-onednn-avx512",
                "-cp",
                folder.resolve("nd4j-peer.jar") + File.pathSeparator + folder.resolve("libraries") + File.separator
                        + "*",
                "dev.hourglass.bench.nd4j.Nd4jPeer");
        String count = Integer.toString(threads);
        return ChildProcess.start(command, Map.of("OPENBLAS_NUM_THREADS", count, "OMP_NUM_THREADS", count))
                .map(Nd4jLayers::new);
    }

    String details() {
        return child.details();
    }

    @Override
    public String name() {
        return "ND4J";
    }

    @Override
    public Optional<Work> prepare(Layer layer, LayerData data, int threads) {
        if (layer instanceof Layer.Norm || layer instanceof Layer.Attention) {
            return Optional.empty();
        }
        child.tensor("x", data.x(), layer.inputShape());
        child.tensor("weight", data.weight(), layer.weightShape());
        child.tensor("bias", data.bias(), layer.bias());
        String output =
                IntStream.of(layer.outputShape()).mapToObj(Integer::toString).collect(Collectors.joining(","));
        return Optional.of(
                layer instanceof Layer.Convolution conv
                        ? child.open(threads, "conv", conv.kernel(), conv.stride(), conv.padding(), output)
                        : child.open(threads, "linear", output));
    }

    @Override
    public void close() {
        child.close();
    }
}
