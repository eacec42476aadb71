package dev.hourglass.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.memory.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("once")
class ShardedTensorsTest {

    private static final Path DIFFUSERS = Path.of("src/test/resources/diffusers");
    private static final String ONE = "model-00001-of-00002.safetensors";
    private static final String TWO = "model-00002-of-00002.safetensors";

    @TempDir
    Path folder;

    private Path index;

    @BeforeEach
    void writeThreeTensorsInTwoFiles() {
        Shards.write(folder, ONE, "a", "b");
        Shards.write(folder, TWO, "c");
        index = Shards.index(folder, "c", TWO, "a", ONE, "b", ONE);
    }

    @Test
    void readsEveryTensorThatDiffusersWrote() throws IOException {
        Path model = DIFFUSERS.resolve("unet2d-sharded");
        int read = 0;
        try (ModelFolder files = ModelFolder.open(model)) {
            Tensors weights = files.weights();
            for (int shard = 1; shard <= 4; shard++) {
                Path file = model.resolve("diffusion_pytorch_model-0000" + shard + "-of-00004.safetensors");
                for (Map.Entry<String, PlainReader.Stored> stored :
                        PlainReader.read(file).tensors().entrySet()) {
                    String name = stored.getKey();
                    assertEquals(file, weights.file(name));
                    assertEquals(StoredType.F32, weights.entry(name).type());
                    assertEquals(shape(stored.getValue()), weights.entry(name).shape());
                    assertArrayEquals(stored.getValue().floats(), weights.floats(name), name);
                    read++;
                }
            }
            assertEquals(144, read);
            assertEquals(144, weights.entries().size());
            assertEquals(-0.18428486585617065, weights.floats("conv_in.weight")[0]);
        }
    }

    @ParameterizedTest
    @CsvSource({"unet2d-half,F16", "unet2d-bfloat16,BF16"})
    void readsHalfPrecisionThatDiffusersWrote(String name, StoredType type) throws IOException {
        Path model = DIFFUSERS.resolve(name);
        PlainReader plain = PlainReader.read(model.resolve(ModelFolder.WEIGHTS));
        try (ModelFolder files = ModelFolder.open(model)) {
            assertEquals(144, files.weights().entries().size());
            for (TensorEntry entry : files.weights().entries()) {
                assertEquals(type, entry.type());
                assertArrayEquals(
                        plain.tensors().get(entry.name()).floats(),
                        files.weights().floats(entry.name()),
                        entry.name());
            }
        }
    }

    private static Shape shape(PlainReader.Stored stored) {
        return Shape.of(stored.shape().stream().mapToInt(Integer::intValue).toArray());
    }

    @Test
    void manyFilesAreSeenAsOne() {
        try (Tensors tensors = ShardedTensors.open(index)) {
            assertEquals(index, tensors.file());
            assertEquals(
                    List.of("c", "a", "b"),
                    tensors.entries().stream().map(TensorEntry::name).toList());
            assertEquals(folder.resolve(ONE), tensors.file("b"));
            assertEquals(1, tensors.floats("b")[0]);
            assertTrue(tensors.contains("c"));
            assertFalse(tensors.contains("d"));
            Problem.expect(() -> tensors.floats("d"), index, "\"d\"", "3 tensors", "\"c\", \"a\", \"b\"");
        }
    }

    @Test
    void differencesFromTheModelAreListedOverAllFiles() {
        Map<String, Shape> expected = new LinkedHashMap<>();
        expected.put("a", Shape.of(1));
        expected.put("b", Shape.of(2, 2));
        expected.put("d", Shape.of(3));
        try (Tensors tensors = ShardedTensors.open(index)) {
            Problem.expect(
                    () -> TensorDiff.require(expected, tensors),
                    index,
                    "1 missing: d [3]",
                    "1 of another shape: b is [1], the model needs [2, 2]",
                    "1 that the model does not have: \"c\" F32 [1]");
        }
    }

    @Test
    void nothingIsReadAfterClosing() {
        Tensors tensors = ShardedTensors.open(index);
        tensors.close();
        tensors.close();
        Problem.expect(() -> tensors.floats("a"), folder.resolve(ONE), "closed");
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void filesMayBeLinksAsInTheCacheOfDownloads() throws IOException {
        Path blob = Files.createDirectory(folder.resolve("blobs")).resolve("0123");
        Files.move(folder.resolve(TWO), blob);
        Files.createSymbolicLink(folder.resolve(TWO), Path.of("blobs/0123"));
        try (Tensors tensors = ShardedTensors.open(index)) {
            assertEquals(0, tensors.floats("c")[0]);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../model.safetensors",
                "/tmp/model.safetensors",
                "sub/model.safetensors",
                "..\\\\model.safetensors",
                "C:model.safetensors",
                "./model.safetensors",
                ".safetensors",
                "..safetensors",
                "~model.safetensors",
                "file:model.safetensors",
                "model\\u0000.safetensors",
                "model\\ud800.safetensors",
                "model\\n.safetensors"
            })
    void aNameThatCouldLeadOutOfTheFolder(String name) throws IOException {
        Files.writeString(index, "{\"weight_map\":{\"a\":\"" + name + "\"}}");
        Problem.expect(
                () -> ShardedTensors.open(index),
                index,
                "weight_map.\"a\"",
                "in the same folder",
                "no folders",
                "found");
    }

    @Test
    void aNameThatIsTooLong() {
        Shards.index(folder, "a", "x".repeat(5000) + ".safetensors");
        Problem.expect(() -> ShardedTensors.open(index), index, "at most 200", "xxx...");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{}                                                          | weight_map: | found: nothing",
                "{\"weight_map\":null}                                       | weight_map: | found: nothing",
                "{\"weight_map\":[\"a\"]}                                    | weight_map: | found: \"[a]\"",
                "{\"weight_map\":{\"a\":1}}                                  | weight_map.\"a\" | found: \"1\"",
                "{\"weight_map\":{\"a\":null}}                               | weight_map.\"a\" | found: nothing",
                "{\"weight_map\":{\"a\":{}}}                                 | weight_map.\"a\" | found: \"{}\"",
                "{\"weight_map\":{\"a\":\"model.bin\"}}                      | weight_map.\"a\" | model.bin",
                "{\"weight_map\":{},\"metadata\":[]}                         | metadata | an object",
                "{\"weight_map\":{},\"metadata\":{\"total_size\":\"1\"}}     | metadata.total_size | found: \"1\"",
                "{\"weight_map\":{},\"metadata\":{\"total_size\":-1}}        | metadata.total_size | found: \"-1\"",
                "{\"weight_map\":{\"a\":\"x.safetensors\",\"a\":\"y.safetensors\"}} | every name once | a",
                "{\"weight_map\":{},\"weight_map\":{}}                       | every name once | weight_map",
                "[]                                                          | JSON | expected",
                "{\"weight_map\":{                                           | JSON | line 1"
            })
    void anIndexThatIsNone(String content, String part, String other) throws IOException {
        Files.writeString(index, content);
        Problem.expect(() -> ShardedTensors.open(index), index, part, other, "to mend it");
    }

    @Test
    void aFileThatIsMissing() throws IOException {
        Files.delete(folder.resolve(TWO));
        Problem.expect(() -> ShardedTensors.open(index), index, "incomplete", "1 missing: " + TWO, "fetch");
        Files.createDirectory(folder.resolve(TWO));
        Problem.expect(() -> ShardedTensors.open(index), index, "incomplete", "1 missing: " + TWO);
    }

    @Test
    void aFileThatIsCutShort() throws IOException {
        Path file = folder.resolve(TWO);
        byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length < whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            Problem.expect(() -> ShardedTensors.open(index), file, "expected", "found", "to mend it");
        }
    }

    @Test
    void aTensorThatIsNowhere() {
        Shards.index(folder, "a", ONE, "b", ONE, "c", TWO, "d", TWO);
        Problem.expect(
                () -> ShardedTensors.open(index), index, "4 tensors, each in the file", "1 missing: \"d\" in " + TWO);
    }

    @Test
    void aTensorInAnotherFile() {
        Shards.index(folder, "a", ONE, "b", TWO, "c", TWO);
        Problem.expect(
                () -> ShardedTensors.open(index),
                index,
                "1 missing: \"b\" in " + TWO,
                "1 where the index does not put them: \"b\" in " + ONE);
    }

    @Test
    void aTensorInTwoFiles() {
        Shards.write(folder, TWO, "b", "c");
        Problem.expect(() -> ShardedTensors.open(index), index, "1 where the index does not put them: \"b\" in " + TWO);
    }

    @Test
    void aTensorThatTheIndexDoesNotList() {
        Shards.write(folder, TWO, "c", "extra\u001b[2J");
        Problem.expect(
                () -> ShardedTensors.open(index), index, "1 where the index does not put them: \"extra\\u001b[2J\"");
    }

    @Test
    void theSizeInTheIndexMayBeThatOfAnotherType() {
        Shards.index(
                folder,
                Map.of("metadata", Map.of("total_size", 1e10), "weight_map", Map.of("a", ONE, "b", ONE, "c", TWO)));
        try (Tensors tensors = ShardedTensors.open(index)) {
            assertEquals(3, tensors.entries().size());
        }
    }
}
