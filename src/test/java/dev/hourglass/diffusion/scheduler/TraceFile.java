package dev.hourglass.diffusion.scheduler;

import dev.hourglass.io.ModelConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The trace of a scheduler of diffusers, read from the test resources. It depends on nothing that reads files in the library. */
record TraceFile(String name, JsonNode header, ByteBuffer data) {

    /** Where the traces are. */
    static final Path FOLDER = Path.of("src", "test", "resources", "schedulers");

    private static final String SUFFIX = ".safetensors";
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    /** The names of all traces. */
    static Stream<String> names() {
        try (Stream<Path> files = Files.list(FOLDER)) {
            return files.map(file -> file.getFileName().toString().replace(SUFFIX, "")).sorted().toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The file itself. */
    static Path file(String name) {
        return FOLDER.resolve(name + SUFFIX);
    }

    static TraceFile read(String name) {
        try {
            ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(file(name))).order(ByteOrder.LITTLE_ENDIAN);
            byte[] text = new byte[(int) all.getLong()];
            all.get(text);
            return new TraceFile(name, MAPPER.readTree(text), all.slice().order(ByteOrder.LITTLE_ENDIAN));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String metadata(String key) {
        return header.required("__metadata__").required(key).asString();
    }

    /** The number of steps that was asked for. */
    int steps() {
        return Integer.parseInt(metadata("steps"));
    }

    /** The scheduler's configuration. */
    ModelConfig config() {
        return ModelConfig.of(name, settings());
    }

    /** The configuration as diffusers would have saved it. */
    Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put(ModelConfig.CLASS_NAME, metadata("class"));
        settings.putAll(object("config"));
        return settings;
    }

    /** The arguments of every step. */
    Map<String, Object> arguments() {
        return object("step_args");
    }

    @SuppressWarnings("unchecked")
    private Map<String, Object> object(String key) {
        return MAPPER.readValue(metadata(key), Map.class);
    }

    boolean contains(String tensor) {
        return header.has(tensor);
    }

    int[] shape(String tensor) {
        return MAPPER.convertValue(header.required(tensor).required("shape"), int[].class);
    }

    float[] floats(String tensor) {
        double[] numbers = numbers(tensor);
        float[] floats = new float[numbers.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) numbers[i];
        }
        return floats;
    }

    double[] numbers(String tensor) {
        JsonNode entry = header.required(tensor);
        boolean longs = entry.required("dtype").asString().equals("I64");
        int begin = entry.required("data_offsets").get(0).asInt();
        int end = entry.required("data_offsets").get(1).asInt();
        double[] numbers = new double[(end - begin) / (longs ? Long.BYTES : Float.BYTES)];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = longs ? data.getLong(begin + i * Long.BYTES) : data.getFloat(begin + i * Float.BYTES);
        }
        return numbers;
    }
}
