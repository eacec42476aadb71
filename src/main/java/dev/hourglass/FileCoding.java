package dev.hourglass;

import dev.hourglass.error.HourglassException;
import dev.hourglass.io.Safetensors;
import dev.hourglass.io.SafetensorsWriter;
import dev.hourglass.io.TensorData;
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
     * @throws HourglassException when a file, a name or a shape is wrong
     */
    public static Shape encode(Vae vae, Path input, String prefix, Path output, int threads, boolean exact) {
        try (Safetensors file = Safetensors.open(input)) {
            Shape shape = shape(file, prefix + "sample");
            float[] moments = vae.encode(file.floats(prefix + "sample"), shape, threads, exact);
            return write(output, vae.momentsShape(shape), moments);
        }
    }

    /**
     * Reads {@code latent [N, C, h, w]} and writes its pictures as {@code output}.
     *
     * @param prefix what stands before the name in the input: {@code "c0."}, or nothing
     * @return the output's shape
     * @throws HourglassException when a file, a name or a shape is wrong
     */
    public static Shape decode(Vae vae, Path input, String prefix, Path output, int threads, boolean exact) {
        try (Safetensors file = Safetensors.open(input)) {
            Shape shape = shape(file, prefix + "latent");
            float[] pictures = vae.decode(file.floats(prefix + "latent"), shape, threads, exact);
            return write(output, vae.picturesShape(shape), pictures);
        }
    }

    private static Shape shape(Safetensors file, String name) {
        if (!file.contains(name)) {
            throw HourglassException.what("a tensor is missing")
                    .where(file.file())
                    .expected("\"" + name + "\"")
                    .found(file.names().isEmpty() ? "no tensors" : String.join(", ", file.names()))
                    .mend("name the tensor so, or give --prefix what stands before the name")
                    .build();
        }
        return file.entry(name).shape();
    }

    private static Shape write(Path output, Shape shape, float[] values) {
        SafetensorsWriter.write(output, List.of(TensorData.of(OUTPUT, shape, values)), Map.of());
        return shape;
    }
}
