package dev.hourglass.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.io.Safetensors;
import dev.hourglass.testing.DiffusersReference;
import dev.hourglass.testing.Floats;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
class VaeCommandTest {

    @TempDir
    Path folder;

    private final Path model = DiffusersReference.folder("vae-sd-style");

    @Test
    void encodesAsDiffusersDoes() {
        run("encode", "c0.");
    }

    @Test
    void decodesAsDiffusersDoes() {
        run("decode", "c1.");
    }

    private void run(String half, String prefix) {
        Path input = model.resolve("io.safetensors");
        Path output = folder.resolve("out.safetensors");
        Cli.run("vae", half, model, "--input", input, "--prefix", prefix, "--output", output, "--exact")
                .succeeded();
        try (Safetensors expected = Safetensors.open(input);
                Safetensors found = Safetensors.open(output)) {
            double error = Floats.maxError(found.floats("output"), expected.floats(prefix + "output"));
            assertTrue(error <= 2e-5, "max error " + error);
        }
    }

    @Test
    void aMissingTensorIsNamed() {
        Path input = model.resolve("io.safetensors");
        Cli.run("vae", "decode", model, "--input", input, "--output", folder.resolve("out"))
                .refused("latent", "--prefix");
    }
}
