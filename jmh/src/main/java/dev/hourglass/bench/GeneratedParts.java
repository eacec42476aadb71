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
     * @throws IllegalStateException when the file does not have the part's two markers
     */
    static void replace(Path file, String part, String text) throws IOException {
        String begin = "<!-- generated: " + part + " -->\n";
        String end = "<!-- end: " + part + " -->";
        String content = Files.readString(file);
        int from = content.indexOf(begin);
        int to = content.indexOf(end);
        if (from < 0 || to < from) {
            throw new IllegalStateException(file + " has no lines\n" + begin + end);
        }
        String before = content.substring(0, from + begin.length());
        Files.writeString(file, before + "\n" + text.strip() + "\n\n" + content.substring(to));
    }
}
