package dev.hourglass.system;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** What Linux says about the machine and the process, a fact a line; other systems say nothing. */
public enum ProcFile {
    /** The processors. */
    CPU_INFO("/proc/cpuinfo"),
    /** This process. */
    STATUS("/proc/self/status");

    private final Path path;

    ProcFile(String path) {
        this.path = Path.of(path);
    }

    /** What follows {@code name} and a colon, in the first line that begins so; empty where there is none or it cannot be read. */
    public Optional<String> field(String name) {
        return field(path, name);
    }

    static Optional<String> field(Path file, String name) {
        try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.ISO_8859_1)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                if (line.startsWith(name)) {
                    return Optional.of(line.substring(line.indexOf(':') + 1).strip());
                }
            }
        } catch (IOException e) {
            // Only a name or a figure is lost.
        }
        return Optional.empty();
    }
}
