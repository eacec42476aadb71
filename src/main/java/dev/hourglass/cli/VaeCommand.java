package dev.hourglass.cli;

import dev.hourglass.FileCoding;
import dev.hourglass.Vae;
import dev.hourglass.memory.Shape;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code hourglass vae}. */
@Command(name = "vae", description = "Runs an autoencoder once, on tensors from a file.")
final class VaeCommand implements Callable<Integer> {

    /** Which half runs; named as on the command line. */
    enum Half {
        encode,
        decode
    }

    @ParentCommand
    private Hourglass hourglass;

    @Mixin
    private Common common;

    @Mixin
    private Precision precision;

    @Parameters(index = "0", paramLabel = "encode|decode", description = "Pictures to latents, or latents to pictures.")
    private Half half;

    @Parameters(index = "1", paramLabel = "VAE_DIR", description = "A folder of an AutoencoderKL, or of a pipeline.")
    private Path folder;

    @Option(
            names = "--input",
            required = true,
            paramLabel = "IN.safetensors",
            description = "Holds `sample` to encode, or `latent` to decode, floats [N, C, H, W].")
    private Path input;

    @Option(names = "--prefix", paramLabel = "PREFIX", description = "What stands before the names, such as c0.")
    private String prefix = "";

    @Option(
            names = "--output",
            required = true,
            paramLabel = "OUT.safetensors",
            description = "Gets `output`, float32 [N, C, H, W]: means and log-variances of latents, or pictures.")
    private Path output;

    @Override
    public Integer call() {
        int threads = common.threads();
        try (Vae vae = Vae.open(folder)) {
            Shape shape = half == Half.encode
                    ? FileCoding.encode(vae, input, prefix, output, threads, precision.exact())
                    : FileCoding.decode(vae, input, prefix, output, threads, precision.exact());
            hourglass.terminal().say("output %s in %s", shape, output);
        }
        return 0;
    }
}
