package dev.hourglass.kernel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedMethod;
import jdk.jfr.consumer.RecordingFile;

/**
 * What the JVM's compilers do while a test runs. A method that has been compiled without a profile (tier 2) must be compiled with one
 * (tier 3) before C2 sees it. Where C1 refuses that, as it does when a method and what is inlined into it need too many registers of its
 * own, the method stays where it is for good; whether it came that way depends on how long C2's queue was.
 */
final class Compilations {

    private static final String COMPILATION = "jdk.Compilation";
    private static final String FAILURE = "jdk.CompilationFailure";

    /** The JVM tries again soon. */
    private static final String TEMPORARY = "concurrent class loading";

    private final Recording recording = new Recording();

    private Compilations() {}

    /** Records from now on. */
    static Compilations recorded() {
        Compilations compilations = new Compilations();
        compilations.recording.enable(COMPILATION).withThreshold(Duration.ZERO);
        compilations.recording.enable(FAILURE);
        compilations.recording.start();
        return compilations;
    }

    /**
     * Ends the record: the kernels' methods that a compiler refused, each with its reason.
     *
     * @throws IllegalStateException when no kernel was compiled, so that there is nothing to tell
     */
    List<String> refused() {
        List<RecordedEvent> events = end();
        List<RecordedEvent> kernels =
                events.stream().filter(Compilations::isOfAKernel).toList();
        if (kernels.isEmpty()) {
            throw new IllegalStateException("the record has no compilation of a kernel");
        }
        Map<Integer, String> reasons = new HashMap<>();
        for (RecordedEvent event : events) {
            if (event.getEventType().getName().equals(FAILURE)) {
                reasons.put(event.getInt("compileId"), event.getString("failureMessage"));
            }
        }
        return kernels.stream()
                .filter(event -> !event.getBoolean("succeded"))
                .filter(event -> !TEMPORARY.equals(reasons.get(event.getInt("compileId"))))
                .map(event -> name(event) + ", tier " + event.getShort("compileLevel") + ": "
                        + reasons.get(event.getInt("compileId")))
                .distinct()
                .toList();
    }

    private static boolean isOfAKernel(RecordedEvent event) {
        return event.getEventType().getName().equals(COMPILATION)
                && name(event).startsWith(Kernels.class.getPackageName());
    }

    private static String name(RecordedEvent compilation) {
        RecordedMethod method = compilation.getValue("method");
        return method.getType().getName() + "." + method.getName();
    }

    private List<RecordedEvent> end() {
        try (recording) {
            recording.stop();
            Path file = Files.createTempFile("compilations", ".jfr");
            try {
                recording.dump(file);
                return RecordingFile.readAllEvents(file);
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
