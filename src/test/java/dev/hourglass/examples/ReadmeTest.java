package dev.hourglass.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the README shows is what the examples do, and the examples run. */
@Tag("once")
class ReadmeTest {

    private static final Path SOURCES = Path.of("src/test/java/dev/hourglass/examples");
    private static final Pattern SHOWN = Pattern.compile("// README: begin\n(.*?)\\s*// README: end", Pattern.DOTALL);

    @ParameterizedTest
    @ValueSource(strings = {"EmbeddingExample", "TrainingExample"})
    void theReadmeShowsTheExample(String name) throws IOException {
        Matcher example = SHOWN.matcher(Files.readString(SOURCES.resolve(name + ".java")));
        assertTrue(example.find());
        String code = example.group(1).stripIndent().strip();
        assertTrue(Files.readString(Path.of("README.md")).contains(code), "README.md should show:\n" + code);
    }

    @Test
    void theExamplesRun(@TempDir Path folder) {
        float loss = TrainingExample.run(Path.of("data/mnist"), folder, 2);
        assertTrue(loss > 0 && loss < 10, "loss " + loss);
        assertEquals(2 * 28 * 28, EmbeddingExample.run(folder).length);
    }

    @Test
    void theFirstRungPrintsShapesAndAnotherOutputForEachTimestep() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ResidualBlockExample.run(new PrintStream(bytes, true, StandardCharsets.UTF_8));
        List<String> lines = bytes.toString(StandardCharsets.UTF_8).lines().toList();
        assertEquals("input [1, 16, 16, 16], timestep encoding [1, 64], output [1, 16, 16, 32]", lines.get(0));
        assertEquals(4, lines.size());
        assertEquals(
                3,
                lines.stream()
                        .skip(1)
                        .map(line -> line.substring(line.indexOf(':')))
                        .distinct()
                        .count());
        assertTrue(lines.get(1).startsWith("t =  10:"));
        assertTrue(lines.get(3).startsWith("t = 999:"));
    }
}
