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

/** Whatever happens to a file, reading it either works or ends in an error that names it. */
@Tag("once")
class DamagePropertyTest {

    private static Path folder;
    private static byte[] safetensors;
    private static byte[] idx;
    private static byte[] png;
    private static byte[] json;

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

    /**
     * Flips bits of up to four bytes, cuts the end off where asked, and reads; an untouched file has to be readable.
     */
    private static void readsOrExplains(byte[] valid, long seed, int flips, boolean cut, Consumer<Path> reader)
            throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        byte[] damaged = cut ? Arrays.copyOf(valid, random.nextInt(valid.length)) : valid.clone();
        for (int i = 0; i < flips && damaged.length > 0; i++) {
            damaged[random.nextInt(damaged.length)] ^= (byte) (1 + random.nextInt(255));
        }
        Path file = Files.write(folder.resolve("damaged"), damaged);
        try {
            reader.accept(file);
        } catch (HourglassException e) {
            assertTrue(!Arrays.equals(valid, damaged), "an untouched file was refused");
            assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
        }
    }
}
