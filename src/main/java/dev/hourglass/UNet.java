package dev.hourglass;

import dev.hourglass.diffusion.NoiseSchedule;
import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.Graph;
import dev.hourglass.graph.MemoryPlan;
import dev.hourglass.graph.MicroBatches;
import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.Weights;
import dev.hourglass.io.ImageBytes;
import dev.hourglass.io.LegacyAttention;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.io.ModelFolder;
import dev.hourglass.io.PipelineFolder;
import dev.hourglass.io.TensorData;
import dev.hourglass.kernel.Backend;
import dev.hourglass.parallel.Workers;
import dev.hourglass.train.Conditions;
import dev.hourglass.train.Trainer;
import dev.hourglass.train.TrainingOptions;
import dev.hourglass.train.TrainingStep;
import dev.hourglass.unet.Architecture;
import dev.hourglass.unet.Architectures;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A U-Net with its weights: opened from a folder or made anew, run through sessions, trained, saved.
 *
 * <p>Sessions and trainers share the model's weights; close them before the model.
 */
public final class UNet implements AutoCloseable {

    private static final String CLASS_NAME = "_class_name";
    private static final String SAMPLE_SIZE = "sample_size";

    private final Architecture architecture;
    private final ImageSize sampleSize;
    private final Weights weights;

    private UNet(Architecture architecture, ImageSize sampleSize, Weights weights) {
        this.architecture = architecture;
        this.sampleSize = sampleSize;
        this.weights = weights;
    }

    /**
     * Makes a model with random weights.
     *
     * @param sampleSize the size of images it will be trained on, remembered in the folder
     * @param seed of the weights
     */
    public static UNet create(Architecture architecture, ImageSize sampleSize, long seed) {
        Weights weights = Weights.open("weights", Models.parameters(architecture));
        weights.initialize(seed);
        return new UNet(architecture, sampleSize, weights);
    }

    /**
     * Opens a model folder, {@code config.json} and the weights in one file or several (see {@link ModelFolder}), or the
     * U-Net of a pipeline's folder. Attention blocks may have their old names (see {@link LegacyAttention}).
     *
     * <p>Sessions read the weights from the files when they first run, so these must not be written into until then; other files
     * may take their names. Training, saving and the slab of {@link #weights} load them for good.
     *
     * @throws HourglassException when a file is missing or damaged, the class is unknown, or the tensors are not the model's
     */
    public static UNet open(Path folder) {
        ModelFolder files = ModelFolder.open(PipelineFolder.partOrSelf(folder, PipelineFolder.UNET));
        try {
            Architecture architecture = Architectures.fromConfig(files.config());
            ImageSize size = sampleSize(files.config(), architecture);
            List<Parameter> parameters = Models.parameters(architecture);
            return new UNet(architecture, size, StoredWeights.open(parameters, files.weights()));
        } catch (RuntimeException e) {
            files.close();
            throw e;
        }
    }

    /** One number or two; the architecture's usual size where there is none. */
    private static ImageSize sampleSize(ModelConfig config, Architecture architecture) {
        if (!config.has(SAMPLE_SIZE)) {
            return new ImageSize(architecture.usualSize(), architecture.usualSize());
        }
        List<Integer> size = config.isList(SAMPLE_SIZE)
                ? config.integers(SAMPLE_SIZE)
                : List.of(config.integer(SAMPLE_SIZE), config.integer(SAMPLE_SIZE));
        if (size.size() != 2 || size.stream().anyMatch(side -> side < 1)) {
            throw config.invalid(SAMPLE_SIZE, "a side, or [height, width], at least 1");
        }
        return new ImageSize(size.get(0), size.get(1));
    }

    /** Saves the model's weights and settings; see {@link ModelFolder} for what a crash leaves. */
    public void save(Path folder) {
        save(folder, weights);
    }

    /** Saves the model with other weights of its own layout: averaged ones. */
    public void save(Path folder, Weights values) {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put(CLASS_NAME, architecture.className());
        config.putAll(architecture.config());
        config.put(SAMPLE_SIZE, List.of(sampleSize.height(), sampleSize.width()));
        List<TensorData> tensors = values.parameters().stream()
                .map(parameter -> new TensorData(
                        parameter.name(),
                        parameter.fileShape(),
                        () -> MemorySegment.ofArray(values.fileOrder(parameter))))
                .toList();
        ModelFolder.write(folder, config, tensors, Map.of("format", "pt"));
    }

    /** Compiles the model for a batch and image size. */
    public Session session(SessionOptions options) {
        return new Session(architecture, weights, options);
    }

    /** Compiles a run that trains this model's weights with the DDPM objective; see {@link Trainer}. */
    public Trainer trainer(ImageBytes images, TrainingOptions options, Workers workers) {
        return trainer(images, Conditions.none(), options, workers);
    }

    /** The same for a model that is told more than images, such as classes or texts. */
    public Trainer trainer(ImageBytes images, Conditions conditions, TrainingOptions options, Workers workers) {
        return new Trainer(
                architecture,
                weights,
                images,
                conditions,
                NoiseSchedule.ddpm(),
                options,
                Backend.kernels(options.exact()),
                workers);
    }

    /** The graph of a forward pass, for inspection. */
    public static Graph graph(Architecture architecture, SessionOptions options) {
        return Models.inferenceGraph(architecture, options);
    }

    /** The memory that inference would need, without allocating it. */
    public static MemoryPlan inferencePlan(Architecture architecture, SessionOptions options) {
        return MicroBatches.inferencePlan(
                part -> Models.inferenceGraph(architecture, options.withBatch(part)),
                options.batch(),
                options.arithmetic().kernels(),
                options.threads());
    }

    /**
     * The memory that forward and backward of training would need, without allocating it; weights are float32 there.
     *
     * @param recompute as in {@link TrainingOptions}
     */
    public static MemoryPlan trainingPlan(Architecture architecture, SessionOptions options, boolean recompute) {
        return MicroBatches.trainingPlan(
                part -> TrainingStep.graph(architecture, part, options.height(), options.width(), options.tokens()),
                options.batch(),
                recompute,
                Backend.kernels(options.arithmetic().exact()),
                options.threads());
    }

    /** The family and its settings. */
    public Architecture architecture() {
        return architecture;
    }

    /** The size of the images the model was made for. */
    public ImageSize sampleSize() {
        return sampleSize;
    }

    /** The weights. */
    public Weights weights() {
        return weights;
    }

    /** How many numbers the model has learned. */
    public long parameterCount() {
        return weights.parameters().stream().mapToLong(Parameter::elements).sum();
    }

    /** Gives the weights' memory back. Closing twice is harmless. */
    @Override
    public void close() {
        weights.close();
    }
}
