package dev.hourglass.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.ImageSize;
import dev.hourglass.Session;
import dev.hourglass.SessionOptions;
import dev.hourglass.UNet;
import dev.hourglass.io.Safetensors;
import dev.hourglass.io.SafetensorsWriter;
import dev.hourglass.io.TensorData;
import dev.hourglass.kernel.WeightFormat;
import dev.hourglass.memory.Shape;
import dev.hourglass.testing.Floats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
class PredictCommandTest {

    private static final Path PARITY = Path.of("src", "test", "resources", "parity", "tiny-unet");

    /** Ten times PyTorch's own distance from float64. */
    private static final float TOLERANCE = 5e-6f;

    @TempDir
    Path folder;

    private Path input;
    private Path output;

    @BeforeEach
    void name() {
        input = folder.resolve("in.safetensors");
        output = folder.resolve("out.safetensors");
    }

    @Test
    void agreesWithPyTorch() throws IOException {
        Path model = Files.createDirectory(folder.resolve("model"));
        Files.writeString(model.resolve("config.json"), "{\"_class_name\": \"TinyUNet\", \"time_dim\": 64}");
        Files.copy(PARITY.resolve("model.safetensors"), model.resolve("diffusion_pytorch_model.safetensors"));
        Path cases = PARITY.resolve("forward.safetensors");
        int compared = 0;
        try (Safetensors expected = Safetensors.open(cases)) {
            for (int k = 0; expected.contains("c" + k + ".x"); k++) {
                String prefix = "c" + k + ".";
                for (boolean exact : new boolean[] {false, true}) {
                    predictCase(model, cases, prefix, exact);
                    try (Safetensors found = Safetensors.open(output)) {
                        assertEquals(
                                expected.entry(prefix + "output").shape(),
                                found.entry("output").shape());
                        assertArrayEquals(expected.floats(prefix + "output"), found.floats("output"), TOLERANCE);
                    }
                }
                compared++;
            }
        }
        assertTrue(compared > 1, "cases");
    }

    private void predictCase(Path model, Path cases, String prefix, boolean exact) {
        List<Object> arguments =
                new ArrayList<>(List.of("predict", model, "--input", cases, "--prefix", prefix, "--output", output));
        if (exact) {
            arguments.add("--exact");
        }
        Cli.run(arguments.toArray()).succeeded();
    }

    @Test
    void oneTimestepServesAllImages() {
        Path model = Samples.untrained(folder.resolve("model"), ImageSize.MNIST);
        float[] images = new float[3 * 8 * 9];
        images[100] = 0.5f;
        TensorData sample = TensorData.of("sample", Shape.of(3, 1, 8, 9), images);
        float[] each = predict(model, sample, TensorData.of("timestep", Shape.of(3), 7, 7, 7));
        assertArrayEquals(each, predict(model, sample, TensorData.of("timestep", Shape.of(), 7)));
        assertArrayEquals(each, predict(model, sample, TensorData.of("t", Shape.of(1), 7)));
        TensorData shortName = TensorData.of("x", Shape.of(3, 1, 8, 9), images);
        assertArrayEquals(each, predict(model, shortName, TensorData.of("timestep", Shape.of(1), 7)));
    }

    private float[] predict(Path model, TensorData... tensors) {
        write(tensors);
        Cli.run("predict", model, "--input", input, "--output", output)
                .succeeded()
                .printed("[3, 1, 8, 9]");
        try (Safetensors found = Safetensors.open(output)) {
            assertEquals(List.of("output"), found.names());
            return found.floats("output");
        }
    }

    private void write(TensorData... tensors) {
        SafetensorsWriter.write(input, List.of(tensors), Map.of());
    }

    @Test
    void weightsAreRoundedToTheFormatThatIsAskedFor() {
        Path model = Samples.untrained(folder.resolve("model"), ImageSize.MNIST);
        float[] x = Floats.random(1, 72);
        write(TensorData.of("sample", Shape.of(1, 1, 8, 9), x), TensorData.of("timestep", Shape.of(1), 7));
        for (WeightFormat format : WeightFormat.values()) {
            Cli.run("predict", model, "--input", input, "--output", output, "--weights", format.key())
                    .succeeded();
            float[] expected = new float[x.length];
            try (UNet opened = UNet.open(model);
                    Session session = opened.session(SessionOptions.of(1, 8, 9).withWeights(format));
                    Safetensors found = Safetensors.open(output)) {
                session.run(x, new float[] {7}, expected);
                assertArrayEquals(expected, found.floats("output"));
            }
        }
        Cli.run("predict", model, "--input", input, "--output", output, "--weights", "int8")
                .refused("--weights", "float32, bfloat16, float16", "found: int8");
    }

    @Test
    void wrongTensorsAreNamed() throws IOException {
        Path model = Samples.untrained(folder.resolve("model"), ImageSize.MNIST);
        TensorData time = TensorData.of("timestep", Shape.of(1), 7);
        TensorData good = images(Shape.of(2, 1, 8, 8), 0);

        assertRefused(model, List.of(time), input, "missing", "\"sample\" or \"x\"", "found: timestep");
        assertRefused(model, List.of(good), "\"timestep\" or \"t\"", "--prefix");
        assertRefused(model, List.of(images(Shape.of(2, 3, 8, 8), 0), time), "[N, 1, H, W]", "[2, 3, 8, 8]");
        assertRefused(model, List.of(images(Shape.of(8, 8), 0), time), "sample", "found: F32 [8, 8]");
        assertRefused(model, List.of(images(Shape.of(1, 1, 7, 40), 0), time), "at least 8", "found: 7x40");
        assertRefused(model, List.of(images(Shape.of(1, 1, 8, 7), 0), time), "at least 8", "found: 8x7");
        TensorData three = TensorData.of("timestep", Shape.of(3), 1, 2, 3);
        assertRefused(model, List.of(good, three), "timestep", "[2]", "found: [3]");
        TensorData notANumber = TensorData.of("timestep", Shape.of(1), Float.NaN);
        assertRefused(model, List.of(good, notANumber), "timesteps", "finite", "found: NaN");
        assertRefused(model, List.of(images(good.shape(), Float.NaN), time), "sample, image 1", "finite", "found: NaN");
        float infinity = Float.POSITIVE_INFINITY;
        assertRefused(model, List.of(images(good.shape(), infinity), time), "sample, image 1", "found: Infinity");
    }

    private static TensorData images(Shape shape, float last) {
        float[] values = new float[(int) shape.elements()];
        values[values.length - 1] = last;
        return TensorData.of("sample", shape, values);
    }

    private void assertRefused(Path model, List<TensorData> tensors, Object... parts) throws IOException {
        write(tensors.toArray(TensorData[]::new));
        Files.writeString(output, "an older result");
        Cli.run("predict", model, "--input", input, "--output", output).refused(parts);
        assertEquals("an older result", Files.readString(output));
        assertFalse(Samples.namesUnder(folder).stream().anyMatch(name -> name.endsWith(".tmp")));
    }
}
