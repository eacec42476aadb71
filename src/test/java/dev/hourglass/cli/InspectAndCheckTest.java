package dev.hourglass.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.ImageSize;
import dev.hourglass.SessionOptions;
import dev.hourglass.UNet;
import dev.hourglass.io.SafetensorsWriter;
import dev.hourglass.io.TensorData;
import dev.hourglass.memory.MemoryBudget;
import dev.hourglass.memory.Shape;
import dev.hourglass.testing.ConditionalModels;
import dev.hourglass.testing.Floats;
import dev.hourglass.unet.TinyUNet;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
class InspectAndCheckTest {

    @TempDir
    Path folder;

    @Test
    void theHourglassIsDrawn() {
        Cli cli = Cli.run("inspect", "tiny").succeeded();
        cli.printed("914,915 parameters", "[1, 1, 28, 28]", "mid [1, 128, 3, 3]", "u3.concat", "convolution 3x3");
        cli.printed("wire 1, [1, 32, 28, 28]", "wire 2, [1, 64, 14, 14]", "wire 3, [1, 128, 7, 7]");
        cli.printed("Inference", "Training", "Training, recomputing", "weights", "activations", "workspace");
        // Narrower from level to level, down to the neck and up again.
        assertTrue(indent(cli, "d1 ") < indent(cli, "d2 ") && indent(cli, "d2 ") < indent(cli, "d3 "));
        assertTrue(column(cli, "u1 [") > column(cli, "u2 [") && column(cli, "u2 [") > column(cli, "u3 ["));
    }

    /** Wires of one resolution side by side, blocks by diffusers' names and with their own shapes. */
    @Test
    void wiresOfOneResolutionAreOneLevel() {
        Cli cli = Cli.run("inspect", "unet2d-lesson", "--size", "32x32").succeeded();
        cli.printed("wire 12, [1, 512, 4, 4]", "up_blocks.0.resnets.2 [1, 512, 4, 4]", "mid_block [1, 512, 4, 4]");
        int outer = indent(cli, "conv_in ");
        assertEquals(outer, indent(cli, "down_blocks.0.resnets.0 "));
        assertEquals(outer, indent(cli, "down_blocks.0.resnets.1 "));
        int inner = column(cli, "down_blocks.0.downsamplers.0 [1, 128, 16, 16]");
        assertTrue(inner > outer);
        assertEquals(inner, column(cli, "down_blocks.1.attentions.0 [1, 256, 16, 16]"));
        assertTrue(column(cli, "up_blocks.3.resnets.0 [") > column(cli, "up_blocks.2.resnets.2 ["));
    }

    @Test
    void theMemoryThatRecomputingSavesIsShown() {
        SessionOptions options = SessionOptions.of(4, 28, 28).withThreads(2);
        long kept = UNet.trainingPlan(new TinyUNet(), options, false).activations();
        long recomputed = UNet.trainingPlan(new TinyUNet(), options, true).activations();
        assertTrue(recomputed < kept, recomputed + " bytes of " + kept);
        Cli cli = Cli.run("inspect", "tiny", "--batch", 4, "--threads", 2).succeeded();
        String[] columns = cli.out()
                .lines()
                .filter(line -> line.startsWith("activations "))
                .findFirst()
                .orElseThrow()
                .split(" {2,}");
        assertEquals(MemoryBudget.format(kept), columns[2]);
        assertEquals(MemoryBudget.format(recomputed), columns[3]);
    }

    private static int indent(Cli cli, String block) {
        return column(cli, block + "[");
    }

    private static int column(Cli cli, String text) {
        return cli.out()
                .lines()
                .filter(line -> line.contains(text))
                .findFirst()
                .orElseThrow()
                .indexOf(text);
    }

    @Test
    void aModelFolderHasASizeOfItsOwn() {
        Path model = Samples.untrained(folder.resolve("model"), Samples.SIZE);
        Cli.run("inspect", model).succeeded().printed("914,915", "[1, 1, 8, 9]");
        Cli.run("inspect", model, "--size", "13x17", "--batch", 5, "--threads", 3)
                .succeeded()
                .printed("[5, 1, 13, 17]", "workspace of 3 threads");
    }

    @Test
    void sizesThatMakeNoSenseAreRefused() {
        Cli.run("inspect", "tiny", "--size", "7x7").refused("TinyUNet", "at least 8", "found: 7x7");
        Cli.run("inspect", "tiny", "--size", "28").refused("HEIGHTxWIDTH", "found: 28");
        Cli.run("inspect", "tiny", "--size", "0x28").refused("height", "at least 1", "found: 0");
        Cli.run("inspect", "tiny", "--batch", 0).refused("batch", "at least 1", "found: 0");
        Cli.run("inspect", "tiny", "--threads", 0).refused("--threads");
        Cli.run("inspect", "big").refused("big", "no such folder", "config.json");
    }

    /** Random weights answer with far less than the noise has, so that cutting all wires cannot make them 50% worse. */
    @Test
    void anUntrainedModelFailsTheWiresAndPassesTheShapes() {
        Path model = Samples.untrained(folder.resolve("model"), ImageSize.MNIST);
        Path data = Samples.images(folder.resolve("data"), 1, 50);
        Cli cli = Cli.run("check", model, "--data", data);
        assertEquals(1, cli.code(), cli::toString);
        for (String size : new String[] {"28x28", "27x29", "8x8", "31x33"}) {
            assertEquals("pass", lastWord(cli, "output shape for " + size + " "));
        }
        assertTrue(lastWord(cli, "same x at t = 10 and t = 990").matches("pass|FAIL"));
        assertTrue(lastWord(cli, "memory wire 3 cut").matches("pass|FAIL"));
        assertEquals("FAIL", lastWord(cli, "all memory wires cut"));
        cli.printed("Measured", "Required", "at least +2%", "at least +50%");
    }

    @Test
    void modelsOfClassesAreCheckedOnLabelledImages() {
        Path model = folder.resolve("model");
        try (UNet classes = UNet.create(ConditionalModels.classes(Map.of("num_class_embeds", 3)), Samples.SIZE, 7)) {
            classes.save(model);
        }
        Path data = Samples.images(folder.resolve("data"), 1, 4);
        Cli.run("check", model, "--data", data).refused("t10k-labels-idx1-ubyte");
        String oneClass = checkedAs(model, data, 0, 0, 0, 0);
        assertEquals(oneClass, checkedAs(model, data, 0, 0, 0, 0));
        assertNotEquals(oneClass, checkedAs(model, data, 0, 1, 2, 1));
        Samples.testLabels(data, 0, 1, 2, 3);
        Cli.run("check", model, "--data", data).refused("num_class_embeds 3", "image 3", "found: 3.0");
    }

    /** The timesteps of DDPM have no logarithm at 0, and no row in a short table. */
    @Test
    void modelsThatKnowOtherTimestepsAreNeitherCheckedNorSampled() {
        Path data = Samples.images(folder.resolve("data"), 1, 4);
        requireRefused(data, Map.of("time_embedding_type", "fourier"), "time_embedding_type", "0 to 999");
        requireRefused(
                data,
                Map.of("time_embedding_type", "learned", "num_train_timesteps", 999),
                "num_train_timesteps",
                "at least 1000",
                "found: 999");
    }

    private void requireRefused(Path data, Map<String, Object> settings, Object... parts) {
        Path model = folder.resolve("model");
        try (UNet created = UNet.create(ConditionalModels.classes(settings), Samples.SIZE, 7)) {
            created.save(model);
        }
        Cli.run("check", model, "--data", data).refused(parts);
        Path picture = folder.resolve("picture.png");
        Cli.run("sample", model, "--out", picture).refused(parts);
        Cli.run("sample", model, "--out", picture, "--scheduler", "ddim", "--steps", 1000)
                .refused(parts);
    }

    @Test
    void modelsOfTextsAreCheckedWithTheirConditions() {
        Path model = folder.resolve("model");
        try (UNet texts = UNet.create(ConditionalModels.texts(), Samples.SIZE, 7)) {
            texts.save(model);
        }
        Path data = Samples.images(folder.resolve("data"), 1, 4);
        String silent = allWires(Cli.run("check", model, "--data", data));
        assertNotEquals(silent, allWires(Cli.run("check", model, "--data", data, "--conditions", texts(4))));
        Cli.run("check", model, "--data", data, "--conditions", texts(3)).refused("[4, 5, 6]", "[3, 5, 6]");
    }

    private Path texts(int images) {
        Path file = folder.resolve(images + ".safetensors");
        Shape shape = Shape.of(images, 5, 6);
        float[] values = Floats.random(1, shape.elements());
        SafetensorsWriter.write(file, List.of(TensorData.of(ConditionalModels.TEXT, shape, values)), Map.of());
        return file;
    }

    private static String checkedAs(Path model, Path data, int... labels) {
        Samples.testLabels(data, labels);
        return allWires(Cli.run("check", model, "--data", data));
    }

    /** The losses that were measured, with all wires and without, to four digits. */
    private static String allWires(Cli cli) {
        assertTrue(cli.code() <= 1, cli::toString);
        return cli.out()
                .lines()
                .filter(line -> line.startsWith("all memory wires cut"))
                .findFirst()
                .orElseThrow();
    }

    private static String lastWord(Cli cli, String start) {
        String line =
                cli.out().lines().filter(l -> l.startsWith(start)).findFirst().orElseThrow();
        return line.substring(line.lastIndexOf(' ') + 1);
    }

    @Test
    void theBundledTestSetIsTheUsualOne() {
        Path model = Samples.untrained(folder.resolve("model"), ImageSize.MNIST);
        Cli.with(BundledMnist.HOME_PROPERTY, folder, "check", model).refused("data/mnist", "not there");
        assertEquals(
                1,
                Cli.with(BundledMnist.HOME_PROPERTY, Path.of(""), "check", model)
                        .code());
    }
}
