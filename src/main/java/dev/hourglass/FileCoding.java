package dev.hourglass;

import dev.hourglass.io.Safetensors;
import dev.hourglass.io.SafetensorsWriter;
import dev.hourglass.io.TensorData;
import dev.hourglass.io.TensorEntry;
import dev.hourglass.memory.Shape;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** One pass of an autoencoder from a safetensors file to a safetensors file, for comparing with other engines. */
public final class FileCoding {

    private static final String OUTPUT = "output";

    private FileCoding() {}

    /**
     * Reads {@code sample [N, C, H, W]} and writes the moments of its latents as {@code output}.
     *
     * @param prefix what stands before the name in the input: {@code "c0."}, or nothing
     * @return the output's shape
     * @throws dev.hourglass.error.HourglassException when a file, a name or a shape is wrong
     */
    public static Shape encode(Vae vae, Path input, String prefix, Path output, int threads, boolean exact) {
        try (Safetensors file = Safetensors.open(input)) {
            TensorEntry entry = FilePrediction.find(file, prefix, "sample");
            Shape shape = entry.shape();
            float[] moments = vae.encode(file.floats(entry.name()), shape, threads, exact);
            return write(output, vae.momentsShape(shape), moments);
        }
    }

    /**
     * Reads {@code latent [N, C, h, w]} and writes its pictures as {@code output}.
     *
     * @param prefix what stands before the name in the input: {@code "c0."}, or nothing
     * @return the output's shape
     * @throws dev.hourglass.error.HourglassException when a file, a name or a shape is wrong
     */
    public static Shape decode(Vae vae, Path input, String prefix, Path output, int threads, boolean exact) {
        try (Safetensors file = Safetensors.open(input)) {
            TensorEntry entry = FilePrediction.find(file, prefix, "latent");
            Shape shape = entry.shape();
            float[] pictures = vae.decode(file.floats(entry.name()), shape, threads, exact);
            return write(output, vae.picturesShape(shape), pictures);
        }
    }

    private static Shape write(Path output, Shape shape, float[] values) {
        SafetensorsWriter.write(output, List.of(TensorData.of(OUTPUT, shape, values)), Map.of());
        return shape;
    }
}
