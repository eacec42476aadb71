package dev.hourglass.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Parts of a Markdown file between markers, which programs write, among the rest, which people write. */
final class GeneratedParts {

    private GeneratedParts() {}

    /**
     * Puts text between the markers of a part; everything else stays as it is.
     *
     * @throws IllegalStateException as {@link #require}
     */
    static void replace(Path file, String part, String text) throws IOException {
        require(file, part);
        String content = Files.readString(file);
        int from = content.indexOf(begin(part)) + begin(part).length();
        int to = content.indexOf(end(part));
        Files.writeString(file, content.substring(0, from) + "\n" + text.strip() + "\n\n" + content.substring(to));
    }

    /**
     * Looks for the markers: better before an hour of measuring than after it.
     *
     * @throws IllegalStateException when the file does not have both
     */
    static void require(Path file, String part) throws IOException {
        String content = Files.readString(file);
        int from = content.indexOf(begin(part));
        if (from < 0 || content.indexOf(end(part)) < from) {
            throw new IllegalStateException(file + " has no lines\n" + begin(part) + end(part));
        }
    }

    private static String begin(String part) {
        return "<!-- generated: " + part + " -->\n";
    }

    private static String end(String part) {
        return "<!-- end: " + part + " -->";
    }
}
