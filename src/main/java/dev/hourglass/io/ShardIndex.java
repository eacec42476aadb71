package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The {@code .index.json} beside weights that are split into several files: {@code weight_map} names the file of every
 * tensor. {@code metadata.total_size} has to be a size but is not compared with anything: it counts storage, which
 * tensors may share, and is copied along when weights are stored in another type.
 *
 * @param file the index itself
 * @param shards the file of every tensor, by the tensor's name, in the order of the index
 */
record ShardIndex(Path file, Map<String, Path> shards) {

    private static final String WEIGHT_MAP = "weight_map";
    private static final String METADATA = "metadata";
    private static final String TOTAL_SIZE = "total_size";
    private static final String SUFFIX = ".safetensors";

    /**
     * Reads an index; the files it names need not be there.
     *
     * @throws HourglassException when it is missing, not JSON, not an index, or names files outside its folder
     */
    static ShardIndex read(Path file) {
        Map<String, Object> index = Json.read(file);
        if (!(index.get(WEIGHT_MAP) instanceof Map<?, ?> weightMap)) {
            throw malformed(file, WEIGHT_MAP, "an object of tensor names and file names", index.get(WEIGHT_MAP));
        }
        requireMetadata(file, index.get(METADATA));
        Map<String, Path> shards = new LinkedHashMap<>();
        weightMap.forEach((tensor, shard) -> {
            String key = WEIGHT_MAP + "." + Problems.quote((String) tensor);
            if (!(shard instanceof String name && name.endsWith(SUFFIX))) {
                throw malformed(file, key, "the name of a " + SUFFIX + " file", shard);
            }
            shards.put((String) tensor, FileNames.beside(file, key, name));
        });
        return new ShardIndex(file, Collections.unmodifiableMap(shards));
    }

    private static void requireMetadata(Path file, Object metadata) {
        if (metadata != null && !(metadata instanceof Map)) {
            throw malformed(file, METADATA, "an object", metadata);
        }
        Object size = metadata == null ? null : ((Map<?, ?>) metadata).get(TOTAL_SIZE);
        boolean known = size instanceof Number number && number.doubleValue() >= 0;
        if (size != null && !known) {
            throw malformed(file, METADATA + "." + TOTAL_SIZE, "a number of bytes", size);
        }
    }

    private static HourglassException malformed(Path file, String key, String expected, Object found) {
        return HourglassException.what("the index of the weights is malformed")
                .where(file + ": " + key)
                .expected(expected)
                .found(found == null ? "nothing" : Problems.quote(found.toString()))
                .mend("fetch or save the model again")
                .build();
    }
}
