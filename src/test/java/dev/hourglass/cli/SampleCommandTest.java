package dev.hourglass.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
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

    @Test
    void anySchedulerDraws() throws IOException {
        byte[] whole = sample("--count", 3, "--scheduler", "euler", "--steps", 4);
        assertArrayEquals(whole, sample("--count", 3, "--scheduler", "euler", "--steps", 4, "--batch", 2));
        Path png = folder.resolve("picture.png");
        Files.delete(png);
        Cli.run("sample", model, "--out", png, "--scheduler", "oiler").refused("--scheduler", "lcm", "found: oiler");
        Cli.run("sample", model, "--out", png, "--steps", 4).refused("--steps", "--scheduler");
        Cli.run("sample", model, "--out", png, "--scheduler", "ddim", "--guidance", 2)
                .refused("--null-class");
        assertFalse(Files.exists(png));
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
