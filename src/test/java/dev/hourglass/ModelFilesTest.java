package dev.hourglass;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.error.HourglassException;
import dev.hourglass.io.Json;
import dev.hourglass.io.ModelFolder;
import dev.hourglass.io.Safetensors;
import dev.hourglass.io.SafetensorsWriter;
import dev.hourglass.io.TensorData;
import dev.hourglass.unet.TinyUNet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The same model, whichever way its files lie. */
@Tag("once")
class ModelFilesTest {

    @TempDir
    Path folder;

    private Path file;
    private float[] weights;

    @BeforeEach
    void save() {
        file = folder.resolve(ModelFolder.WEIGHTS);
        try (UNet model = UNet.create(new TinyUNet(), ImageSize.MNIST, 3)) {
            model.save(folder);
            weights = model.weights().flat().toArray();
        }
    }

    @Test
    void aSavedModelIsMarkedAsPyTorchs() {
        try (Safetensors saved = Safetensors.open(file)) {
            assertEquals(Map.of("format", "pt"), saved.metadata());
        }
    }

    @Test
    void weightsInSeveralFiles() throws IOException {
        split(false);
        assertOpens(folder);
    }

    @Test
    void aWeightThatIsNotFiniteIsNamedWithItsFile() throws IOException {
        split(true);
        String message =
                assertThrows(HourglassException.class, () -> UNet.open(folder)).getMessage();
        assertTrue(message.contains(folder.resolve("part-1.safetensors").toString()), message);
        assertTrue(message.contains("not finite"), message);
    }

    /** Puts the tensors into three files in turns, the first tensor of the second file spoiled where asked. */
    private void split(boolean spoiled) throws IOException {
        List<List<TensorData>> parts = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        Map<String, String> weightMap = new LinkedHashMap<>();
        try (Safetensors whole = Safetensors.open(file)) {
            for (String name : whole.names()) {
                int part = weightMap.size() % 3;
                float[] values = whole.floats(name);
                if (spoiled && weightMap.size() == 1) {
                    values[0] = Float.POSITIVE_INFINITY;
                }
                parts.get(part).add(TensorData.of(name, whole.entry(name).shape(), values));
                weightMap.put(name, "part-" + part + ".safetensors");
            }
        }
        Files.delete(file);
        for (int part = 0; part < 3; part++) {
            SafetensorsWriter.write(folder.resolve("part-" + part + ".safetensors"), parts.get(part), Map.of());
        }
        Json.write(folder.resolve(ModelFolder.WEIGHTS + ".index.json"), Map.of("weight_map", weightMap));
    }

    @Test
    void thePipelineAroundAModel() throws IOException {
        Path pipeline = Files.createDirectory(folder.resolve("pipeline"));
        Path unet = Files.createDirectory(pipeline.resolve("unet"));
        Files.move(file, unet.resolve(ModelFolder.WEIGHTS));
        Files.move(folder.resolve(ModelFolder.CONFIG), unet.resolve(ModelFolder.CONFIG));
        Json.write(
                pipeline.resolve("model_index.json"),
                Map.of("_class_name", "DDPMPipeline", "unet", List.of("diffusers", "TinyUNet")));
        assertOpens(pipeline);
    }

    private void assertOpens(Path opened) {
        try (UNet model = UNet.open(opened)) {
            assertArrayEquals(weights, model.weights().flat().toArray());
        }
    }
}
