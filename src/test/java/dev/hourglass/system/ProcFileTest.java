package dev.hourglass.system;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcFileTest {

    @TempDir
    private Path directory;

    @Test
    void findsTheFirstLineThatBeginsSo() throws IOException {
        Path description = describe("processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\n\n"
                + "processor\t: 1\nvendor_id\t: GenuineIntel\n");
        assertEquals(Optional.of("AuthenticAMD"), ProcFile.field(description, "vendor_id"));
    }

    @Test
    void findsNothingWhereNoLineBeginsSo() throws IOException {
        assertEquals(
                Optional.empty(), ProcFile.field(describe("processor\t: 0\nCPU implementer\t: 0x41\n"), "vendor_id"));
    }

    @Test
    void findsNothingWithoutAFile() {
        assertEquals(Optional.empty(), ProcFile.field(directory.resolve("missing"), "vendor_id"));
    }

    private Path describe(String text) throws IOException {
        return Files.writeString(directory.resolve("cpuinfo"), text);
    }
}
