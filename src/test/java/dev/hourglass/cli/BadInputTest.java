package dev.hourglass.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.hourglass.ImageSize;
import dev.hourglass.io.Safetensors;
import dev.hourglass.io.SafetensorsWriter;
import dev.hourglass.io.TensorData;
import dev.hourglass.memory.MemoryBudget;
import dev.hourglass.memory.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is read from outside may be damaged or foreign: a message says so, and no file is left half-written. */
@Tag("once")
class BadInputTest {

    private static final String IMAGES = "train-images-idx3-ubyte";
    private static final String WEIGHTS = "diffusion_pytorch_model.safetensors";

    @TempDir
    Path folder;

    private Path data;
    private Path out;

    @BeforeEach
    void name() {
        data = folder.resolve("data");
        out = folder.resolve("out");
    }

    @Test
    void damagedImages() throws IOException {
        byte[] idx = Samples.idx(40, 1);
        byte[] gz = Samples.gzip(idx);
        trainOn(IMAGES + ".gz", Arrays.copyOf(gz, gz.length / 2)).refused(IMAGES + ".gz", "found", "to mend it");
        byte[] flipped = gz.clone();
        flipped[gz.length / 2] ^= 0x55;
        trainOn(IMAGES + ".gz", flipped).refused(IMAGES + ".gz", "found", "to mend it");
        trainOn(IMAGES, Arrays.copyOf(idx, idx.length - 5)).refused(IMAGES, "expected", "found", "to mend it");
        trainOn(IMAGES, Arrays.copyOf(idx, 9)).refused(IMAGES, "expected", "found", "to mend it");
        byte[] labels = idx.clone();
        labels[3] = 1;
        trainOn(IMAGES, labels).refused(IMAGES, "expected", "found", "to mend it");
        byte[] claims = idx.clone();
        claims[4] = 0x7f;
        trainOn(IMAGES, claims).refused(IMAGES, "expected", "found", "to mend it");
        trainOn("notes.txt", new byte[3]).refused(data, "no images in the folder", "expected", IMAGES);
    }

    private Cli trainOn(String name, byte[] content) throws IOException {
        if (Files.isDirectory(data)) {
            for (String old : Samples.namesUnder(data)) {
                Files.delete(data.resolve(old));
            }
        }
        Files.createDirectories(data);
        Files.write(data.resolve(name), content);
        Cli cli = Cli.run("train", "--data", data, "--out", out, "--batch", 8, "--steps", 1);
        assertEquals(List.of(), Samples.namesUnder(out));
        return cli;
    }

    @Test
    void imagesThatAreTooSmall() throws IOException {
        byte[] idx = Samples.idx(40, 1);
        // The header's height: 7 rows of 9, and as many bytes as that needs.
        idx[11] = 7;
        trainOn(IMAGES, Arrays.copyOf(idx, 16 + 40 * 7 * 9)).refused("do not fit", "at least 8x8", "7x9");
    }

    @Test
    void aFolderThatIsNotThere() {
        Cli.run("train", "--data", data, "--out", out).refused(data, "no such folder", "expected");
        Cli.run("sample", data, "--out", out.resolve("a.png")).refused(data, "no such folder", "config.json");
        Cli.run("predict", model(), "--input", data, "--output", out).refused(data, "no such file", "expected");
    }

    private Path model() {
        return Samples.untrained(folder.resolve("model"), ImageSize.MNIST);
    }

    @Test
    void foreignConfigurations() throws IOException {
        Path config = model().resolve("config.json");
        Files.writeString(config, "{\"_class_name\": \"HugeUNet\"}");
        assertModelRefused("_class_name", "TinyUNet", "HugeUNet");
        Files.writeString(config, "{\"_class_name\": \"TinyUNet\", \"time_dim\": 63}");
        assertModelRefused("time_dim", "even", "63");
        Files.writeString(config, "{\"_class_name\": \"TinyUNet\", \"sample_size\": [0, 28]}");
        assertModelRefused("sample_size", "at least 1");
        Files.writeString(config, "{");
        assertModelRefused(config, "JSON");
        Files.delete(config);
        assertModelRefused("not a complete model folder", "config.json");
    }

    @Test
    void foreignTensors() throws IOException {
        Path file = model().resolve(WEIGHTS);
        List<TensorData> tensors = tensors(file);
        TensorData first = tensors.getFirst();

        write(file, tensors.subList(1, tensors.size()));
        assertModelRefused(file, first.name(), "expected");
        List<TensorData> extra = new ArrayList<>(tensors);
        extra.add(TensorData.of("neck.extra", Shape.of(2), 1, 2));
        write(file, extra);
        assertModelRefused(file, "neck.extra");
        List<TensorData> reshaped = new ArrayList<>(tensors.subList(1, tensors.size()));
        reshaped.add(TensorData.of(first.name(), Shape.of(3), 1, 2, 3));
        write(file, reshaped);
        assertModelRefused(file, first.name(), first.shape(), "[3]");
        List<TensorData> notFinite = new ArrayList<>(tensors.subList(1, tensors.size()));
        float[] values = new float[(int) first.shape().elements()];
        values[0] = Float.NaN;
        notFinite.add(TensorData.of(first.name(), first.shape(), values));
        write(file, notFinite);
        assertModelRefused(file, first.name(), "finite", "NaN");
    }

    private static List<TensorData> tensors(Path file) {
        try (Safetensors opened = Safetensors.open(file)) {
            return opened.entries().stream()
                    .map(entry -> TensorData.of(entry.name(), entry.shape(), opened.floats(entry.name())))
                    .toList();
        }
    }

    private static void write(Path file, List<TensorData> tensors) {
        SafetensorsWriter.write(file, tensors, Map.of());
    }

    @Test
    void damagedWeights() throws IOException {
        Path file = model().resolve(WEIGHTS);
        byte[] whole = Files.readAllBytes(file);
        for (int length : new int[] {0, 7, 500, whole.length - 1}) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertModelRefused(file, "expected", "found", "to mend it");
        }
        byte[] garbled = whole.clone();
        Arrays.fill(garbled, 0, 8, (byte) 0xff);
        Files.write(file, garbled);
        assertModelRefused(file, "expected", "found");
        Files.write(file, Arrays.copyOf(whole, whole.length + 3));
        assertModelRefused(file);
    }

    /** Every command that opens a model refuses it in the same words. */
    private void assertModelRefused(Object... parts) {
        Path model = folder.resolve("model");
        Cli.run("sample", model, "--out", out.resolve("a.png")).refused(parts);
        Cli.run("inspect", model).refused(parts);
        Cli.run("check", model).refused(parts);
        Cli.run("predict", model, "--input", folder.resolve("in"), "--output", out.resolve("o"))
                .refused(parts);
        assertEquals(List.of(), Samples.namesUnder(out));
    }

    @Test
    void foldersThatCannotBeWritten() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");
        Path below = file.resolve("below");
        Samples.images(data, 40, 8);
        Object[] expected = {file, "cannot write into this folder", "expected", "found", "to mend it"};
        Cli.run("train", "--data", data, "--out", below, "--batch", 8, "--steps", 1)
                .refused(expected);
        Cli.run("sample", model(), "--out", below.resolve("a.png"), "--count", 1)
                .refused(expected);
        Path input = folder.resolve("in.safetensors");
        write(
                input,
                List.of(TensorData.of("x", Shape.of(1, 1, 8, 8), new float[64]), TensorData.of("t", Shape.of(1), 5)));
        Cli.run("predict", model(), "--input", input, "--output", below.resolve("o"))
                .refused(expected);
        Cli.run("predict", model(), "--input", input, "--output", data)
                .refused(data, "a folder", "choose another name");
        assertEquals("x", Files.readString(file));
    }

    @Test
    void tooLittleMemory() {
        Samples.images(data, 40, 8);
        Path model = model();
        Object[] expected = {"too little memory", "expected", "MiB", "found", "to mend it", "smaller batch"};
        Cli.with(MemoryBudget.LIMIT_PROPERTY, "1m", "train", "--data", data, "--out", out, "--batch", 8)
                .refused(expected);
        Cli.with(MemoryBudget.LIMIT_PROPERTY, "8m", "train", "--data", data, "--out", out, "--batch", 40)
                .refused(expected);
        Cli.with(MemoryBudget.LIMIT_PROPERTY, "4m", "sample", model, "--out", out.resolve("a.png"))
                .refused(expected);
        Cli.with(MemoryBudget.LIMIT_PROPERTY, "1m", "check", model).refused(expected);
        Cli.with(MemoryBudget.LIMIT_PROPERTY, "much", "check", model).refused("memory size", "found: much");
        assertEquals(List.of(), Samples.namesUnder(out));
    }
}
