package dev.hourglass.testing;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Model folders that diffusers wrote, with what PyTorch computed from them. */
public final class DiffusersReference {

    private static final Path RESOURCES = Path.of("src/test/resources/diffusers");
    private static final Path SHARED = Path.of("../shared/parity/diffusers");

    private DiffusersReference() {}

    /** A folder of the project, or else a larger one; the test is skipped, and says so, where that is not at hand. */
    public static Path folder(String name) {
        Path own = RESOURCES.resolve(name);
        if (Files.exists(own.resolve("io.safetensors"))) {
            return own;
        }
        Path shared = SHARED.resolve(name);
        Assumptions.assumeTrue(Files.exists(shared), "skipped: the reference model " + name + " is not at hand");
        return shared;
    }
}
