package dev.hourglass.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.hourglass.UNet;
import dev.hourglass.io.Images;
import dev.hourglass.io.ModelConfig;
import dev.hourglass.unet.Architectures;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
class SampleCommandTest {

    @TempDir
    Path folder;

    private Path model;

    @BeforeEach
    void writeModel() {
        model = Samples.untrained(folder.resolve("model"), Samples.SIZE);
    }

    @Test
    void theBatchDoesNotChangeThePicture() throws IOException {
        byte[] whole = sample("--count", 3, "--threads", 2);
        assertArrayEquals(whole, sample("--count", 3, "--threads", 1, "--batch", 2));
        assertFalse(Arrays.equals(whole, sample("--count", 3, "--threads", 1, "--seed", 1)));
    }

    private byte[] sample(Object... options) throws IOException {
        Path png = folder.resolve("picture.png");
        Files.deleteIfExists(png);
        Object[] args = Arrays.copyOf(new Object[] {"sample", model, "--out", png}, 4 + options.length);
        System.arraycopy(options, 0, args, 4, options.length);
        Cli.run(args).succeeded().printed(png, "8x9");
        return Files.readAllBytes(png);
    }

    /** Eight bits of precision leave their traces in some pixel. */
    @Test
    void weightsOfBfloat16DrawOtherPictures() throws IOException {
        byte[] whole = sample("--count", 2);
        assertFalse(Arrays.equals(whole, sample("--count", 2, "--weights", "bfloat16")));
        byte[] scheduled = sample("--count", 2, "--scheduler", "ddim", "--steps", 9);
        assertFalse(Arrays.equals(
                scheduled, sample("--count", 2, "--scheduler", "ddim", "--steps", 9, "--weights", "bfloat16")));
        Cli.run("sample", model, "--weights", "half").refused("--weights", "bfloat16", "found: half");
    }

    @Test
    void anySchedulerDraws() throws IOException {
        byte[] whole = sample("--count", 3, "--scheduler", "euler", "--steps", 4);
        assertArrayEquals(whole, sample("--count", 3, "--scheduler", "euler", "--steps", 4, "--batch", 2));
        Path png = folder.resolve("picture.png");
        Files.delete(png);
        Cli.run("sample", model, "--out", png, "--scheduler", "oiler").refused("--scheduler", "lcm", "found: oiler");
        Cli.run("sample", model, "--out", png, "--steps", 4).refused("--steps", "--scheduler");
        Cli.run("sample", model, "--out", png, "--scheduler", "ddim", "--guidance", 2)
                .refused("--guidance", "--class");
        assertFalse(Files.exists(png));
    }

    @Test
    void startsFromAPicture() throws IOException {
        Path start = folder.resolve("start.png");
        Images.writePng(start, new BufferedImage(9, 8, BufferedImage.TYPE_BYTE_GRAY));
        Path other = folder.resolve("other.png");
        Images.writePng(other, new BufferedImage(8, 9, BufferedImage.TYPE_BYTE_GRAY));
        Object[] plain = {"--count", 1, "--scheduler", "ddim", "--steps", 4};
        Object[] from = Arrays.copyOf(plain, 10);
        System.arraycopy(new Object[] {"--image", start, "--strength", 0.5}, 0, from, 6, 4);
        assertFalse(Arrays.equals(sample(plain), sample(from)));
        Object[] masked = Arrays.copyOf(from, 12);
        System.arraycopy(new Object[] {"--mask", start}, 0, masked, 10, 2);
        sample(masked); // black: nothing is drawn anew
        BufferedImage kept = Images.readPng(folder.resolve("picture.png"));
        assertEquals(0xff000000, kept.getRGB(kept.getWidth() / 2, kept.getHeight() / 2));
        Cli.run("sample", model, "--scheduler", "ddim", "--mask", start).refused("--mask", "--image");
        from[7] = other;
        Object[] refused = Arrays.copyOf(new Object[] {"sample", model}, 12);
        System.arraycopy(from, 0, refused, 2, 10);
        Cli.run(refused).refused("--image", "8x9", "9x8");
        Cli.run("sample", model, "--image", start).refused("--image", "--scheduler");
    }

    @Test
    void theLastClassStandsForNone() throws IOException {
        Map<String, Object> config = Map.of(
                "_class_name", "UNet2DModel",
                "in_channels", 1,
                "out_channels", 1,
                "block_out_channels", List.of(8, 8),
                "down_block_types", List.of("DownBlock2D", "DownBlock2D"),
                "up_block_types", List.of("UpBlock2D", "UpBlock2D"),
                "norm_num_groups", 4,
                "layers_per_block", 1,
                "num_class_embeds", 4);
        model = folder.resolve("classes");
        try (UNet classes = UNet.create(Architectures.fromConfig(ModelConfig.of("test", config)), Samples.SIZE, 7)) {
            classes.save(model);
        }
        byte[] last = guided();
        assertArrayEquals(last, guided("--null-class", 3));
        assertFalse(Arrays.equals(last, guided("--null-class", 2)));
    }

    private byte[] guided(Object... more) throws IOException {
        Object[] options = {"--count", 1, "--scheduler", "ddim", "--steps", 3, "--class", 1, "--guidance", 5};
        Object[] all = Arrays.copyOf(options, options.length + more.length);
        System.arraycopy(more, 0, all, options.length, more.length);
        return sample(all);
    }

    @Test
    void refusesNumbersThatMakeNoSense() {
        Path png = folder.resolve("picture.png");
        Cli.run("sample", model, "--out", png, "--count", 0).refused("--count", "at least 1", "found: 0");
        Cli.run("sample", model, "--out", png, "--count", 2_000_000_000).refused("--count", "one picture");
        Cli.run("sample", model, "--out", png, "--batch", 0).refused("--batch", "at least 1", "found: 0");
        Cli.run("sample", model, "--out", png, "--threads", -1).refused("--threads", "found: -1");
        assertFalse(Files.exists(png));
    }

    @Test
    void noticesThatNothingCanBeWrittenBeforeItDraws() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");
        Cli cli = Cli.run("sample", model, "--out", file.resolve("picture.png")).refused(file, "expected", "found");
        assertEquals("", cli.out());
        assertFalse(cli.err().contains("sampling"), cli.err());
    }
}
