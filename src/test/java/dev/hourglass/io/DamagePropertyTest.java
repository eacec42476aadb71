package dev.hourglass.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.error.HourglassException;
import dev.hourglass.memory.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Whatever happens to a file, reading it either works or ends in an error that names it, or one of its neighbours. */
@Tag("once")
class DamagePropertyTest {

    private static Path folder;
    private static byte[] safetensors;
    private static byte[] idx;
    private static byte[] png;
    private static byte[] json;
    private static byte[] index;
    private static byte[] shard;
    private static byte[] pipeline;

    @BeforeContainer
    static void makeValidFiles() throws IOException {
        folder = Files.createTempDirectory("hourglass-damage");
        Path file = folder.resolve("valid");
        SafetensorsWriter.write(
                file,
                List.of(
                        TensorData.of("conv.weight", Shape.of(2, 1, 3, 3), new float[18]),
                        TensorData.of("conv.bias", Shape.of(2), 1f, 2f),
                        TensorData.of("scale", Shape.of(), 3f)),
                Map.of("format", "pt"));
        safetensors = Files.readAllBytes(file);
        idx = IdxTest.gzip(IdxTest.idx(0x0803, "pixels of two images", 2, 5, 2));
        Images.writePng(
                file, Images.grid(new float[] {0, 1, -1, 0.5f}, Shape.of(1, 2, 2, 1), ImageLayout.NHWC, 1, 0, 1));
        png = Files.readAllBytes(file);
        json = Json.pretty(Map.of("_class_name", "X", "list", List.of(1, 2, 300), "flag", true));
        Files.delete(file);
        Json.write(folder.resolve(ModelFolder.CONFIG), Map.of(ModelConfig.CLASS_NAME, "X"));
        Shards.write(folder, "part-1.safetensors", "conv.weight", "conv.bias");
        Shards.write(folder, "part-2.safetensors", "scale");
        Path indexFile = Shards.index(
                folder,
                "conv.bias",
                "part-1.safetensors",
                "conv.weight",
                "part-1.safetensors",
                "scale",
                "part-2.safetensors");
        index = Files.readAllBytes(indexFile);
        shard = Files.readAllBytes(folder.resolve("part-1.safetensors"));
        pipeline = Json.pretty(Map.of("_class_name", "P", "unet", List.of("diffusers", "UNet2DModel")));
    }

    @AfterContainer
    static void removeThem() throws IOException {
        for (String name : Problem.namesIn(folder)) {
            Files.delete(folder.resolve(name));
        }
        Files.delete(folder);
    }

    @Property(tries = 1000)
    void safetensors(@ForAll long seed, @ForAll @IntRange(max = 4) int flips, @ForAll boolean cut) throws IOException {
        readsOrExplains(safetensors, seed, flips, cut, file -> {
            try (Safetensors read = Safetensors.open(file)) {
                for (TensorEntry entry : read.entries()) {
                    assertEquals(entry.elements(), read.floats(entry.name()).length);
                }
            }
        });
    }

    @Property(tries = 1000)
    void gzippedIdx(@ForAll long seed, @ForAll @IntRange(max = 4) int flips, @ForAll boolean cut) throws IOException {
        readsOrExplains(idx, seed, flips, cut, file -> {
            try (ImageBytes images = Idx.readImages(file)) {
                assertEquals(20, images.pixels().byteSize());
            }
        });
    }

    @Property(tries = 500)
    void png(@ForAll long seed, @ForAll @IntRange(max = 4) int flips, @ForAll boolean cut) throws IOException {
        readsOrExplains(
                png,
                seed,
                flips,
                cut,
                file -> assertEquals(2, Images.readPng(file).getWidth()));
    }

    @Property(tries = 500)
    void json(@ForAll long seed, @ForAll @IntRange(max = 4) int flips, @ForAll boolean cut) throws IOException {
        readsOrExplains(json, seed, flips, cut, file -> {
            ModelConfig config = ModelConfig.of(file, Json.read(file));
            config.integers("list");
        });
    }

    @Property(tries = 1000)
    void indexOfSeveralFiles(@ForAll long seed, @ForAll @IntRange(max = 4) int flips, @ForAll boolean cut)
            throws IOException {
        inModelFolder(Shards.INDEX, index, seed, flips, cut);
    }

    @Property(tries = 1000)
    void oneOfSeveralFiles(@ForAll long seed, @ForAll @IntRange(max = 4) int flips, @ForAll boolean cut)
            throws IOException {
        inModelFolder("part-1.safetensors", shard, seed, flips, cut);
    }

    /** A model that opens has all its tensors, each of the size that its entry says. */
    private static void inModelFolder(String name, byte[] valid, long seed, int flips, boolean cut) throws IOException {
        readsOrExplains(folder.resolve(name), folder, valid, seed, flips, cut, file -> {
            try (ModelFolder model = ModelFolder.open(folder)) {
                assertEquals(3, model.weights().entries().size());
                for (TensorEntry entry : model.weights().entries()) {
                    assertEquals(entry.elements(), model.weights().floats(entry.name()).length);
                }
            }
        });
        Files.write(folder.resolve(name), valid);
    }

    @Property(tries = 1000)
    void pipeline(@ForAll long seed, @ForAll @IntRange(max = 4) int flips, @ForAll boolean cut) throws IOException {
        Path file = folder.resolve(PipelineFolder.INDEX);
        readsOrExplains(file, file, pipeline, seed, flips, cut, damaged -> {
            for (PipelineFolder.Part part : PipelineFolder.open(folder).parts().values()) {
                assertEquals(folder, part.folder());
            }
        });
        Files.delete(file);
    }

    private static void readsOrExplains(byte[] valid, long seed, int flips, boolean cut, Consumer<Path> reader)
            throws IOException {
        Path file = folder.resolve("damaged");
        readsOrExplains(file, file, valid, seed, flips, cut, reader);
    }

    /**
     * Flips bits of up to four bytes, cuts the end off where asked, and reads; an untouched file has to be readable, and an
     * error has to name {@code named}.
     */
    private static void readsOrExplains(
            Path file, Path named, byte[] valid, long seed, int flips, boolean cut, Consumer<Path> reader)
            throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] damaged = cut ? Arrays.copyOf(valid, random.nextInt(valid.length)) : valid.clone();
        for (int i = 0; i < flips && damaged.length > 0; i++) {
            damaged[random.nextInt(damaged.length)] ^= (byte) (1 + random.nextInt(255));
        }
        Files.write(file, damaged);
        try {
            reader.accept(file);
        } catch (HourglassException e) {
            assertTrue(!Arrays.equals(valid, damaged), "an untouched file was refused");
            assertTrue(e.getMessage().contains(named.toString()), e.getMessage());
        }
    }
}
