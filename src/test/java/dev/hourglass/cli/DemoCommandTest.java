package dev.hourglass.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.UNet;
import dev.hourglass.io.Images;
import dev.hourglass.train.TrainingOptions;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
class DemoCommandTest {

    private static final Pattern ERROR = Pattern.compile("averaged weights +(0\\.\\d{5})");

    @TempDir
    Path folder;

    @Test
    void leavesAllFiveResults() throws IOException {
        Samples.images(folder.resolve("home/data/mnist"), 200, 40);
        Path out = folder.resolve("runs/first");
        Cli cli =
                demo("--steps", 6, "--samples", 4, "--out", out, "--threads", 2).succeeded();
        assertEquals(
                List.of(
                        "denoising.png",
                        "loss.png",
                        "model/config.json",
                        "model/diffusion_pytorch_model.safetensors",
                        "model/training_state.safetensors",
                        "report.html",
                        "samples.png"),
                Samples.namesUnder(out));
        int scale = 84 / 9;
        assertSize(out.resolve("samples.png"), grid(2, 8, scale), grid(2, 9, scale));
        assertSize(out.resolve("denoising.png"), grid(4, 8, scale), grid(10, 9, scale));
        assertSize(out.resolve("loss.png"), LossChart.HEIGHT, LossChart.WIDTH);
        try (UNet model = UNet.open(out.resolve("model"))) {
            assertEquals(Samples.SIZE, model.sampleSize());
        }
        assertReport(Files.readString(out.resolve("report.html")), cli.out());
        cli.printed(
                out,
                "raw weights",
                "all memory wires cut",
                "6 of " + TrainingOptions.demo(60_000, 1, 6, 0).batch() + " images",
                "training 0:");
        assertTrue(cli.err().contains("6/6 steps"), cli.err());
        assertFalse(cli.err().contains("\r"), "a file gets lines, not a line written over");
    }

    /** The page shows the figures of the screen and needs nothing from outside. */
    private static void assertReport(String html, String screen) {
        Matcher error = ERROR.matcher(screen);
        assertTrue(error.find(), screen);
        assertTrue(html.contains(error.group(1)), "the test error");
        assertTrue(html.contains("914,915"), "the parameters");
        assertTrue(html.contains("all memory wires cut"), "the checks");
        assertEquals(3, html.split("src=\"data:image/png;base64,", -1).length - 1, "three pictures");
        assertFalse(html.contains("http"), "no links");
        assertFalse(html.contains("<script") || html.contains("<link") || html.contains("url("), "no other files");
        assertFalse(html.contains("{{"), "no empty places");
        assertTrue(html.contains("prefers-color-scheme: dark") && html.contains("name=\"viewport\""));
    }

    private static int grid(int images, int side, int scale) {
        return images * side * scale + (images - 1) * scale;
    }

    private static void assertSize(Path file, int height, int width) {
        BufferedImage picture = Images.readPng(file);
        assertEquals(height + "x" + width, picture.getHeight() + "x" + picture.getWidth(), file.toString());
    }

    @Test
    void saysThatTheBundledImagesAreMissing() {
        demo("--out", folder.resolve("out")).refused("data/mnist", "not there", "expected", "hourglass.home");
        assertEquals(List.of(), Samples.namesUnder(folder));
    }

    @Test
    void noticesThatNothingCanBeWrittenBeforeItTrains() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");
        Samples.images(folder.resolve("home/data/mnist"), 200, 40);
        Cli cli = demo("--out", file.resolve("out")).refused("file", "expected", "found", "to mend it");
        assertFalse(cli.err().contains("steps"), cli.err());
        assertEquals("x", Files.readString(file));
    }

    @Test
    void refusesNumbersThatMakeNoSense() {
        demo("--samples", 0).refused("--samples", "expected: at least 1", "found: 0");
        demo("--samples", 100_000_000).refused("one picture");
        demo("--steps", -1).refused("--steps", "found: -1");
        demo("--epochs", 0).refused("--epochs");
        demo("--threads", 0).refused("--threads", "found: 0");
    }

    private Cli demo(Object... options) {
        Object[] args = new Object[options.length + 1];
        args[0] = "demo";
        System.arraycopy(options, 0, args, 1, options.length);
        return Cli.with(BundledMnist.HOME_PROPERTY, folder.resolve("home"), args);
    }
}
