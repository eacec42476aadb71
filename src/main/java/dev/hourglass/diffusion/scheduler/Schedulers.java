package dev.hourglass.diffusion.scheduler;

import dev.hourglass.error.HourglassException;
import dev.hourglass.io.Json;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.io.PipelineFolder;
import dev.hourglass.kernel.Kernels;
import dev.hourglass.memory.Shape;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Opens the scheduler that a configuration asks for. */
public final class Schedulers {

    private static final int MOST_STEPS = 1_000_000;

    /** The classes, each with the arguments of its {@code step} that are numbers or switches. */
    private static final Map<String, List<String>> CLASSES = classes();

    private Schedulers() {}

    private static Map<String, List<String>> classes() {
        Map<String, List<String>> classes = new LinkedHashMap<>();
        classes.put(DdpmScheduler.CLASS_NAME, List.of());
        classes.put(DdimScheduler.CLASS_NAME, List.of("eta", "use_clipped_model_output"));
        classes.put(PndmScheduler.CLASS_NAME, List.of());
        classes.put(EulerScheduler.CLASS_NAME, List.of("s_churn", "s_tmin", "s_tmax", "s_noise"));
        classes.put(EulerAncestralScheduler.CLASS_NAME, List.of());
        classes.put(HeunScheduler.CLASS_NAME, List.of());
        classes.put(LmsScheduler.CLASS_NAME, List.of("order"));
        classes.put(DpmSolverScheduler.CLASS_NAME, List.of());
        classes.put(UniPcScheduler.CLASS_NAME, List.of());
        classes.put(LcmScheduler.CLASS_NAME, List.of());
        return classes;
    }

    /**
     * Reads a {@code scheduler_config.json}, in which Python may have written infinities.
     *
     * @throws HourglassException when it is missing, not JSON, or names a class that is not supported
     */
    public static ModelConfig read(Path file) {
        ModelConfig config = ModelConfig.of(file, Json.readPython(file));
        requireKnown(config);
        return config;
    }

    /**
     * The configuration of a pipeline's own scheduler, or DDPM's defaults for the folder of a model alone.
     *
     * @throws HourglassException as {@link #read}, and when the pipeline has no scheduler
     */
    public static ModelConfig of(Path folder) {
        return PipelineFolder.isPipeline(folder)
                ? read(PipelineFolder.partOrSelf(folder, PipelineFolder.SCHEDULER)
                        .resolve(PipelineFolder.SCHEDULER_CONFIG))
                : ModelConfig.of("DDPM's defaults", Map.of(ModelConfig.CLASS_NAME, DdpmScheduler.CLASS_NAME));
    }

    /**
     * Opens a scheduler for a number of steps; see {@link #open(ModelConfig, int, Shape, Kernels, Map)}.
     *
     * @throws HourglassException when the class, a value or the number of steps is not supported
     */
    public static Scheduler open(ModelConfig config, int steps, Shape shape, Kernels kernels) {
        return open(config, steps, shape, kernels, Map.of());
    }

    /**
     * Opens a scheduler for a number of steps. Keys that are missing from the configuration have diffusers' defaults, keys that the
     * class does not know are left alone.
     *
     * @param steps diffusers' {@code num_inference_steps}
     * @param shape the images {@code [N, H, W, C]}
     * @param arguments what diffusers takes as arguments of {@code step}: {@code eta} and {@code use_clipped_model_output} (DDIM),
     *     {@code s_churn}, {@code s_tmin}, {@code s_tmax} and {@code s_noise} (Euler), {@code order} (LMS)
     * @throws HourglassException when the class, a value, an argument or the number of steps is not supported
     */
    public static Scheduler open(
            ModelConfig config, int steps, Shape shape, Kernels kernels, Map<String, ?> arguments) {
        requireKnown(config);
        if (steps < 1 || steps > MOST_STEPS) {
            throw wrongSteps(config.className(), "1 to " + MOST_STEPS, steps);
        }
        Setup setup = new Setup(config, argumentsOf(config, arguments), steps, shape, kernels);
        return switch (config.className()) {
            case DdpmScheduler.CLASS_NAME -> new DdpmScheduler(setup);
            case DdimScheduler.CLASS_NAME -> new DdimScheduler(setup);
            case PndmScheduler.CLASS_NAME -> new PndmScheduler(setup);
            case EulerScheduler.CLASS_NAME -> new EulerScheduler(setup);
            case EulerAncestralScheduler.CLASS_NAME -> new EulerAncestralScheduler(setup);
            case HeunScheduler.CLASS_NAME -> new HeunScheduler(setup);
            case LmsScheduler.CLASS_NAME -> new LmsScheduler(setup);
            case DpmSolverScheduler.CLASS_NAME -> new DpmSolverScheduler(setup);
            case UniPcScheduler.CLASS_NAME -> new UniPcScheduler(setup);
            default -> new LcmScheduler(setup);
        };
    }

    /**
     * The same settings for a model with twice as many channels out as in. Its second half are variances: where DDPM's settings do not
     * say which, they are taken for diffusers' {@code learned_range} (arXiv 2102.09672), which improved and guided diffusion train.
     * Other schedulers have no use for variances, nor has DDPM where its {@code variance_type} is fixed.
     */
    public static ModelConfig withVariances(ModelConfig config) {
        if (!config.className().equals(DdpmScheduler.CLASS_NAME) || config.has(DdpmScheduler.VARIANCE_TYPE)) {
            return config;
        }
        Map<String, Object> all = new LinkedHashMap<>(config.asMap());
        all.put(DdpmScheduler.VARIANCE_TYPE, "learned_range");
        return ModelConfig.of("settings for a model with variances", all);
    }

    private static void requireKnown(ModelConfig config) {
        if (!CLASSES.containsKey(config.className())) {
            throw config.invalid(ModelConfig.CLASS_NAME, "one of " + String.join(", ", CLASSES.keySet()));
        }
    }

    private static ModelConfig argumentsOf(ModelConfig config, Map<String, ?> arguments) {
        Map<String, Object> named = new LinkedHashMap<>(arguments);
        named.put(ModelConfig.CLASS_NAME, config.className());
        ModelConfig wrapped = ModelConfig.of("arguments of " + config.className() + ".step", named);
        List<String> known = CLASSES.get(config.className());
        for (String name : arguments.keySet()) {
            if (!known.contains(name)) {
                throw wrapped.invalid(name, known.isEmpty() ? "no arguments" : "only " + String.join(", ", known));
            }
        }
        return wrapped;
    }

    /** A number that Python may have written as an infinity. */
    static double numberOrInfinite(ModelConfig config, String key, double fallback) {
        return config.asMap().get(key) instanceof Double value && value.isInfinite()
                ? value
                : config.number(key, fallback);
    }

    /** Whether {@code final_sigmas_type} is {@code sigma_min}, and not zero. */
    static boolean endsAtLeastSigma(ModelConfig config) {
        return config.choice("final_sigmas_type", "zero", "zero", "sigma_min").equals("sigma_min");
    }

    static HourglassException wrongSteps(String what, String expected, int found) {
        return HourglassException.what("the number of steps does not suit the scheduler")
                .where(what)
                .expected(expected)
                .found(found)
                .build();
    }
}
