package dev.hourglass;

import dev.hourglass.diffusion.scheduler.Scheduler;
import dev.hourglass.diffusion.scheduler.Schedulers;
import dev.hourglass.error.HourglassException;
import dev.hourglass.io.Json;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.io.Safetensors;
import dev.hourglass.io.SafetensorsWriter;
import dev.hourglass.io.TensorData;
import dev.hourglass.io.TensorEntry;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Leads recorded outputs of a model through a scheduler, for comparing with diffusers. */
public final class ScheduleTrace {

    private static final String STEPS = "steps";
    private static final String ARGUMENTS = "step_args";

    private final Safetensors trace;
    private final Shape stored;
    private final List<TensorData> results = new ArrayList<>();

    private ScheduleTrace(Safetensors trace) {
        this.trace = trace;
        stored = trace.entry("initial").shape();
    }

    /**
     * Reads {@code initial} (the first sample), {@code sNNN.model_output} and, where a step wants noise, {@code sNNN.noise0}; writes
     * {@code sNNN.model_input} (the scaled sample) and {@code sNNN.prev_sample} for every step, {@code timesteps}, and {@code sigmas}
     * where there are any. Steps are numbered from 000; tensors are {@code [N, C, H, W]}, or have other axes after the first.
     *
     * @param config a {@code scheduler_config.json}
     * @param input the file to read; its metadata says {@code steps} and may say {@code step_args}, a JSON object
     * @param output the file to write
     * @return how often the model was asked
     * @throws HourglassException when a file, a name, a shape or a value is wrong
     */
    public static int run(Path config, Path input, Path output) {
        ModelConfig settings = Schedulers.read(config);
        try (Safetensors trace = Safetensors.open(input)) {
            ScheduleTrace run = new ScheduleTrace(trace);
            int steps = run.through(settings);
            SafetensorsWriter.write(output, run.results, Map.of());
            return steps;
        }
    }

    private int through(ModelConfig settings) {
        int images = stored.rank() == 0 ? 1 : stored.dim(0);
        // Schedulers see single pixels with all the numbers of an image as channels: channels come first in the file,
        // so that an output's two halves are halves of these.
        Shape shape = Shape.of(images, 1, 1, Math.toIntExact(stored.elements() / images));
        try (Scheduler scheduler = Schedulers.open(settings, inferenceSteps(), shape, Backend.kernels(), arguments());
                Slab slab = Slab.open("trace", 5 * Slab.aligned(shape.floatBytes()))) {
            long bytes = Slab.aligned(shape.floatBytes());
            Tensor sample = slab.tensor(0, shape);
            Tensor scaled = slab.tensor(bytes, shape);
            Tensor noise = slab.tensor(2 * bytes, shape);
            Tensor output = slab.tensor(3 * bytes, scheduler.outputShape());
            load("initial", sample);
            for (int step = 0; step < scheduler.steps(); step++) {
                String prefix = "s%03d.".formatted(step);
                scheduler.scaleModelInput(sample, step, scaled);
                keep(prefix + "model_input", scaled);
                load(prefix + "model_output", output);
                if (scheduler.needsNoise(step)) {
                    load(prefix + "noise0", noise);
                }
                scheduler.step(output, sample, noise, step);
                keep(prefix + "prev_sample", sample);
            }
            keep("timesteps", scheduler.timesteps());
            if (scheduler.sigmas().length > 0) {
                keep("sigmas", scheduler.sigmas());
            }
            return scheduler.steps();
        }
    }

    private int inferenceSteps() {
        String text = trace.metadata().get(STEPS);
        if (text == null || !text.matches("[1-9]\\d{0,8}")) {
            throw HourglassException.what("the trace does not say for how many steps it is")
                    .where(trace.file() + ": metadata " + STEPS)
                    .expected("a whole number")
                    .found(text == null ? "nothing" : text)
                    .build();
        }
        return Integer.parseInt(text);
    }

    private Map<String, Object> arguments() {
        String text = trace.metadata().getOrDefault(ARGUMENTS, "{}");
        return Json.parsePython(trace.file() + ": metadata " + ARGUMENTS, text);
    }

    private void load(String name, Tensor target) {
        TensorEntry entry = trace.entry(name);
        if (entry.elements() != target.shape().elements()) {
            throw HourglassException.what("the tensor does not fit the samples")
                    .where(trace.file() + ": " + name)
                    .expected(target.shape().elements() + " numbers, as " + stored + " has it")
                    .found(Arrays.toString(entry.dims()))
                    .build();
        }
        trace.copyFloats(name, target.segment());
    }

    private void keep(String name, Tensor tensor) {
        results.add(TensorData.of(name, stored, tensor.toArray()));
    }

    private void keep(String name, double[] numbers) {
        float[] floats = new float[numbers.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) numbers[i];
        }
        results.add(TensorData.of(name, Shape.of(floats.length), floats));
    }
}
