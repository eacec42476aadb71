package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Finds the weights of a model folder: one safetensors file, or the index of several, or, where neither is there, those
 * of the folder's only variant (such as {@code fp16}), in one file or several. One file goes before an index, because that
 * is what {@link ModelFolder#write} puts beside an older index.
 */
final class WeightFiles {

    private static final String INDEX = ".index.json";

    /** {@code .fp16.safetensors}, but not {@code .fp16-00001-of-00002.safetensors}, which is a part of several. */
    private static final Pattern VARIANT = Pattern.compile(
            "diffusion_pytorch_model\\.(?!.*-\\d{5}-of-\\d{5}\\.)(?<variant>[A-Za-z0-9_-]+)\\.safetensors");

    /** The variant's place in an index's name as it is now, and as it was in older versions of diffusers. */
    private static final Pattern VARIANT_INDEX =
            Pattern.compile("diffusion_pytorch_model\\.safetensors\\.(index\\.(?<variant>[A-Za-z0-9_-]+)"
                    + "|(?<old>[A-Za-z0-9_-]+)\\.index)\\.json");

    private WeightFiles() {}

    /**
     * Opens the weights of a folder.
     *
     * @throws HourglassException when there are none, there are several variants to choose from, or a file is damaged
     */
    static Tensors open(Path folder) {
        Path single = folder.resolve(ModelFolder.WEIGHTS);
        if (Files.isRegularFile(single)) {
            return Safetensors.open(single);
        }
        Path index = folder.resolve(ModelFolder.WEIGHTS + INDEX);
        if (Files.isRegularFile(index)) {
            return ShardedTensors.open(index);
        }
        List<String> names = namesIn(folder);
        Map<String, Path> variants = variants(folder, names);
        if (variants.size() != 1) {
            throw variants.isEmpty() ? missing(folder, names) : ambiguous(folder, variants);
        }
        Path variant = variants.values().iterator().next();
        return variant.toString().endsWith(".json") ? ShardedTensors.open(variant) : Safetensors.open(variant);
    }

    private static Map<String, Path> variants(Path folder, List<String> names) {
        Map<String, Path> variants = new TreeMap<>();
        for (String name : names) {
            Matcher index = VARIANT_INDEX.matcher(name);
            if (index.matches()) {
                String variant = index.group("variant") == null ? index.group("old") : index.group("variant");
                variants.putIfAbsent(variant, folder.resolve(name));
            }
        }
        for (String name : names) {
            Matcher single = VARIANT.matcher(name);
            if (single.matches()) {
                variants.put(single.group("variant"), folder.resolve(name));
            }
        }
        return variants;
    }

    private static List<String> namesIn(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> file.getFileName().toString())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw Problems.unreadable(folder, e);
        }
    }

    private static HourglassException ambiguous(Path folder, Map<String, Path> variants) {
        return HourglassException.what("several variants of the weights, and none without a variant's name")
                .where(folder)
                .expected(ModelFolder.WEIGHTS + ", or the weights of one variant")
                .found(String.join(", ", variants.keySet()))
                .mend("keep the variant that you want, and move the others to another folder")
                .build();
    }

    private static HourglassException missing(Path folder, List<String> names) {
        String mend = "check that the folder was downloaded or written in full";
        if (names.stream().anyMatch(name -> name.matches(".*-\\d{5}-of-\\d{5}.*\\.safetensors"))) {
            mend = "the weights are split into several files: fetch their index, " + ModelFolder.WEIGHTS + INDEX
                    + ", too";
        } else if (names.stream().anyMatch(name -> name.endsWith(".bin"))) {
            mend = "the weights are a pickled .bin file: save the model again with safe_serialization=True";
        }
        return ModelFolder.incomplete(folder, ModelFolder.WEIGHTS, mend);
    }
}
