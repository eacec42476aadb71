package dev.hourglass.unet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.Session;
import dev.hourglass.SessionOptions;
import dev.hourglass.UNet;
import dev.hourglass.graph.Graph;
import dev.hourglass.graph.Parameter;
import dev.hourglass.graph.Program;
import dev.hourglass.graph.Weights;
import dev.hourglass.io.Safetensors;
import dev.hourglass.kernel.Backend;
import dev.hourglass.memory.ChannelOrder;
import dev.hourglass.memory.Tensor;
import dev.hourglass.parallel.Workers;
import dev.hourglass.testing.DiffusersReference;
import dev.hourglass.testing.Floats;
import dev.hourglass.train.TrainingStep;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Folders that diffusers wrote: the same outputs and the same gradients. */
class DiffusersParityTest {

    /** PyTorch's own float32 is at 2e-6. */
    private static final double EXACT = 2e-5;

    private static final double WINOGRAD = 2e-4;
    private static final double GRADIENT = 5e-5;

    /** A gradient this much smaller than the largest is zero in theory: rounding noise on both sides. */
    private static final double ZERO = 1e-9;

    @AfterEach
    void release() {
        Floats.release();
    }

    @ParameterizedTest
    @CsvSource({
        "unet2d-ddpm-cifar-style, c0",
        "unet2d-adm-style, c0",
        "unet2d-lesson-mini, c0",
        "unet2d-lesson-mini, c1",
        "unet2d-mnist-export, c0",
        "unet2d-ncsnpp-style, c0",
        "unet2d-learned-time, c0",
        "unet2d-sharded, c0",
        "unet2d-half, c0",
        "unet2d-bfloat16, c0",
        "unet2dcond-inpaint-style, c0",
        "unet2dcond-ldm-class, c0",
        "unet2dcond-masked-text, c0",
        "unet2dcond-sd15-mini, c0",
        "unet2dcond-sd15-mini, c1",
        "unet2dcond-sd15-mini, c2",
        "unet2dcond-sd21-style, c0",
        "unet2dcond-sdxl-style, c0"
    })
    void outputsAreThoseOfDiffusers(String name, String prefix) {
        Path folder = DiffusersReference.folder(name);
        try (UNet model = UNet.open(folder);
                Safetensors io = Safetensors.open(folder.resolve("io.safetensors"))) {
            requireOutput(model, io, prefix, true, EXACT);
            requireOutput(model, io, prefix, false, WINOGRAD);
        }
    }

    private static void requireOutput(UNet model, Safetensors io, String prefix, boolean exact, double tolerance) {
        long[] dims = io.entry(prefix + ".sample").dims();
        int images = (int) dims[0];
        int tokens = tokens(io, prefix);
        SessionOptions options = SessionOptions.of(images, (int) dims[2], (int) dims[3])
                .withThreads(2)
                .withTokens(tokens)
                .withExact(exact);
        try (Session session = model.session(options)) {
            for (String condition : model.architecture().conditions(tokens).keySet()) {
                if (io.contains(prefix + "." + condition)) {
                    session.condition(condition, io.floats(prefix + "." + condition));
                }
            }
            float[] expected = io.floats(prefix + ".output");
            float[] output = new float[expected.length];
            session.run(io.floats(prefix + ".sample"), timesteps(io, prefix, images), output);
            double error = Floats.maxError(output, expected);
            assertTrue(error <= tolerance, "exact " + exact + ": max error " + error);
        }
    }

    private static int tokens(Safetensors io, String prefix) {
        String text = prefix + ".encoder_hidden_states";
        return io.contains(text) ? (int) io.entry(text).dims()[1] : 1;
    }

    private static float[] timesteps(Safetensors io, String prefix, int images) {
        float[] found = io.floats(prefix + ".timestep");
        float[] all = new float[images];
        for (int n = 0; n < images; n++) {
            all[n] = found[found.length == 1 ? 0 : n];
        }
        return all;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"unet2d-ddpm-cifar-style", "unet2d-adm-style", "unet2d-lesson-mini", "unet2dcond-sd15-mini"})
    void gradientsAreThoseOfPyTorch(String name) {
        Path folder = DiffusersReference.folder(name);
        try (UNet model = UNet.open(folder);
                Safetensors io = Safetensors.open(folder.resolve("io.safetensors"));
                Safetensors reference = Safetensors.open(folder.resolve("gradients.safetensors"));
                Workers workers = new Workers(2);
                Weights gradients = Weights.open("gradients", model.weights().parameters())) {
            long[] dims = io.entry("c0.sample").dims();
            int tokens = tokens(io, "c0");
            Graph graph = TrainingStep.graph(model.architecture(), (int) dims[0], (int) dims[2], (int) dims[3], tokens);
            try (Program program =
                    Program.forTraining(graph, model.weights(), gradients, Backend.kernels(true), workers)) {
                for (String condition : model.architecture().conditions(tokens).keySet()) {
                    Tensor input = program.input(condition);
                    float[] ones = new float[(int) input.shape().elements()];
                    Arrays.fill(ones, 1);
                    input.copyFrom(io.contains("c0." + condition) ? io.floats("c0." + condition) : ones);
                }
                fillImages(program.input("sample"), io.floats("c0.sample"));
                fillImages(program.input("target"), reference.floats("target"));
                program.input("timestep").copyFrom(timesteps(io, "c0", (int) dims[0]));
                program.outputGradient("loss").set(0, 1);
                program.forward();
                program.backward();
                float loss = reference.floats("loss")[0];
                assertEquals(loss, program.output("loss").get(0), 1e-5 * loss);
                requireGradients(model.weights(), gradients, reference);
            }
        }
    }

    private static void requireGradients(Weights weights, Weights gradients, Safetensors reference) {
        double largest = weights.parameters().stream()
                .mapToDouble(p -> Floats.norm(reference.floats("grad." + p.name())))
                .max()
                .orElseThrow();
        for (Parameter parameter : weights.parameters()) {
            float[] expected = reference.floats("grad." + parameter.name());
            float[] found = gradients.fileOrder(parameter);
            double norm = Floats.norm(expected);
            double error = Floats.norm(difference(found, expected));
            double scale = norm < ZERO * largest ? largest : norm;
            assertTrue(
                    error <= GRADIENT * scale,
                    () -> parameter.name() + ": error " + error + " of " + scale + ", norm " + norm);
        }
    }

    private static float[] difference(float[] a, float[] b) {
        float[] difference = Arrays.copyOf(a, a.length);
        for (int i = 0; i < b.length; i++) {
            difference[i] -= b[i];
        }
        return difference;
    }

    /** From {@code [N, C, H, W]}. */
    private static void fillImages(Tensor target, float[] channelsFirst) {
        ChannelOrder.channelsLast(Floats.tensor(channelsFirst).segment(), target.segment(), target.shape());
    }
}
