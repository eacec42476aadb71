package dev.hourglass.io;

import dev.hourglass.memory.Shape;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Small weights in several files, put together by hand so that they can be wrong. */
final class Shards {

    static final String INDEX = "diffusion_pytorch_model.safetensors.index.json";

    private Shards() {}

    /** A file with these tensors of one element each, 0, 1, 2 and so on. */
    static void write(Path folder, String file, String... names) {
        List<TensorData> tensors = new ArrayList<>();
        for (String name : names) {
            tensors.add(TensorData.of(name, Shape.of(1), (float) tensors.size()));
        }
        SafetensorsWriter.write(folder.resolve(file), tensors, Map.of("format", "pt"));
    }

    /** An index; {@code placed} alternates between a tensor's name and its file's. */
    static Path index(Path folder, String... placed) {
        Map<String, Object> weightMap = new LinkedHashMap<>();
        for (int i = 0; i < placed.length; i += 2) {
            weightMap.put(placed[i], placed[i + 1]);
        }
        return index(folder, Map.of("metadata", Map.of("total_size", 2 * placed.length), "weight_map", weightMap));
    }

    /** An index with this content. */
    static Path index(Path folder, Map<String, ?> content) {
        Json.write(folder.resolve(INDEX), content);
        return folder.resolve(INDEX);
    }
}
