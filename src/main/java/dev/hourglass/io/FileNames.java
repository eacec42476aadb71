package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * Names that a file gives to others beside it. Only the name is judged, not where a link of that name may lead: caches of
 * downloaded models are made of links.
 */
final class FileNames {

    /** Neither empty, {@code ..}, hidden, absolute, with a drive, nor with a separator of any system. */
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}");

    private FileNames() {}

    /**
     * The path of {@code name} in the folder of {@code file}.
     *
     * @param file where the name was read
     * @param key what it was read under
     * @throws HourglassException when the name is not a plain one, and so might lead out of the folder
     */
    static Path beside(Path file, String key, String name) {
        if (!PLAIN.matcher(name).matches()) {
            throw HourglassException.what("not the name of a file in the same folder")
                    .where(file + ": " + key)
                    .expected("at most 200 letters, digits, '_', '.' and '-', no folders, no leading '.' or '-'")
                    .found(Problems.quote(name))
                    .mend("fetch the file again from a source that you trust")
                    .build();
        }
        return file.resolveSibling(name);
    }
}
