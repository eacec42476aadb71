package dev.hourglass.bench.peer;

import dev.hourglass.UNet;
import dev.hourglass.measure.Machine;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The memory that an engine takes for a job: the largest resident set of a JVM of its own while it runs. What preparing takes is left out,
 * for the weights come out of a second model there, which no user has.
 *
 * @param engine its name
 * @param bytes the most that the process held
 */
public record PeakMemory(Job job, String engine, long bytes) {

    /** Writing 5 there makes Linux forget how large the process was. */
    private static final Path FORGET = Path.of("/proc/self/clear_refs");

    /** The second training step finds the optimizer's moments there. */
    private static final int RUNS = 2;

    /** The heap keeps little of what preparing left in it. */
    private static final List<String> SMALL_HEAP = List.of("-Xms8m", "-Xmx256m");

    /** Whether the system says how much memory a process holds. */
    public static boolean isKnown() {
        return Files.isWritable(FORGET);
    }

    /** Runs a job in a child. */
    public static PeakMemory of(Job job, String engine) throws IOException {
        return new PeakMemory(
                job,
                engine,
                child(List.of(
                        engine,
                        job.subject().name(),
                        job.kind().name(),
                        Integer.toString(job.batch()),
                        Integer.toString(job.threads()))));
    }

    /** What a JVM takes that does nothing, in bytes. */
    public static long ofBareJvm() throws IOException {
        return child(List.of());
    }

    /** Starts this class in a JVM with this one's options and class path, and a smaller heap. */
    private static long child(List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.matches("(-X|-D|--).*"))
                .forEach(command::add);
        command.addAll(SMALL_HEAP);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), PeakMemory.class.getName()));
        command.addAll(arguments);
        Process child = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String answer = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        if (!answer.matches("\\d+")) {
            throw new IllegalStateException("no memory was measured for " + arguments);
        }
        return Long.parseLong(answer);
    }

    /** The child: nothing, or engine, subject, kind, batch, threads. Prints bytes. */
    public static void main(String[] args) throws IOException {
        if (args.length > 0) {
            Job job = new Job(
                    Subject.valueOf(args[1]),
                    Job.Kind.valueOf(args[2]),
                    Integer.parseInt(args[3]),
                    Integer.parseInt(args[4]));
            try (Work work = prepared(engine(args[0]), job)) {
                System.gc();
                Files.writeString(FORGET, "5");
                for (int run = 0; run < RUNS; run++) {
                    work.run();
                }
            }
        }
        System.out.println(Machine.peakMemory());
    }

    private static Work prepared(Engine engine, Job job) {
        try (UNet model = job.subject().create()) {
            return engine.prepare(job, model, Example.of(job)).orElseThrow();
        }
    }

    private static Engine engine(String name) {
        Engine own = new HourglassEngine();
        return name.equals(own.name())
                ? own
                : PyTorchEngine.all().stream()
                        .filter(engine -> engine.name().equals(name))
                        .findFirst()
                        .orElseThrow();
    }
}
