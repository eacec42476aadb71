package dev.hourglass.diffusion.scheduler;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.error.HourglassException;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.Shape;
import dev.hourglass.memory.Slab;
import dev.hourglass.memory.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What configurations may say, and what is refused, by file and key. */
class SchedulerConfigTest {

    private static final Shape SHAPE = Shape.of(1, 2, 2, 3);
    private static final String FILE = "scheduler_config.json";

    private static Scheduler open(String name, Map<String, ?> settings, int steps, Map<String, ?> arguments) {
        Map<String, Object> all = new LinkedHashMap<>(settings);
        all.put(ModelConfig.CLASS_NAME, name);
        return Schedulers.open(ModelConfig.of(FILE, all), steps, SHAPE, Backend.kernels(), arguments);
    }

    private static Scheduler open(String name, Map<String, ?> settings) {
        return open(name, settings, 10, Map.of());
    }

    private static void assertRefused(Runnable opening, String... parts) {
        String message = assertThrows(HourglassException.class, opening::run).getMessage();
        for (String part : parts) {
            assertTrue(message.contains(part), () -> part + " should be in: " + message);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ' ',
            value = {
                "DDPMScheduler prediction_type flow_prediction epsilon",
                "DDPMScheduler beta_schedule exp sigmoid",
                "DDPMScheduler variance_type learned_log learned_range",
                "DDPMScheduler timestep_spacing even trailing",
                "DDIMScheduler beta_schedule sigmoid squaredcos_cap_v2",
                "DDIMScheduler prediction_type v v_prediction",
                "PNDMScheduler prediction_type sample v_prediction",
                "EulerDiscreteScheduler interpolation_type cubic log_linear",
                "EulerDiscreteScheduler timestep_type other continuous",
                "EulerDiscreteScheduler final_sigmas_type one sigma_min",
                "EulerAncestralDiscreteScheduler prediction_type sample epsilon",
                "HeunDiscreteScheduler beta_schedule laplace exp",
                "LMSDiscreteScheduler prediction_type flow_prediction sample",
                "DPMSolverMultistepScheduler algorithm_type unipc sde-dpmsolver++",
                "DPMSolverMultistepScheduler solver_type euler midpoint",
                "DPMSolverMultistepScheduler algorithm_type dpmsolver sigma_min",
                "UniPCMultistepScheduler solver_type bh3 bh2",
                "UniPCMultistepScheduler final_sigmas_type one zero",
                "LCMScheduler prediction_type flow_prediction epsilon"
            })
    void unknownValuesAreNamed(String name, String key, String value, String supported) {
        assertRefused(() -> open(name, Map.of(key, value)), FILE, supported);
    }

    @Test
    void numbersOutOfRangeAreNamed() {
        assertRefused(() -> open("DDPMScheduler", Map.of("num_train_timesteps", 0)), "num_train_timesteps");
        assertRefused(() -> open("DDPMScheduler", Map.of("num_train_timesteps", Integer.MAX_VALUE)), "num_train");
        assertRefused(() -> open("DDPMScheduler", Map.of("beta_end", 1.5)), "beta_end", "0 to 1");
        assertRefused(() -> open("DDPMScheduler", Map.of("beta_start", "0.1")), "beta_start", "a number");
        assertRefused(() -> open("DDPMScheduler", Map.of("trained_betas", List.of(0.1, 2.0))), "trained_betas");
        assertRefused(() -> open("DDPMScheduler", Map.of("trained_betas", List.of(0.1, 0.2))), "trained_betas");
        assertRefused(() -> open("DDPMScheduler", Map.of("steps_offset", 200)), "steps_offset", "1100");
        assertRefused(() -> open("DDPMScheduler", Map.of("clip_sample_range", -1)), "clip_sample_range");
        assertRefused(
                () -> open("DDPMScheduler", Map.of("thresholding", true, "dynamic_thresholding_ratio", 1.5)),
                "dynamic_thresholding_ratio");
        assertRefused(() -> open("DPMSolverMultistepScheduler", Map.of("solver_order", 4)), "solver_order", "1 to 3");
        assertRefused(() -> open("LCMScheduler", Map.of("original_inference_steps", 2000)), "original_inference_steps");
    }

    @Test
    void settingsThatExcludeEachOtherAreNamed() {
        assertRefused(
                () -> open("HeunDiscreteScheduler", Map.of("use_karras_sigmas", true, "use_beta_sigmas", true)),
                "use_beta_sigmas",
                "use_karras_sigmas");
        assertRefused(() -> open("UniPCMultistepScheduler", Map.of("use_dynamic_shifting", true)), "flow_shift");
        assertRefused(() -> open("UniPCMultistepScheduler", Map.of("shift_terminal", 0.1)), "use_flow_sigmas");
        assertRefused(() -> open("UniPCMultistepScheduler", Map.of("solver_p", Map.of())), "solver_p");
        assertRefused(
                () -> open(
                        "DPMSolverMultistepScheduler",
                        Map.of(
                                "algorithm_type", "sde-dpmsolver",
                                "final_sigmas_type", "sigma_min",
                                "solver_order", 3)),
                "solver_order",
                "1 to 2");
    }

    @Test
    void stepsAndArgumentsAreChecked() {
        assertRefused(() -> open("DDPMScheduler", Map.of(), 1001, Map.of()), "1 to 1000", "1001");
        assertRefused(() -> open("LCMScheduler", Map.of(), 51, Map.of()), "1 to 50");
        assertRefused(() -> open("PNDMScheduler", Map.of(), 3, Map.of()), "skip_prk_steps", "at least 4");
        assertRefused(() -> open("EulerDiscreteScheduler", Map.of(), 0, Map.of()), "found: 0");
        assertRefused(() -> open("DDPMScheduler", Map.of(), 10, Map.of("eta", 1)), "eta", "no arguments");
        assertRefused(() -> open("DDIMScheduler", Map.of(), 10, Map.of("etha", 1)), "etha", "eta");
        assertRefused(() -> open("DDIMScheduler", Map.of(), 10, Map.of("eta", "much")), "DDIMScheduler", "a number");
        assertRefused(() -> open("LMSDiscreteScheduler", Map.of(), 10, Map.of("order", 0)), "order");
    }

    @Test
    void filesAreNamedAndMayHoldInfinities(@TempDir Path folder) throws IOException {
        Path file = folder.resolve(FILE);
        assertRefused(() -> Schedulers.read(file), file.toString());
        Files.writeString(file, "{\"beta_start\": 0.1}");
        assertRefused(() -> Schedulers.read(file), file.toString(), "_class_name");
        Files.writeString(file, "{\"_class_name\": \"FlowMatchEulerDiscreteScheduler\"}");
        assertRefused(() -> Schedulers.read(file), file.toString(), "_class_name", "DDPMScheduler", "LCMScheduler");
        Files.writeString(
                file,
                "{\"_class_name\": \"DPMSolverMultistepScheduler\", \"lambda_min_clipped\": -Infinity, \"other\": NaN}");
        try (Scheduler scheduler = Schedulers.open(Schedulers.read(file), 4, SHAPE, Backend.kernels())) {
            assertArrayEquals(new double[] {999, 749, 500, 250}, scheduler.timesteps());
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {-5.1, -1, 2})
    void lambdasMayBeClipped(double lambda) {
        try (Scheduler whole = open("DPMSolverMultistepScheduler", Map.of());
                Scheduler cut = open("DPMSolverMultistepScheduler", Map.of("lambda_min_clipped", lambda))) {
            assertEquals(lambda < -5, cut.timestep(0) == whole.timestep(0));
            assertTrue(-Math.log(cut.sigmas()[0]) >= lambda - 1e-6);
        }
    }

    @Test
    void stepsComeInOrderAndInShape() {
        try (Scheduler scheduler = open("EulerAncestralDiscreteScheduler", Map.of());
                Slab slab = Slab.open("test", 1024)) {
            Tensor images = slab.tensor(0, SHAPE);
            Tensor noise = slab.tensor(256, SHAPE);
            Tensor small = slab.tensor(512, Shape.of(1, 2, 2, 1));
            assertThrows(IllegalArgumentException.class, () -> scheduler.step(noise, images, noise, 1));
            assertThrows(IllegalArgumentException.class, () -> scheduler.step(noise, images, null, 0));
            assertThrows(IllegalArgumentException.class, () -> scheduler.step(small, images, noise, 0));
            scheduler.step(noise, images, noise, 0);
            scheduler.step(noise, images, noise, 1);
            scheduler.step(noise, images, noise, 0);
            assertThrows(IllegalArgumentException.class, () -> scheduler.step(noise, images, noise, 2));
        }
    }

    @Test
    void learnedVariancesTakeTwiceTheChannels() {
        try (Scheduler scheduler = open("DDPMScheduler", Map.of("variance_type", "learned"))) {
            assertEquals(Shape.of(1, 2, 2, 6), scheduler.outputShape());
        }
    }

    /** NumPy's arange runs one too far for some numbers of steps, and diffusers with it. */
    @Test
    void trailingStepsAreNumPys() {
        try (Scheduler scheduler = open("DDIMScheduler", Map.of("timestep_spacing", "trailing"), 61, Map.of())) {
            assertEquals(62, scheduler.steps());
            assertEquals(999, scheduler.timestep(0));
            assertEquals(-1, scheduler.timestep(61));
        }
    }
}
