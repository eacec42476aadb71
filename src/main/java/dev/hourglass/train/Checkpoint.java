package dev.hourglass.train;

import dev.hourglass.error.HourglassException;
import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.Weights;
import dev.hourglass.io.Safetensors;
import dev.hourglass.io.SafetensorsWriter;
import dev.hourglass.io.TensorData;
import dev.hourglass.io.TensorDiff;
import dev.hourglass.memory.Shape;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Everything a training run needs to go on as if it had never stopped: weights, moments, average and the step, in one file that is
 * replaced as a whole. Order of images, timesteps and noise follow from the seed and the step.
 */
public final class Checkpoint {

    /** The file's name in a model folder. */
    public static final String FILE = "training_state.safetensors";

    private static final String STEP = "step";
    private static final String SEED = "seed";
    private static final String BATCH = "batch";
    private static final String EMA = "ema_decay";
    private static final String DROP = "drop_class";

    private static final String NOTHING = "none";

    private Checkpoint() {}

    /** Writes the state of a run into a folder. */
    public static void write(Path folder, Trainer trainer) {
        List<TensorData> tensors = new ArrayList<>();
        parts(trainer).forEach((part, weights) -> {
            for (Parameter parameter : weights.parameters()) {
                tensors.add(new TensorData(
                        part + parameter.name(),
                        parameter.fileShape(),
                        () -> MemorySegment.ofArray(weights.fileOrder(parameter))));
            }
        });
        SafetensorsWriter.write(folder.resolve(FILE), tensors, settings(trainer));
    }

    /** Whether a folder holds the state of a run. */
    public static boolean exists(Path folder) {
        return Files.exists(folder.resolve(FILE));
    }

    /**
     * Brings a fresh trainer to the state in a folder.
     *
     * @throws HourglassException when there is none, it is damaged, or it is of a run with other settings
     */
    public static void resume(Path folder, Trainer trainer) {
        Path file = folder.resolve(FILE);
        if (!Files.exists(file)) {
            throw HourglassException.what("there is no training run to go on with")
                    .where(folder)
                    .expected(FILE)
                    .found("no such file")
                    .mend("train without --resume, or name the folder of an earlier run")
                    .build();
        }
        try (Safetensors state = Safetensors.open(file)) {
            long steps = requireSameRun(file, state.metadata(), trainer);
            Map<String, Weights> parts = parts(trainer);
            TensorDiff.require(expected(parts), state);
            parts.forEach((part, weights) -> weights.parameters()
                    .forEach(parameter -> weights.setFileOrder(parameter, state.floats(part + parameter.name()))));
            trainer.resumeAt(steps);
        }
    }

    private static Map<String, Weights> parts(Trainer trainer) {
        Map<String, Weights> parts = new LinkedHashMap<>();
        parts.put("weights.", trainer.rawWeights());
        parts.put("first_moment.", trainer.optimizer().firstMoment());
        parts.put("second_moment.", trainer.optimizer().secondMoment());
        if (trainer.ema() != null) {
            parts.put("average.", trainer.ema().average());
        }
        return parts;
    }

    private static Map<String, Shape> expected(Map<String, Weights> parts) {
        Map<String, Shape> expected = new LinkedHashMap<>();
        parts.forEach((part, weights) -> weights.parameters()
                .forEach(parameter -> expected.put(part + parameter.name(), parameter.fileShape())));
        return expected;
    }

    private static Map<String, String> settings(Trainer trainer) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put(STEP, Long.toString(trainer.steps()));
        settings.put(SEED, Long.toString(trainer.options().seed()));
        settings.put(BATCH, Integer.toString(trainer.options().batch()));
        settings.put(EMA, Double.toString(trainer.options().emaDecay()));
        if (trainer.options().dropClass() > 0) {
            settings.put(DROP, Double.toString(trainer.options().dropClass()));
        }
        return settings;
    }

    /** Checks what decides which images and noise come next; learning rate and total may change. */
    private static long requireSameRun(Path file, Map<String, String> found, Trainer trainer) {
        Map<String, String> expected = settings(trainer);
        for (String key : List.of(SEED, BATCH, EMA, DROP)) {
            if (!Objects.equals(expected.get(key), found.get(key))) {
                throw HourglassException.what("the training run had another " + key)
                        .where(file)
                        .expected(found.getOrDefault(key, NOTHING))
                        .found(expected.getOrDefault(key, NOTHING))
                        .mend("resume with the settings the run was started with")
                        .build();
            }
        }
        try {
            long steps = Long.parseLong(found.getOrDefault(STEP, ""));
            if (steps >= 0) {
                return steps;
            }
        } catch (NumberFormatException e) {
            // falls through to the error that names what was found
        }
        throw HourglassException.what("the training state does not say how many steps were taken")
                .where(file)
                .expected("metadata \"" + STEP + "\" with a count")
                .found(found.get(STEP))
                .mend("train anew; the file is not one that Hourglass wrote")
                .build();
    }
}
