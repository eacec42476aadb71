package dev.hourglass.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.hourglass.memory.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
class LegacyAttentionTest {

    private static final Path MODEL = Path.of("src/test/resources/diffusers/unet2d-half");
    private static final String BLOCK = "mid_block.attentions.0";

    @TempDir
    Path folder;

    /** What a real model of today needs. */
    private static Map<String, Shape> expected() {
        Map<String, Shape> expected = new LinkedHashMap<>();
        try (ModelFolder model = ModelFolder.open(MODEL)) {
            model.weights().entries().forEach(entry -> expected.put(entry.name(), entry.shape()));
        }
        return expected;
    }

    @Test
    void aRealModelUnderItsOldNamesIsTheSameModel() {
        int[] renamed = new int[1];
        try (ModelFolder model = ModelFolder.open(MODEL);
                Safetensors old = write(aged(model.weights(), renamed, 1, 1));
                Safetensors older = write(aged(model.weights(), renamed, 1))) {
            assertEquals(2 * 32, renamed[0], "four blocks of four projections, weight and bias");
            for (Safetensors stored : List.of(old, older)) {
                Tensors seen = LegacyAttention.view(stored, expected());
                TensorDiff.require(expected(), seen);
                for (TensorEntry entry : model.weights().entries()) {
                    assertArrayEquals(model.weights().floats(entry.name()), seen.floats(entry.name()), entry.name());
                }
                assertEquals(stored.file(), seen.file(BLOCK + ".to_q.weight"));
                assertFalse(seen.contains(BLOCK + ".query.weight"));
                Problem.expect(() -> seen.floats(BLOCK + ".query.weight"), stored.file(), "no such tensor");
            }
        }
    }

    /** The model as it was written years ago: other names, and weights with a kernel of one pixel. */
    private static List<TensorData> aged(Tensors model, int[] renamed, int... kernel) {
        List<TensorData> tensors = new ArrayList<>();
        for (TensorEntry entry : model.entries()) {
            String name = entry.name()
                    .replace(".to_q.", ".query.")
                    .replace(".to_k.", ".key.")
                    .replace(".to_v.", ".value.")
                    .replace(".to_out.0.", ".proj_attn.");
            Shape shape = entry.shape();
            if (!name.equals(entry.name())) {
                renamed[0]++;
                if (name.endsWith(".weight")) {
                    int[] dims = new int[2 + kernel.length];
                    dims[0] = shape.dim(0);
                    dims[1] = shape.dim(1);
                    System.arraycopy(kernel, 0, dims, 2, kernel.length);
                    shape = Shape.of(dims);
                }
            }
            tensors.add(TensorData.of(name, shape, model.floats(entry.name())));
        }
        return tensors;
    }

    @Test
    void presentNamesNeedNoView() {
        try (ModelFolder model = ModelFolder.open(MODEL)) {
            assertSame(model.weights(), LegacyAttention.view(model.weights(), expected()));
        }
    }

    @Test
    void bothNamesAtOnceAreOneTooMany() {
        Map<String, Shape> expected = Map.of("a.to_q.weight", Shape.of(2, 1));
        try (Safetensors stored = write(List.of(
                TensorData.of("a.to_q.weight", Shape.of(2, 1), 1, 2),
                TensorData.of("a.query.weight", Shape.of(2, 1), 3, 4)))) {
            Tensors seen = LegacyAttention.view(stored, expected);
            assertArrayEquals(new float[] {1, 2}, seen.floats("a.to_q.weight"));
            Problem.expect(
                    () -> TensorDiff.require(expected, seen),
                    stored.file(),
                    "1 that the model does not have: \"a.query.weight\"");
        }
    }

    @Test
    void onlyWhatTheModelExpectsIsRenamed() {
        try (Safetensors stored = write(List.of(
                TensorData.of("a.query.weight", Shape.of(1), 1),
                TensorData.of("a.query.scale", Shape.of(1), 2),
                TensorData.of("query.weight", Shape.of(1), 3)))) {
            Tensors seen = LegacyAttention.view(
                    stored,
                    Map.of("a.query.weight", Shape.of(1), "a.to_q.scale", Shape.of(1), "to_q.weight", Shape.of(1)));
            assertSame(stored, seen);
        }
    }

    @Test
    void aKernelOfMorePixelsStaysAMistake() {
        Map<String, Shape> expected = Map.of("a.to_k.weight", Shape.of(2, 2));
        try (Safetensors stored = write(List.of(TensorData.of("a.key.weight", Shape.of(2, 2, 1, 3), new float[12])))) {
            Problem.expect(
                    () -> TensorDiff.require(expected, LegacyAttention.view(stored, expected)),
                    "1 of another shape: a.to_k.weight is [2, 2, 1, 3], the model needs [2, 2]");
        }
        try (Safetensors stored = write(List.of(TensorData.of("a.key.weight", Shape.of(2, 1, 1, 1), 1, 2)))) {
            Problem.expect(
                    () -> TensorDiff.require(expected, LegacyAttention.view(stored, expected)),
                    "a.to_k.weight is [2, 1], the model needs [2, 2]");
        }
    }

    private Safetensors write(List<TensorData> tensors) {
        Path file = folder.resolve(tensors.hashCode() + ".safetensors");
        SafetensorsWriter.write(file, tensors, Map.of());
        return Safetensors.open(file);
    }
}
