package dev.hourglass.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.UNet;
import dev.hourglass.io.Images;
import dev.hourglass.io.SafetensorsWriter;
import dev.hourglass.io.TensorData;
import dev.hourglass.memory.Shape;
import dev.hourglass.train.Checkpoint;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
class TrainCommandTest {

    private static final String WEIGHTS = "diffusion_pytorch_model.safetensors";

    @TempDir
    Path folder;

    private Path data;

    @BeforeEach
    void writeImages() {
        data = Samples.images(folder.resolve("data"), 40, 8);
    }

    @Test
    void aResumedRunEqualsAnUninterruptedOne() throws IOException {
        Path whole = folder.resolve("whole");
        Path halves = folder.resolve("halves");
        train(whole, "--steps", 7, "--ema", 0.9).succeeded().printed("7 steps", whole);
        train(halves, "--steps", 4, "--ema", 0.9).succeeded();
        assertFalse(Arrays.equals(weights(whole), weights(halves)));
        train(halves, "--steps", 7, "--ema", 0.9, "--resume", "--threads", 1)
                .succeeded()
                .printed("7 steps");
        assertArrayEquals(weights(whole), weights(halves));
        assertArrayEquals(
                Files.readAllBytes(whole.resolve(Checkpoint.FILE)),
                Files.readAllBytes(halves.resolve(Checkpoint.FILE)));
        assertEquals(List.of("config.json", WEIGHTS, Checkpoint.FILE), Samples.namesUnder(whole));
        try (UNet model = UNet.open(whole)) {
            assertEquals(Samples.SIZE, model.sampleSize());
        }
    }

    @Test
    void recomputingGivesTheSameWeights() throws IOException {
        train(folder.resolve("kept"), "--steps", 2).succeeded();
        train(folder.resolve("recomputed"), "--steps", 2, "--recompute").succeeded();
        assertArrayEquals(weights(folder.resolve("kept")), weights(folder.resolve("recomputed")));
    }

    @Test
    void theAverageIsSavedWhereThereIsOne() throws IOException {
        train(folder.resolve("raw"), "--steps", 3).succeeded();
        train(folder.resolve("averaged"), "--steps", 3, "--ema", 0.9).succeeded();
        assertFalse(Arrays.equals(weights(folder.resolve("raw")), weights(folder.resolve("averaged"))));
    }

    @Test
    void epochsGoThroughTheImagesInWholeBatches() {
        train(folder.resolve("once"), "--batch", 16).succeeded().printed("2 steps");
        Path model = folder.resolve("model");
        train(model, "--epochs", 2, "--batch", 16).succeeded().printed("4 steps");
        train(model, "--epochs", 2, "--batch", 16, "--steps", 9, "--resume")
                .succeeded()
                .printed("nothing to do", "4 steps");
    }

    @Test
    void learnsFromPicturesToo() {
        BufferedImage picture = new BufferedImage(9, 8, BufferedImage.TYPE_BYTE_GRAY);
        for (int k = 0; k < 4; k++) {
            Images.writePng(folder.resolve("pictures/" + k + ".png"), picture);
        }
        Path model = folder.resolve("model");
        Cli.run("train", "--arch", "tiny", "--data", folder.resolve("pictures"), "--out", model, "--batch", 2)
                .succeeded()
                .printed("2 steps");
        assertTrue(Checkpoint.exists(model));
    }

    @Test
    void classesComeFromFoldersAndMayBeDropped() throws IOException {
        BufferedImage picture = new BufferedImage(8, 8, BufferedImage.TYPE_BYTE_GRAY);
        for (int k = 0; k < 4; k++) {
            Images.writePng(folder.resolve("pictures/" + (k % 2 == 0 ? "cat/" : "dog/") + k + ".png"), picture);
        }
        Path model = folder.resolve("model");
        trainClasses(model, 3, "--drop-class", 0.5).succeeded().printed("2 steps");
        trainClasses(folder.resolve("none"), 2, "--drop-class", 0.5).refused("null class", "num_class_embeds 2");
        trainClasses(folder.resolve("none"), 1).refused("num_class_embeds 1", "image 2");
    }

    private Cli trainClasses(Path model, int classes, Object... more) throws IOException {
        Path config = folder.resolve("config" + classes + ".json");
        Files.writeString(config, """
                {"_class_name": "UNet2DModel", "in_channels": 1, "out_channels": 1, "block_out_channels": [8, 8],
                 "down_block_types": ["DownBlock2D", "DownBlock2D"], "up_block_types": ["UpBlock2D", "UpBlock2D"],
                 "layers_per_block": 1, "norm_num_groups": 4, "num_class_embeds": %d}
                """.formatted(classes));
        List<Object> args = new ArrayList<>(List.of(
                "train", "--config", config, "--data", folder.resolve("pictures"), "--out", model, "--batch", 2));
        args.addAll(List.of(more));
        return Cli.run(args.toArray());
    }

    @Test
    void textsComeFromAFileOfConditions() throws IOException {
        Path config = Files.writeString(folder.resolve("texts.json"), """
                {"_class_name": "UNet2DConditionModel", "in_channels": 1, "out_channels": 1, "block_out_channels": [8, 8],
                 "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
                 "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"],
                 "layers_per_block": 1, "norm_num_groups": 4, "cross_attention_dim": 6, "attention_head_dim": 2}
                """);
        Path model = folder.resolve("model");
        trainTexts(config, model, texts("a", 40, 6, 0.5f)).succeeded().printed("2 steps");
        trainTexts(config, folder.resolve("other"), texts("b", 40, 6, -0.5f)).succeeded();
        assertFalse(Arrays.equals(weights(model), weights(folder.resolve("other"))), "what a text says is learned");
        try (UNet read = UNet.open(model)) {
            assertEquals("UNet2DConditionModel", read.architecture().className());
        }
        Path none = folder.resolve("none");
        trainTexts(config, none, texts("few", 39, 6, 1)).refused("encoder_hidden_states", "[40, 3, 6]", "[39, 3, 6]");
        trainTexts(config, none, texts("wide", 40, 7, 1)).refused("encoder_hidden_states", "[40, 3, 6]");
        trainTexts(config, none, texts("nan", 40, 6, Float.NaN)).refused("not finite", "image 0");
        trainTexts(config, none, folder.resolve("gone.safetensors")).refused("gone.safetensors");
        Cli.run("train", "--config", config, "--data", data, "--out", none, "--batch", 8)
                .refused("encoder_hidden_states");
        assertEquals(List.of(), Samples.namesUnder(none));
    }

    private Path texts(String name, int images, int width, float value) {
        float[] values = new float[images * 3 * width];
        Arrays.fill(values, value);
        Path file = folder.resolve(name + ".safetensors");
        SafetensorsWriter.write(
                file, List.of(TensorData.of("encoder_hidden_states", Shape.of(images, 3, width), values)), Map.of());
        return file;
    }

    private Cli trainTexts(Path config, Path model, Path conditions) {
        return Cli.run(
                "train",
                "--config",
                config,
                "--data",
                data,
                "--conditions",
                conditions,
                "--out",
                model,
                "--batch",
                8,
                "--steps",
                2);
    }

    @Test
    void anOlderRunIsNotThrownAway() throws IOException {
        Path model = folder.resolve("model");
        train(model, "--steps", 1).succeeded();
        byte[] before = weights(model);
        train(model, "--steps", 2).refused(model, Checkpoint.FILE, "--resume");
        assertArrayEquals(before, weights(model));
    }

    @Test
    void aRunGoesOnOnlyWithItsOwnSettings() {
        Path model = folder.resolve("model");
        train(model, "--steps", 2, "--resume").refused(model, "no training run", "without --resume");
        train(model, "--steps", 1).succeeded();
        train(model, "--steps", 2, "--seed", 5, "--resume").refused("another seed", "expected: 0", "found: 5");
    }

    @Test
    void refusesNumbersThatMakeNoSense() {
        Path model = folder.resolve("model");
        train(model, "--batch", 0).refused("--batch", "expected: at least 1", "found: 0");
        train(model, "--batch", 41).refused("fewer images", "expected: at least 41", "found: 40");
        train(model, "--lr", 0).refused("--lr", "above 0");
        train(model, "--lr", "NaN").refused("--lr", "found: NaN");
        train(model, "--drop-class", 1).refused("--drop-class", "below 1", "found: 1.0");
        train(model, "--drop-class", 0.5).refused("no table of classes", "num_class_embeds");
        train(model, "--ema", 1).refused("--ema", "below 1", "found: 1.0");
        train(model, "--steps", 0).refused("--steps");
        train(model, "--epochs", -3).refused("--epochs", "found: -3");
        train(model, "--threads", 0).refused("--threads");
        Cli.run("train", "--arch", "huge", "--data", data, "--out", model).refused("huge", "expected: one of tiny");
        train(model, "--seed", "many").refused("--seed", "many");
        assertEquals(List.of(), Samples.namesUnder(model));
    }

    @Test
    void divergenceIsReportedAndNothingIsSaved() {
        Path model = folder.resolve("model");
        train(model, "--lr", "1e30", "--steps", 5).refused("diverged", "expected: a finite loss", "learning rate");
        assertEquals(List.of(), Samples.namesUnder(model));
    }

    private Cli train(Path model, Object... options) {
        List<Object> args = new ArrayList<>(List.of("train", "--arch", "tiny", "--data", data, "--out", model));
        List<Object> more = List.of(options);
        // picocli takes an option once.
        if (!more.contains("--batch")) {
            args.addAll(List.of("--batch", 8));
        }
        args.addAll(more);
        return Cli.run(args.toArray());
    }

    private static byte[] weights(Path model) throws IOException {
        return Files.readAllBytes(model.resolve(WEIGHTS));
    }
}
