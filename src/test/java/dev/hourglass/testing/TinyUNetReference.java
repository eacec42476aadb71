package dev.hourglass.testing;

import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.Weights;
import dev.hourglass.io.Safetensors;
import dev.hourglass.train.TrainingStep;
import dev.hourglass.unet.TinyUNet;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** The lesson's TinyUNet with PyTorch's weights and results. */
public final class TinyUNetReference {

    private static final Path RESOURCES = Path.of("src/test/resources/parity/tiny-unet");
    private static final Path SHARED = Path.of("../shared/parity/tiny-unet");

    private TinyUNetReference() {}

    /** A file that is part of the project. */
    public static Safetensors open(String name) {
        return Safetensors.open(RESOURCES.resolve(name));
    }

    /** A file that is too large to be part of the project; the test is skipped, and says so, where it is not at hand. */
    public static Safetensors openShared(String name) {
        Path file = SHARED.resolve(name);
        Assumptions.assumeTrue(Files.exists(file), "skipped: the large reference file " + name + " is not at hand");
        return Safetensors.open(file);
    }

    /** The reference weights, to be closed by the caller. */
    public static Weights weights() {
        Weights weights = Weights.open(
                "reference", TrainingStep.graph(new TinyUNet(), 1, 8, 8).parameters());
        try (Safetensors file = open("model.safetensors")) {
            for (Parameter parameter : weights.parameters()) {
                weights.setFileOrder(parameter, file.floats(parameter.name()));
            }
        }
        return weights;
    }
}
