package dev.hourglass.io;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.error.HourglassException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.function.Executable;

/** What the tests of this package assert about errors and about what they leave behind. */
final class Problem {

    private Problem() {}

    /** Runs something that must end in an error whose message has all these parts. */
    static void expect(Executable action, Object... parts) {
        String message = assertThrows(HourglassException.class, action).getMessage();
        assertAll(Arrays.stream(parts)
                .map(part -> () -> assertTrue(
                        message.contains(String.valueOf(part)), () -> "\"" + part + "\" should be in: " + message)));
    }

    /** The names of all files in a folder, hidden ones too. */
    static List<String> namesIn(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }
}
