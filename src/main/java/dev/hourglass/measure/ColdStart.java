package dev.hourglass.measure;

import dev.hourglass.ImageSize;
import dev.hourglass.error.HourglassException;
import dev.hourglass.io.Json;
import dev.hourglass.kernel.WeightFormat;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A job that is run once in a JVM of its own, in which nothing is warm. */
public final class ColdStart {

    private static final int PATIENCE_MINUTES = 10;
    private static final String FIRST_RESULT = "first_result_ms";
    private static final String PEAK_MEMORY = "peak_memory_bytes";

    private ColdStart() {}

    /**
     * What a fresh JVM took.
     *
     * @param firstResultMillis from opening the model to the first result, compiling the session or the trainer included; the start of
     *     the JVM itself is not
     * @param peakMemoryBytes the most memory that the process held; -1 where the system does not say
     */
    public record Result(double firstResultMillis, long peakMemoryBytes) {}

    /**
     * Runs a job in a child with this JVM's options and class path.
     *
     * @throws HourglassException when the child cannot be started or does not end well
     */
    static Result measure(Subject subject, Job job, ImageSize size) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        // Not the agents: a debugger's port is taken already.
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.matches("(-X|-D|--).*"))
                .forEach(command::add);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), ColdStart.class.getName()));
        command.addAll(List.of(
                job.mode().name(),
                Integer.toString(job.batch()),
                Integer.toString(job.threads()),
                job.weights().name(),
                size.toString(),
                subject.model()));
        try {
            Process child = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            try {
                return result(job, child);
            } finally {
                child.destroyForcibly();
            }
        } catch (IOException e) {
            throw problem(job, e.getMessage(), e);
        }
    }

    /** The child writes one line at its end, which fits the pipe. */
    private static Result result(Job job, Process child) throws IOException {
        try {
            if (!child.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES)) {
                throw problem(job, "no result after " + PATIENCE_MINUTES + " minutes", null);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw problem(job, "interrupted", e);
        }
        if (child.exitValue() != 0) {
            throw problem(job, "exit code " + child.exitValue(), null);
        }
        String line = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        Map<String, Object> figures = Json.parse("cold start", line);
        return new Result(
                ((Number) figures.get(FIRST_RESULT)).doubleValue(), ((Number) figures.get(PEAK_MEMORY)).longValue());
    }

    private static HourglassException problem(Job job, String found, Exception cause) {
        return HourglassException.what("the cold start could not be measured")
                .where(job.label())
                .expected("a result from a second JVM")
                .found(found)
                .cause(cause)
                .build();
    }

    /** The child: mode, batch, threads, format of weights, size, model. */
    public static void main(String[] args) {
        long begin = System.nanoTime();
        Job job = new Job(
                Mode.valueOf(args[0]),
                Integer.parseInt(args[1]),
                Integer.parseInt(args[2]),
                WeightFormat.valueOf(args[3]));
        try (Resources open = new Resources()) {
            Work.open(open, new Subject(args[5]), job, ImageSize.parse(args[4])).run();
            Map<String, Object> figures = new LinkedHashMap<>();
            figures.put(FIRST_RESULT, (System.nanoTime() - begin) / 1e6);
            figures.put(PEAK_MEMORY, Machine.peakMemory());
            System.out.writeBytes(Json.compact(figures));
            System.out.flush();
        }
    }
}
