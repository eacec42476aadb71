package dev.hourglass.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.memory.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
class TensorDiffTest {

    @TempDir
    Path folder;

    @Test
    void equalTensorsHaveNoDifference() {
        try (Safetensors file = file(Map.of("a", Shape.of(2, 3), "s", Shape.of()))) {
            assertEquals(Optional.empty(), TensorDiff.between(Map.of("s", Shape.of(), "a", Shape.of(2, 3)), file));
            TensorDiff.require(Map.of("s", Shape.of(), "a", Shape.of(2, 3)), file);
        }
    }

    @Test
    void allDifferencesAreInOneError() {
        Map<String, Shape> expected = Map.of("same", Shape.of(1), "turned", Shape.of(3, 2), "gone", Shape.of(4));
        try (Safetensors file = file(Map.of("same", Shape.of(1), "turned", Shape.of(2, 3), "new", Shape.of(5)))) {
            Problem.expect(
                    () -> TensorDiff.require(expected, file),
                    file.file(),
                    "expected: 3 tensors",
                    "1 missing: gone [4]",
                    "1 of another shape: turned is [2, 3], the model needs [3, 2]",
                    "1 that the model does not have: \"new\" F32 [5]");
        }
    }

    @Test
    void longListsAreCut() {
        Map<String, Shape> expected = new LinkedHashMap<>();
        for (int i = 0; i < 25; i++) {
            expected.put("layer" + i, Shape.of(1));
        }
        try (Safetensors file = file(Map.of("other", Shape.of(1)))) {
            String message = TensorDiff.between(expected, file).orElseThrow().getMessage();
            assertTrue(message.contains("25 missing: layer0 [1], layer1 [1]"), message);
            assertTrue(message.contains("layer9 [1] and 15 more"), message);
            assertFalse(message.contains("layer10"), message);
        }
    }

    private Safetensors file(Map<String, Shape> shapes) {
        List<TensorData> tensors = new ArrayList<>();
        shapes.forEach((name, shape) -> tensors.add(TensorData.of(name, shape, new float[(int) shape.elements()])));
        SafetensorsWriter.write(folder.resolve("w.safetensors"), tensors, Map.of());
        return Safetensors.open(folder.resolve("w.safetensors"));
    }
}
