package dev.hourglass.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.hourglass.io.Json;
import dev.hourglass.io.Safetensors;
import dev.hourglass.io.SafetensorsWriter;
import dev.hourglass.io.TensorData;
import dev.hourglass.memory.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("once")
class ScheduleTraceCommandTest {

    private static final Path TRACES = Path.of("src", "test", "resources", "schedulers");

    /** Of a sample's largest magnitude, as in the schedulers' own test. */
    private static final float TOLERANCE = 1e-4f;

    @TempDir
    Path folder;

    private Path config;
    private Path output;

    @BeforeEach
    void name() {
        config = folder.resolve("scheduler_config.json");
        output = folder.resolve("out.safetensors");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ddim-eta", "ddpm-learned-range", "dpmpp-2m-sde", "heun-sd", "pndm-prk"})
    void agreesWithDiffusers(String name) throws IOException {
        Path trace = TRACES.resolve(name + ".safetensors");
        try (Safetensors expected = Safetensors.open(trace)) {
            String settings = expected.metadata().get("config");
            String named = "{\"_class_name\": \"" + expected.metadata().get("class") + "\", ";
            Files.writeString(config, named + settings.substring(1));
            Cli.run("schedule-trace", config, "--input", trace, "--output", output)
                    .succeeded()
                    .printed("steps in " + output);
            try (Safetensors found = Safetensors.open(output)) {
                assertArrayEquals(expected.floats("timesteps"), found.floats("timesteps"));
                assertEquals(expected.contains("sigmas"), found.contains("sigmas"));
                int compared = 0;
                for (String tensor : expected.names()) {
                    if (tensor.endsWith(".prev_sample") || tensor.endsWith(".model_input")) {
                        assertEquals(
                                expected.entry(tensor).shape(),
                                found.entry(tensor).shape());
                        assertClose(expected.floats(tensor), found.floats(tensor));
                        compared++;
                    }
                }
                assertEquals(2 * found.floats("timesteps").length, compared);
            }
        }
    }

    private static void assertClose(float[] expected, float[] found) {
        float largest = 0;
        for (float value : expected) {
            largest = Math.max(largest, Math.abs(value));
        }
        assertArrayEquals(expected, found, TOLERANCE * largest);
    }

    @Test
    void wrongTracesAreNamed() {
        Json.write(config, Map.of("_class_name", "DDIMScheduler"));
        TensorData initial = TensorData.of("initial", Shape.of(1, 1, 2, 2), 1, 2, 3, 4);
        TensorData good = TensorData.of("s000.model_output", Shape.of(1, 1, 2, 2), 1, 2, 3, 4);
        TensorData small = TensorData.of("s000.model_output", Shape.of(1, 1, 1, 2), 1, 2);
        Map<String, String> one = Map.of("steps", "1");

        refuse(List.of(good), one, "initial");
        refuse(List.of(initial, good), Map.of(), "metadata steps", "nothing");
        refuse(List.of(initial, good), Map.of("steps", "-1"), "metadata steps", "-1");
        refuse(List.of(initial), one, "s000.model_output");
        refuse(List.of(initial, small), one, "s000.model_output", "[1, 1, 1, 2]");
        refuse(List.of(initial, good), Map.of("steps", "1", "step_args", "{\"eta\": 1}"), "s000.noise0");
        refuse(List.of(initial, good), Map.of("steps", "1", "step_args", "{"), "step_args", "JSON");
        refuse(List.of(initial, good), Map.of("steps", "1", "step_args", "{\"order\": 1}"), "order", "only eta");
    }

    private void refuse(List<TensorData> tensors, Map<String, String> metadata, Object... parts) {
        Path trace = folder.resolve("trace.safetensors");
        SafetensorsWriter.write(trace, tensors, metadata);
        Cli.run("schedule-trace", config, "--input", trace, "--output", output).refused(parts);
        assertFalse(Files.exists(output));
    }

    @Test
    void unknownClassesAreNamed() {
        Json.write(config, Map.of("_class_name", "KarrasVeScheduler"));
        Cli.run("schedule-trace", config, "--input", TRACES.resolve("ddim-eta.safetensors"), "--output", output)
                .refused(config, "_class_name", "DDIMScheduler", "KarrasVeScheduler");
    }
}
