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
    private static final String INLINING = "jdk.CompilerInlining";

    /** C2 has made so many nodes that it inlines only what it must. */
    private static final String LIMIT = "NodeCountInliningCutoff";

    /** The JVM tries again soon. */
    private static final String TEMPORARY = "concurrent class loading";

    private final Recording recording = new Recording();
    private List<RecordedEvent> events;

    private Compilations() {}

    /** Records from now on. */
    static Compilations recorded() {
        Compilations compilations = new Compilations();
        compilations.recording.enable(COMPILATION).withThreshold(Duration.ZERO);
        compilations.recording.enable(FAILURE);
        compilations.recording.enable(INLINING);
        compilations.recording.start();
        return compilations;
    }

    /**
     * Ends the record: the kernels' methods that a compiler refused, each with its reason.
     *
     * @throws IllegalStateException when no kernel was compiled, so that there is nothing to tell
     */
    List<String> refused() {
        Map<Integer, String> reasons = new HashMap<>();
        for (RecordedEvent event : events()) {
            if (event.getEventType().getName().equals(FAILURE)) {
                reasons.put(event.getInt("compileId"), event.getString("failureMessage"));
            }
        }
        return kernels().stream()
                .filter(event -> !event.getBoolean("succeded"))
                .filter(event -> !TEMPORARY.equals(reasons.get(event.getInt("compileId"))))
                .map(event -> name(event) + ", tier " + event.getShort("compileLevel") + ": "
                        + reasons.get(event.getInt("compileId")))
                .distinct()
                .toList();
    }

    /**
     * Ends the record: the tiles in which C2 left a part of an access to memory as a call, because it had come to its limit of nodes.
     * All that a tile keeps in registers goes through memory around it.
     *
     * @throws IllegalStateException when no kernel was compiled, so that there is nothing to tell
     */
    List<String> leftAsCallsInTiles() {
        Map<Integer, String> tiles = new HashMap<>();
        for (RecordedEvent kernel : kernels()) {
            if (name(kernel).contains("Tile")) {
                tiles.put(kernel.getInt("compileId"), name(kernel));
            }
        }
        return events().stream()
                .filter(event -> event.getEventType().getName().equals(INLINING))
                .filter(event -> tiles.containsKey(event.getInt("compileId")))
                .filter(event -> LIMIT.equals(event.getString("message")))
                .filter(event -> event.getString("callee.type").startsWith("jdk/internal/misc/"))
                .map(event -> event.getString("callee.type") + "." + event.getString("callee.name") + " in "
                        + tiles.get(event.getInt("compileId")))
                .distinct()
                .toList();
    }

    private List<RecordedEvent> kernels() {
        List<RecordedEvent> kernels =
                events().stream().filter(Compilations::isOfAKernel).toList();
        if (kernels.isEmpty()) {
            throw new IllegalStateException("the record has no compilation of a kernel");
        }
        return kernels;
    }

    private static boolean isOfAKernel(RecordedEvent event) {
        return event.getEventType().getName().equals(COMPILATION)
                && name(event).startsWith(Kernels.class.getPackageName());
    }

    private static String name(RecordedEvent compilation) {
        RecordedMethod method = compilation.getValue("method");
        return method.getType().getName() + "." + method.getName();
    }

    private List<RecordedEvent> events() {
        if (events != null) {
            return events;
        }
        try (recording) {
            recording.stop();
            Path file = Files.createTempFile("compilations", ".jfr");
            try {
                recording.dump(file);
                events = RecordingFile.readAllEvents(file);
                return events;
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
