package dev.hourglass.cli;

import dev.hourglass.memory.MemoryBudget;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What the figures of a report were measured on. */
final class Machine {

    private static final Path CPU_INFO = Path.of("/proc/cpuinfo");

    private Machine() {}

    /** Processor, memory and system in one line. */
    static String describe() {
        return processor() + ", " + Runtime.getRuntime().availableProcessors() + " processors, "
                + MemoryBudget.format(MemoryBudget.limit()) + ", " + System.getProperty("os.name") + " "
                + System.getProperty("os.version");
    }

    /** The processor's name where the system tells it, its kind otherwise. */
    private static String processor() {
        if (Files.isReadable(CPU_INFO)) {
            try (Stream<String> lines = Files.lines(CPU_INFO, StandardCharsets.ISO_8859_1)) {
                return lines.filter(line -> line.startsWith("model name"))
                        .map(line -> line.substring(line.indexOf(':') + 1).strip())
                        .findFirst()
                        .orElse(System.getProperty("os.arch"));
            } catch (IOException e) {
                // Only a name is lost.
            }
        }
        return System.getProperty("os.arch");
    }
}
