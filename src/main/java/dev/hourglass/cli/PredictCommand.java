package dev.hourglass.cli;

import dev.hourglass.Arithmetic;
import dev.hourglass.FilePrediction;
import dev.hourglass.UNet;
import dev.hourglass.memory.Shape;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code hourglass predict}. */
@Command(name = "predict", description = "Runs a model once, on tensors from a file.")
final class PredictCommand implements Callable<Integer> {

    @ParentCommand
    private Hourglass hourglass;

    @Mixin
    private Common common;

    @Mixin
    private Precision precision;

    @Mixin
    private WeightsOption weights;

    @Parameters(paramLabel = "MODEL_DIR", description = "A model folder.")
    private Path folder;

    @Option(
            names = "--input",
            required = true,
            paramLabel = "IN.safetensors",
            description =
                    "Holds `sample` (or `x`), floats [N, C, H, W], and `timestep` (or `t`), one number or one for each image.")
    private Path input;

    @Option(names = "--prefix", paramLabel = "PREFIX", description = "What stands before the names, such as c0.")
    private String prefix = "";

    @Option(
            names = "--output",
            required = true,
            paramLabel = "OUT.safetensors",
            description = "Gets `output`, float32 [N, C, H, W].")
    private Path output;

    @Override
    public Integer call() {
        int threads = common.threads();
        Arithmetic arithmetic = new Arithmetic(precision.exact(), weights.format());
        try (UNet model = UNet.open(folder)) {
            Shape shape = FilePrediction.run(model, input, prefix, output, threads, arithmetic);
            hourglass.terminal().say("output %s in %s", shape, output);
        }
        return 0;
    }
}
