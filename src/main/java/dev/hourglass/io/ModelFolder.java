package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;

/**
 * A model as diffusers keeps it: a folder with {@code config.json} and {@code diffusion_pytorch_model.safetensors}, or
 * instead of that the index of several files, or the weights of one variant such as {@code fp16}. The weights stay mapped
 * until this is closed.
 *
 * @see <a href="https://huggingface.co/docs/diffusers/using-diffusers/other-formats">diffusers' layout</a>
 */
public final class ModelFolder implements AutoCloseable {

    /** The file of the configuration. */
    public static final String CONFIG = "config.json";

    /** The file of the weights. */
    public static final String WEIGHTS = "diffusion_pytorch_model.safetensors";

    private static final String KIND = "a model folder, with " + CONFIG + " and " + WEIGHTS;

    private final Path path;
    private final ModelConfig config;
    private final Tensors weights;

    private ModelFolder(Path path, ModelConfig config, Tensors weights) {
        this.path = path;
        this.config = config;
        this.weights = weights;
    }

    /**
     * Opens a model folder and checks its files.
     *
     * @throws HourglassException when the folder or one of its files is missing or damaged, or the weights' index and its
     *     files disagree
     */
    public static ModelFolder open(Path folder) {
        Problems.requireFolder(folder, KIND);
        Path configFile = folder.resolve(CONFIG);
        if (!Files.isRegularFile(configFile)) {
            String mend = PipelineFolder.isPipeline(folder)
                    ? "this is a pipeline: open the folder of one of its parts"
                    : "check that the folder was downloaded or written in full";
            throw incomplete(folder, CONFIG, mend);
        }
        ModelConfig config = ModelConfig.of(configFile, Json.read(configFile));
        return new ModelFolder(folder, config, WeightFiles.open(folder));
    }

    /**
     * Writes a model folder, in the place of an older model.
     *
     * @param config with a string {@code _class_name}
     * @param tensors the weights, under their names in the file
     * @param metadata free-form strings for the header of the weights; diffusers expects {@code format=pt}
     * @throws HourglassException when the configuration has no class name or a file cannot be written; what a tensor's
     *     supplier throws is passed on; an older model stays as it was in both cases
     */
    public static void write(
            Path folder, Map<String, Object> config, Collection<TensorData> tensors, Map<String, String> metadata) {
        Path configFile = folder.resolve(CONFIG);
        Path weightsFile = folder.resolve(WEIGHTS);
        ModelConfig.of(configFile, config);
        byte[] configBytes = Json.pretty(config);
        AtomicFiles.requireWritableFolder(folder);
        // All that can take long or fail comes first and touches neither name; what is left is renaming. A run that
        // saves its
        // model again and again writes the same configuration, and then one rename, that of the weights, decides
        // between the
        // old and the new model. Under another configuration the old one would lie next to foreign weights for a
        // moment, and a
        // crash there could make a model that loads and computes nonsense: so the old one goes first, and a crash
        // leaves a
        // folder that says it is incomplete. Weights before configuration, because a folder without one is not a model.
        try (AtomicFiles.Staged newWeights =
                        AtomicFiles.stage(weightsFile, SafetensorsWriter.body(weightsFile, tensors, metadata));
                AtomicFiles.Staged newConfig = AtomicFiles.stage(configFile, configBytes)) {
            AtomicFiles.removeUnlessSame(configFile, configBytes);
            newWeights.commit();
            newConfig.commit();
        }
    }

    /** The folder this was opened from. */
    public Path path() {
        return path;
    }

    /** The model family's name, such as {@code UNet2DModel}. */
    public String className() {
        return config.className();
    }

    /** The configuration. */
    public ModelConfig config() {
        return config;
    }

    /** The weights, readable until this is closed. */
    public Tensors weights() {
        return weights;
    }

    /** Closes the weights. Closing twice is harmless. */
    @Override
    public void close() {
        weights.close();
    }

    /** A folder in which a file is missing. */
    static HourglassException incomplete(Path folder, String missing, String mend) {
        return HourglassException.what("not a complete model folder")
                .where(folder)
                .expected(KIND)
                .found("no " + missing)
                .mend(mend)
                .build();
    }
}
