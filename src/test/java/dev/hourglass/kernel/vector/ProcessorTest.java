package dev.hourglass.kernel.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessorTest {

    @TempDir
    private Path directory;

    @Test
    void findsTheMakerOfTheFirstProcessor() throws IOException {
        Path description = describe("processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\n\n"
                + "processor\t: 1\nvendor_id\t: GenuineIntel\n");
        assertEquals("AuthenticAMD", Processor.vendor(description));
    }

    @Test
    void knowsNoMakerWhereNoneIsNamed() throws IOException {
        assertEquals("", Processor.vendor(describe("processor\t: 0\nCPU implementer\t: 0x41\n")));
    }

    @Test
    void knowsNoMakerWithoutADescription() {
        assertEquals("", Processor.vendor(directory.resolve("missing")));
    }

    private Path describe(String text) throws IOException {
        return Files.writeString(directory.resolve("cpuinfo"), text);
    }
}
