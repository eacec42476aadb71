package dev.hourglass.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.hourglass.memory.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("once")
class ModelFolderTest {

    @TempDir
    Path temporary;

    private Path folder;

    @BeforeEach
    void nameTheFolder() {
        folder = temporary.resolve("model");
    }

    @Test
    void whatIsWrittenIsReadAgain() throws IOException {
        Map<String, Object> config = config("TinyUNet");
        config.put("channels", List.of(32, 64));
        write(config, 1.5f);
        assertEquals(List.of("config.json", "diffusion_pytorch_model.safetensors"), Problem.namesIn(folder));
        try (ModelFolder model = ModelFolder.open(folder)) {
            assertEquals(folder, model.path());
            assertEquals("TinyUNet", model.className());
            assertEquals(config, model.config().asMap());
            assertEquals(
                    List.of("_class_name", "channels"),
                    new ArrayList<>(model.config().asMap().keySet()));
            assertEquals(1.5f, model.weights().floats("w")[0]);
        }
    }

    @Test
    void anIndependentReaderFindsWhatWasWritten() throws IOException {
        float[] numbers = {1, -0f, Float.MIN_VALUE, 0.1f, Float.MAX_VALUE, -3};
        List<TensorData> tensors = List.of(
                TensorData.of("conv.weight", Shape.of(1, 2, 3, 1), numbers),
                TensorData.of("conv.bias", Shape.of(1), 7),
                TensorData.of("scale", Shape.of(), 8));
        ModelFolder.write(folder, config("TinyUNet"), tensors, Map.of("format", "pt"));
        PlainReader file = PlainReader.read(folder.resolve("diffusion_pytorch_model.safetensors"));
        assertEquals(Map.of("format", "pt"), file.metadata());
        assertEquals(0, file.headerBytes() % 8);
        assertEquals(Set.of("conv.weight", "conv.bias", "scale"), file.tensors().keySet());
        file.tensors().values().forEach(tensor -> assertEquals("F32", tensor.dtype()));
        assertEquals(List.of(1, 2, 3, 1), file.tensors().get("conv.weight").shape());
        assertArrayEquals(numbers, file.tensors().get("conv.weight").floats());
        assertEquals(List.of(), file.tensors().get("scale").shape());
        assertArrayEquals(new float[] {8}, file.tensors().get("scale").floats());
    }

    @Test
    void aNewModelReplacesTheOldOne() {
        write(config("TinyUNet"), 1);
        write(config("UNet2DModel"), 2);
        try (ModelFolder model = ModelFolder.open(folder)) {
            assertEquals("UNet2DModel", model.className());
            assertEquals(2, model.weights().floats("w")[0]);
        }
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void aMappedModelSurvivesItsReplacement() {
        write(config("TinyUNet"), 1);
        try (ModelFolder model = ModelFolder.open(folder)) {
            write(config("TinyUNet"), 2);
            assertEquals(1, model.weights().floats("w")[0]);
        }
    }

    @Test
    void aFailedWriteLeavesTheOldModel() throws IOException {
        write(config("TinyUNet"), 1);
        TensorData throwing = new TensorData("w", Shape.of(1), () -> {
            throw new IllegalStateException("the model is closed");
        });
        assertThrows(
                IllegalStateException.class,
                () -> ModelFolder.write(folder, config("UNet2DModel"), List.of(throwing), Map.of()));
        Problem.expect(
                () -> ModelFolder.write(folder, Map.of("a", 1), List.of(), Map.of()), folder, "_class_name", "missing");
        try (ModelFolder model = ModelFolder.open(folder)) {
            assertEquals("TinyUNet", model.className());
            assertEquals(1, model.weights().floats("w")[0]);
        }
        assertEquals(List.of("config.json", "diffusion_pytorch_model.safetensors"), Problem.namesIn(folder));
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void weightsNeverLieBesideAForeignConfiguration() throws IOException {
        write(config("TinyUNet"), 1);
        interruptBeforeRenaming(config("UNet2DModel"));
        Problem.expect(() -> ModelFolder.open(folder), folder, "not a complete model folder", "no config.json");
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void theSameConfigurationStaysThroughout() throws IOException {
        write(config("TinyUNet"), 1);
        interruptBeforeRenaming(config("TinyUNet"));
        assertEquals(config("TinyUNet"), Json.read(folder.resolve(ModelFolder.CONFIG)));
    }

    /** Fails between staging and renaming, as a crash there would: the name of the weights is taken in the meantime. */
    private void interruptBeforeRenaming(Map<String, Object> config) {
        Path weights = folder.resolve(ModelFolder.WEIGHTS);
        TensorData obstructing = new TensorData("w", Shape.of(1), () -> {
            try {
                Files.delete(weights);
                Files.createDirectories(weights.resolve("in the way"));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return MemorySegment.ofArray(new float[1]);
        });
        Problem.expect(
                () -> ModelFolder.write(folder, config, List.of(obstructing), Map.of()), weights, "not be written");
    }

    @Test
    void missingPartsAreNamed() throws IOException {
        Problem.expect(() -> ModelFolder.open(folder), folder, "no such folder", "config.json");
        Path file = Files.writeString(temporary.resolve("file"), "x");
        Problem.expect(() -> ModelFolder.open(file), file, "not a folder");
        Files.createDirectory(folder);
        Problem.expect(() -> ModelFolder.open(folder), folder, "not a complete model folder", "no config.json");
        Json.write(folder.resolve("config.json"), config("TinyUNet"));
        Problem.expect(() -> ModelFolder.open(folder), folder, "no diffusion_pytorch_model.safetensors");
        Files.createFile(folder.resolve("diffusion_pytorch_model.bin"));
        Problem.expect(() -> ModelFolder.open(folder), "safe_serialization=True");
        Files.createFile(folder.resolve("diffusion_pytorch_model-00001-of-00002.safetensors"));
        Problem.expect(() -> ModelFolder.open(folder), "fetch their index", Shards.INDEX);
        Files.createFile(folder.resolve(Shards.INDEX));
        Problem.expect(() -> ModelFolder.open(folder), folder.resolve(Shards.INDEX), "not valid JSON");
    }

    @Test
    void theOnlyVariantIsReadWhereThePlainFileIsMissing() throws IOException {
        Json.write(folder.resolve("config.json"), config("TinyUNet"));
        Shards.write(folder, "diffusion_pytorch_model.fp16.safetensors", "half");
        assertWeights("half");
        Shards.write(folder, "diffusion_pytorch_model.non_ema.safetensors", "raw");
        Problem.expect(() -> ModelFolder.open(folder), folder, "several variants", "fp16, non_ema", "keep the variant");
        Shards.write(folder, "diffusion_pytorch_model.safetensors", "plain");
        assertWeights("plain");
    }

    @ParameterizedTest
    @CsvSource({
        "diffusion_pytorch_model.safetensors.index.fp16.json, diffusion_pytorch_model.fp16-00001-of-00001.safetensors",
        "diffusion_pytorch_model.safetensors.fp16.index.json, diffusion_pytorch_model-00001-of-00001.fp16.safetensors"
    })
    void aVariantMayBeSplitUnderItsNewAndItsOldNames(String index, String shard) throws IOException {
        Json.write(folder.resolve("config.json"), config("TinyUNet"));
        Shards.write(folder, shard, "part");
        Files.move(Shards.index(folder, "part", shard), folder.resolve(index));
        assertWeights("part");
        Shards.write(folder, "diffusion_pytorch_model.fp16.safetensors", "whole");
        assertWeights("whole");
    }

    @Test
    void oneFileGoesBeforeAnOlderIndex() {
        Shards.write(folder, "part-00001-of-00001.safetensors", "old");
        Shards.index(folder, "old", "part-00001-of-00001.safetensors");
        write(config("TinyUNet"), 1);
        assertWeights("w");
    }

    private void assertWeights(String... names) {
        try (ModelFolder model = ModelFolder.open(folder)) {
            assertEquals(
                    List.of(names),
                    model.weights().entries().stream().map(TensorEntry::name).toList());
        }
    }

    @Test
    void damagedPartsAreNamed() throws IOException {
        write(config("TinyUNet"), 1);
        Path config = folder.resolve("config.json");
        Files.writeString(config, "{\"_class_name\": 3}");
        Problem.expect(() -> ModelFolder.open(folder), config, "_class_name", "a string", "found: 3");
        Files.writeString(config, "[]");
        Problem.expect(() -> ModelFolder.open(folder), config, "not valid JSON");
        Json.write(config, config("TinyUNet"));
        Path weights = Files.write(folder.resolve(ModelFolder.WEIGHTS), new byte[3]);
        Problem.expect(() -> ModelFolder.open(folder), weights, "ends too early");
    }

    private void write(Map<String, Object> config, float weight) {
        ModelFolder.write(folder, config, List.of(TensorData.of("w", Shape.of(1), weight)), Map.of("format", "pt"));
    }

    private static Map<String, Object> config(String className) {
        return new LinkedHashMap<>(Map.of(ModelConfig.CLASS_NAME, className));
    }
}
