package dev.hourglass.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("once")
class JsonTest {

    @TempDir
    Path folder;

    @Test
    void keepsOrderAndTypes() {
        Map<String, Object> object =
                Json.parse("test", "{\"z\":1,\"a\":0.5,\"m\":[true,null,\"x\"],\"b\":{\"c\":4294967296}}");
        assertEquals(List.of("z", "a", "m", "b"), new ArrayList<>(object.keySet()));
        assertEquals(1, object.get("z"));
        assertEquals(0.5, object.get("a"));
        assertEquals(Arrays.asList(true, null, "x"), object.get("m"));
        assertEquals(Map.of("c", 1L << 32), object.get("b"));
    }

    @Test
    void writesAsPythonDoes() throws IOException {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("b", List.of(1, 2));
        object.put("a", null);
        object.put("é", 1e-5);
        Path file = folder.resolve("a.json");
        Json.write(file, object);
        assertEquals(
                "{\n  \"b\": [\n    1,\n    2\n  ],\n  \"a\": null,\n  \"é\": 1.0E-5\n}\n", Files.readString(file));
        assertEquals(object, Json.read(file));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "[]",
                "1",
                "null",
                "{",
                "{}{}",
                "{} 1",
                "{\"a\":1,\"a\":2}",
                "{\"a\":NaN}",
                "{a:1}",
                "{'a':1}"
            })
    void refusesWhatIsNotOneStrictObject(String text) throws IOException {
        Path file = Files.writeString(folder.resolve("bad.json"), text);
        Problem.expect(() -> Json.read(file), file, "JSON", "expected", "found");
    }

    @Test
    void namesTheLine() {
        Problem.expect(() -> Json.parse("config.json", "{\n\"a\": 1\n\"b\": 2}"), "config.json", "line 3, column");
    }

    @Test
    void refusesOtherEncodings() throws IOException {
        Path file = Files.write(folder.resolve("latin1.json"), "{\"é\":1}".getBytes(StandardCharsets.ISO_8859_1));
        Problem.expect(() -> Json.read(file), file, "not UTF-8");
        Path wide = Files.write(folder.resolve("wide.json"), "{\"a\":1}".getBytes(StandardCharsets.UTF_16LE));
        Problem.expect(() -> Json.read(wide), wide, "not valid JSON");
    }

    @Test
    void refusesDepthAndLength() throws IOException {
        Problem.expect(() -> Json.parse("deep", "{\"a\":" + "[".repeat(100_000)), "deep", "nesting depth");
        Problem.expect(() -> Json.parse("number", "{\"a\":1" + "0".repeat(100_000) + "}"), "number", "length");
        Path file = folder.resolve("long.json");
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(Json.LONGEST_FILE + 1);
        }
        Problem.expect(() -> Json.read(file), file, "too long", Json.LONGEST_FILE + 1 + " bytes");
    }

    @Test
    void refusesToWriteWhatIsNotJson() {
        Map<String, Object> loop = new LinkedHashMap<>();
        loop.put("self", loop);
        Problem.expect(() -> Json.pretty(loop), "cannot be written as JSON");
    }

    @Test
    void missingFilesAreNamed() {
        Problem.expect(() -> Json.read(folder.resolve("none.json")), "none.json", "no such file");
    }
}
