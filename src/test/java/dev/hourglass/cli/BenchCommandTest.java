package dev.hourglass.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.ImageSize;
import dev.hourglass.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
class BenchCommandTest {

    @TempDir
    Path folder;

    /** Runs the command as fast as it can be. */
    private static Cli bench(Object... options) {
        Object[] quick = {"bench", "--size", "8x9", "--rounds", 2, "--warmup", 0, "--skip-cold-start"};
        Object[] args = new Object[quick.length + options.length];
        System.arraycopy(quick, 0, args, 0, quick.length);
        System.arraycopy(options, 0, args, quick.length, options.length);
        return Cli.run(args);
    }

    @Test
    void figuresAreWrittenAsJson() {
        Path file = folder.resolve("new/figures.json");
        Cli cli = bench("tiny", "--batch", "1,2", "--threads", "1,2", "--json", file)
                .succeeded();
        cli.printed(
                "914,915",
                "FMA peak",
                "Median ms",
                "% of peak",
                "Bytes/step",
                "the slowest layers",
                "convolution 3x3",
                file);
        assertTrue(cli.err().contains("32/32 parts"), cli.err());
        Map<String, Object> json = Json.read(file);
        assertTrue(object(json.get("machine")).get("processors") instanceof Integer);
        List<Map<String, Object>> results = list(json.get("results"));
        assertEquals(
                List.of(
                        "infer 1 1",
                        "infer 1 2",
                        "infer 2 1",
                        "infer 2 2",
                        "train 1 1",
                        "train 1 2",
                        "train 2 1",
                        "train 2 2"),
                results.stream()
                        .map(r -> r.get("mode") + " " + r.get("batch") + " " + r.get("threads"))
                        .toList());
        for (Map<String, Object> result : results) {
            assertEquals("tiny", result.get("model"));
            assertEquals(8, result.get("height"));
            assertEquals(9, result.get("width"));
            double median = number(result, "median_ms");
            assertTrue(number(result, "min_ms") <= median && median <= number(result, "max_ms"));
            double rate = 1e3 * number(result, "batch") / median;
            assertEquals(rate, number(result, "images_per_s"), 1e-9 * rate);
            double percent = 100 * number(result, "gflops") / number(result, "peak_gflops");
            assertEquals(percent, number(result, "percent_of_peak"), 1e-9 * percent);
            assertTrue(number(result, "bytes_per_step") >= 0);
            double layers = list(result.get("layers")).stream()
                    .mapToDouble(layer -> number(layer, "ms"))
                    .sum();
            assertEquals(layers, number(result, "layers_ms"), 1e-9 * layers);
            assertEquals(2, ((List<?>) result.get("round_ms")).size());
        }
        double single = number(results.get(0), "gflops") * number(results.get(0), "median_ms");
        double step = number(results.get(4), "gflops") * number(results.get(4), "median_ms");
        assertEquals(3 * single, step, 1e-9 * step);
    }

    @Test
    void thePageShowsTheFiguresAndNeedsNoOtherFile() throws IOException {
        Path model = Samples.untrained(folder.resolve("mine"), ImageSize.MNIST);
        Path page = folder.resolve("bench.html");
        bench(model, "--mode", "infer", "--batch", 1, "--threads", 1, "--html", page)
                .succeeded()
                .printed("mine (TinyUNet)", "infer");
        String html = Files.readString(page);
        assertTrue(html.contains("mine on this machine") && html.contains("infer, batch 1, 1 thread"));
        assertTrue(html.contains("mid.conv2") && html.contains("convolution 3x3"), "the layers");
        assertEquals(1, html.split("src=\"data:image/png;base64,", -1).length - 1, "one chart");
        assertFalse(html.contains("http"), "no links");
        assertFalse(html.contains("<script") || html.contains("<link") || html.contains("url("), "no other files");
        assertFalse(html.contains("{{"), "no empty places");
        assertFalse(html.contains(folder.toString()), "no folders of the machine");
    }

    @Test
    void weightsOf16BitsAreMeasuredInInference() {
        Path file = folder.resolve("figures.json");
        bench("--batch", 1, "--threads", 1, "--weights", "bfloat16", "--json", file)
                .succeeded()
                .printed("Weights", "bfloat16, float32", "1 thread, weights in bfloat16");
        List<Map<String, Object>> results = list(Json.read(file).get("results"));
        assertEquals(
                List.of("infer bfloat16", "train float32"),
                results.stream()
                        .map(r -> r.get("mode") + " " + r.get("weights"))
                        .toList());
        bench("--weights", "int8").refused("--weights", "bfloat16", "found: int8");
    }

    @Test
    void valuesThatMakeNoSenseAreRefused() {
        bench("--mode", "dream").refused("--mode", "infer,train", "found: dream", "to mend it");
        bench("--mode", "infer,").refused("--mode", "infer,train");
        bench("--batch", "0").refused("--batch", "whole numbers from 1", "found: 0");
        bench("--batch", "1,,2").refused("--batch", "such as 1,16", "found: 1,,2");
        bench("--batch", "many").refused("--batch", "found: many");
        bench("--batch", "99999999999").refused("--batch", "1048576");
        bench("--threads", "1,-2").refused("--threads", "1 to 1024", "found: 1,-2");
        Cli.run("bench", "--size", "7x7", "--batch", 1).refused("TinyUNet", "at least 8", "found: 7x7");
        Cli.run("bench", "--size", "28").refused("HEIGHTxWIDTH", "found: 28");
        Cli.run("bench", "--size", "4096x4096", "--batch", 1 << 20)
                .refused("infer, batch 1048576", "too little memory", "smaller batch");
        Cli.run("bench", "--rounds", 0).refused("--rounds", "at least 1", "found: 0");
        Cli.run("bench", "--warmup", -1).refused("--warmup", "0 to 600", "found: -1");
        Cli.run("bench", "big").refused("big", "no such folder", "config.json");
    }

    @Test
    void noticesThatNothingCanBeWrittenBeforeItMeasures() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");
        for (String option : List.of("--json", "--html")) {
            Cli below = bench(option, file.resolve("below")).refused(file, "expected", "found", "to mend it");
            assertFalse(below.err().contains("parts"), below.err());
            bench(option, folder).refused("not a file that can be replaced", "a folder", "choose another name");
        }
        assertEquals("x", Files.readString(file));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(Object value) {
        return (Map<String, Object>) value;
    }

    @SuppressWarnings("unchecked")
    private static List<Map<String, Object>> list(Object value) {
        return (List<Map<String, Object>>) value;
    }

    private static double number(Map<String, Object> object, String name) {
        return ((Number) object.get(name)).doubleValue();
    }
}
