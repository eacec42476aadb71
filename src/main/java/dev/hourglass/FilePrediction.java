package dev.hourglass;

import dev.hourglass.error.HourglassException;
import dev.hourglass.io.Safetensors;
import dev.hourglass.io.SafetensorsWriter;
import dev.hourglass.io.StoredType;
import dev.hourglass.io.TensorData;
import dev.hourglass.io.TensorEntry;
import dev.hourglass.memory.Shape;
import dev.hourglass.unet.UNet2DCondition;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** One forward pass from a safetensors file to a safetensors file, for comparing with other engines. */
public final class FilePrediction {

    private static final Set<StoredType> FLOATS =
            EnumSet.of(StoredType.F64, StoredType.F32, StoredType.F16, StoredType.BF16);

    private FilePrediction() {}

    /**
     * Reads {@code sample} (or {@code x}) {@code [N, C, H, W]} of any float type and {@code timestep} (or {@code t}), a scalar,
     * {@code [1]} or {@code [N]} of any type, and the model's further inputs by their names, and writes {@code output [N, C, H, W]} in
     * float32.
     *
     * @param input the file to read
     * @param prefix what stands before the names in it: {@code "c0."}, or nothing
     * @param output the file to write
     * @param threads threads that work, at least 1
     * @param arithmetic which algorithms run, and what weights are packed in
     * @return the output's shape
     * @throws HourglassException when a file, a name, a type, a shape or a value is wrong
     */
    public static Shape run(UNet model, Path input, String prefix, Path output, int threads, Arithmetic arithmetic) {
        Shape shape;
        float[] sample;
        float[] timesteps;
        int tokens;
        Map<String, float[]> conditions = new LinkedHashMap<>();
        try (Safetensors file = Safetensors.open(input)) {
            TensorEntry images = requireImages(file, find(file, prefix, "sample", "x"), model);
            shape = images.shape();
            sample = file.floats(images.name());
            timesteps = timesteps(file, find(file, prefix, "timestep", "t"), shape.dim(0));
            tokens = tokens(file, prefix + UNet2DCondition.TEXT);
            Set<String> optional = model.architecture().optionalConditions().keySet();
            for (String name : model.architecture().conditions(tokens).keySet()) {
                if (!optional.contains(name) || file.contains(prefix + name)) {
                    conditions.put(name, file.floats(find(file, prefix, name).name()));
                }
            }
        }
        SessionOptions options =
                SessionOptions.of(shape.dim(0), shape.dim(2), shape.dim(3)).withTokens(tokens);
        try (Session session = model.session(options.withThreads(threads).withArithmetic(arithmetic))) {
            conditions.forEach(session::condition);
            float[] prediction = new float[Math.toIntExact(session.outputShape().elements())];
            session.run(sample, timesteps, prediction);
            TensorData tensor = TensorData.of("output", session.outputShape(), prediction);
            SafetensorsWriter.write(output, List.of(tensor), Map.of());
            return session.outputShape();
        }
    }

    /** How many tokens the text has; one where there is none. */
    private static int tokens(Safetensors file, String name) {
        if (!file.contains(name)) {
            return 1;
        }
        long[] dims = file.entry(name).dims();
        return dims.length == 3 ? Math.toIntExact(dims[1]) : 1;
    }

    /** The tensor of the first of these names that is there. */
    static TensorEntry find(Safetensors file, String prefix, String... names) {
        for (String name : names) {
            if (file.contains(prefix + name)) {
                return file.entry(prefix + name);
            }
        }
        String wanted =
                Arrays.stream(names).map(name -> "\"" + prefix + name + "\"").collect(Collectors.joining(" or "));
        throw HourglassException.what("a tensor is missing")
                .where(file.file())
                .expected(wanted)
                .found(file.names().isEmpty() ? "no tensors" : listed(file.names()))
                .mend("name the tensor so, or give --prefix what stands before the name")
                .build();
    }

    private static String listed(List<String> names) {
        int shown = Math.min(names.size(), 8);
        String more = names.size() > shown ? " and " + (names.size() - shown) + " more" : "";
        return String.join(", ", names.subList(0, shown)) + more;
    }

    private static TensorEntry requireImages(Safetensors file, TensorEntry entry, UNet model) {
        int channels = model.architecture().inChannels();
        long[] dims = entry.dims();
        if (!FLOATS.contains(entry.type()) || dims.length != 4 || dims[1] != channels) {
            throw HourglassException.what("these are no images for the model")
                    .where(file.file() + ": " + entry.name())
                    .expected("floats [N, " + channels + ", H, W]")
                    .found(entry.type() + " " + Arrays.toString(dims))
                    .mend("bring the tensor to four axes, channels second, and to a float type")
                    .build();
        }
        return entry;
    }

    private static float[] timesteps(Safetensors file, TensorEntry entry, int batch) {
        if (entry.dims().length > 1 || entry.elements() != 1 && entry.elements() != batch) {
            throw HourglassException.what("the timesteps do not fit the images")
                    .where(file.file() + ": " + entry.name())
                    .expected("one number, or [" + batch + "], one for each image")
                    .found(Arrays.toString(entry.dims()))
                    .mend("give one timestep for all images, or one for each")
                    .build();
        }
        float[] found = file.floats(entry.name());
        if (found.length == batch) {
            return found;
        }
        float[] all = new float[batch];
        Arrays.fill(all, found[0]);
        return all;
    }
}
