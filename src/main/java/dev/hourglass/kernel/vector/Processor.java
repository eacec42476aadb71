package dev.hourglass.kernel.vector;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the cost of an algorithm depends on beside the vectors' width. Java does not tell who made the processor; Linux does. */
final class Processor {

    /** Linux describes processors here, a line for each fact. */
    private static final Path DESCRIPTION = Path.of("/proc/cpuinfo");

    /**
     * Whether a core reads a third-level cache at half the speed of its second or more. On AMD's with AVX-512 that is so, measured on
     * Zen 5 (PERF.md); the mesh of an Intel server gives a core a fifth, and a Zen 3 whose neighbours are loud no more than memory does.
     */
    static final boolean FAST_THIRD_LEVEL =
            Width.MANY_REGISTERS && vendor(DESCRIPTION).equals("AuthenticAMD");

    private Processor() {}

    /** The maker's name, as x86 processors give it themselves; empty where the description does not tell or cannot be read. */
    static String vendor(Path description) {
        try (BufferedReader reader = Files.newBufferedReader(description)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (line.startsWith("vendor_id")) {
                    return line.substring(line.indexOf(':') + 1).strip();
                }
            }
        } catch (IOException e) {
            // another system than Linux, or one that shows nothing
        }
        return "";
    }
}
