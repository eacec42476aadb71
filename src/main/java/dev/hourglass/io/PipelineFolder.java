package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A pipeline as diffusers keeps it: a folder with {@code model_index.json}, which says of which class each part is ({@code
 * "unet": ["diffusers", "UNet2DModel"]}), and a folder for each part. Parts of old models with nothing but a U-Net and a
 * scheduler lie in the pipeline's folder itself.
 *
 * @param path the folder
 * @param className the pipeline's class, such as {@code DDPMPipeline}
 * @param parts the parts that the pipeline has, by name, in the order of the file; their folders may be missing
 */
public record PipelineFolder(Path path, String className, Map<String, Part> parts) {

    /** The file that makes a folder a pipeline. */
    public static final String INDEX = "model_index.json";

    /** The name of the denoising network. */
    public static final String UNET = "unet";

    /** The name of the noise schedule's settings. */
    public static final String SCHEDULER = "scheduler";

    /** The name of the autoencoder of pipelines that work on latents. */
    public static final String VAE = "vae";

    /** The file of a scheduler's settings. */
    public static final String SCHEDULER_CONFIG = "scheduler_config.json";

    private static final List<String> KNOWN = List.of(UNET, SCHEDULER, VAE);
    private static final List<Object> LEFT_OUT = Arrays.asList(null, null);

    /**
     * One part of a pipeline.
     *
     * @param library where the class comes from: {@code diffusers}, {@code transformers}
     * @param className its class, such as {@code UNet2DModel}
     * @param folder where its files are
     */
    public record Part(String library, String className, Path folder) {}

    /** Keeps its own copy of the parts. */
    public PipelineFolder {
        parts = Collections.unmodifiableMap(new LinkedHashMap<>(parts));
    }

    /** Whether a folder holds a pipeline, damaged or not. */
    public static boolean isPipeline(Path folder) {
        return Files.isRegularFile(folder.resolve(INDEX));
    }

    /** The folder of one part where {@code folder} is a pipeline's, {@code folder} itself where it is a model's. */
    public static Path partOrSelf(Path folder, String part) {
        return isPipeline(folder) ? open(folder).part(part).folder() : folder;
    }

    /**
     * Reads which parts a pipeline has.
     *
     * @throws HourglassException when the folder or its {@code model_index.json} is missing or damaged, or the name of a
     *     part is not that of a folder beside it
     */
    public static PipelineFolder open(Path folder) {
        Problems.requireFolder(folder, "a pipeline's folder, with " + INDEX);
        Path file = folder.resolve(INDEX);
        ModelConfig index = ModelConfig.of(file, Json.read(file));
        Map<String, Part> parts = new LinkedHashMap<>();
        index.asMap().forEach((name, value) -> {
            if (isClass(value) && !name.startsWith("_")) {
                List<String> classOf = index.strings(name);
                Path own = FileNames.beside(file, Problems.quote(name), name);
                parts.put(name, new Part(classOf.get(0), classOf.get(1), Files.isDirectory(own) ? own : folder));
            } else if (KNOWN.contains(name) && value != null && !value.equals(LEFT_OUT)) {
                throw index.invalid(name, "[library, class], or [null, null] for a part that was left out");
            }
        });
        return new PipelineFolder(folder, index.className(), parts);
    }

    /** Other values are settings of the pipeline: flags, numbers, lists of numbers. */
    private static boolean isClass(Object value) {
        return value instanceof List<?> list
                && list.size() == 2
                && list.stream().allMatch(String.class::isInstance);
    }

    /**
     * One part of the pipeline, whose files are there.
     *
     * @throws HourglassException when the pipeline has no such part, or the part's folder is missing
     */
    public Part part(String name) {
        Part part = parts.get(name);
        if (part == null) {
            throw HourglassException.what("the pipeline has no such part")
                    .where(path.resolve(INDEX))
                    .expected(Problems.quote(name))
                    .found(Problems.quote(className) + " with "
                            + parts.keySet().stream().map(Problems::quote).toList())
                    .mend("choose a pipeline that has one")
                    .build();
        }
        boolean there = !part.folder().equals(path)
                || Files.isRegularFile(path.resolve(ModelFolder.CONFIG))
                || Files.isRegularFile(path.resolve(SCHEDULER_CONFIG));
        if (!there) {
            throw HourglassException.what("a part of the pipeline is missing")
                    .where(path)
                    .expected("a folder " + Problems.quote(name) + " with " + Problems.quote(part.className()))
                    .found("no such folder")
                    .mend("check that the pipeline was downloaded or written in full")
                    .build();
        }
        return part;
    }
}
