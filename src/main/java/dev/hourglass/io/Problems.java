package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/** What the readers and writers of this package have to say in common. */
final class Problems {

    private static final int LONGEST_QUOTE = 120;
    private static final int SHOWN = 10;

    private Problems() {}

    /** Throws unless {@code file} is there and is a regular file: opening a pipe would wait for ever. */
    static void requireFile(Path file, String kind) {
        if (Files.isRegularFile(file)) {
            return;
        }
        HourglassException.Builder problem = Files.exists(file)
                ? HourglassException.what("not a file").found(Files.isDirectory(file) ? "a folder" : "a special file")
                : HourglassException.what("no such file");
        throw problem.where(file)
                .expected(kind)
                .mend("check the path; the current folder is " + Path.of("").toAbsolutePath())
                .build();
    }

    /** Throws unless {@code folder} is there and is a folder. */
    static void requireFolder(Path folder, String kind) {
        if (Files.isDirectory(folder)) {
            return;
        }
        HourglassException.Builder problem = Files.exists(folder)
                ? HourglassException.what("not a folder").found("a file")
                : HourglassException.what("no such folder");
        throw problem.where(folder)
                .expected(kind)
                .mend("check the path; the current folder is " + Path.of("").toAbsolutePath())
                .build();
    }

    /** A file or folder that is there but could not be read. */
    static HourglassException unreadable(Path path, IOException cause) {
        return HourglassException.what("could not be read")
                .where(path)
                .found(reason(cause))
                .mend("check that the file is whole and that you may read it")
                .cause(cause)
                .build();
    }

    /** A file or folder that could not be written. */
    static HourglassException unwritable(Path path, IOException cause) {
        return HourglassException.what("could not be written")
                .where(path)
                .found(reason(cause))
                .mend("check the folder, its permissions and the free space on its disk")
                .cause(cause)
                .build();
    }

    /** What the system said, without the path that the message names anyway. */
    static String reason(IOException cause) {
        if (cause instanceof NoSuchFileException) {
            return "no such file or folder";
        }
        if (cause instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (cause instanceof FileAlreadyExistsException exists) {
            return "a file is in the way: " + exists.getFile();
        }
        if (cause instanceof FileSystemException problem && problem.getReason() != null) {
            return problem.getReason();
        }
        return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    }

    /** A tensor that is not there, beside some of those that are. */
    static HourglassException noTensor(Path file, String name, Collection<String> names) {
        String first = names.stream().limit(5).map(Problems::quote).collect(Collectors.joining(", "));
        return HourglassException.what("no such tensor in the file")
                .where(file)
                .expected("a tensor " + quote(name))
                .found(names.size() + " tensors" + (first.isEmpty() ? "" : ", first " + first))
                .mend("check that the file belongs to this model")
                .build();
    }

    /** Adds one kind of difference to the parts of a message, at most ten of its items; none where there are none. */
    static void describe(List<String> parts, String kind, List<String> items) {
        if (items.isEmpty()) {
            return;
        }
        List<String> shown = items.subList(0, Math.min(SHOWN, items.size()));
        String rest = items.size() > SHOWN ? " and " + (items.size() - SHOWN) + " more" : "";
        parts.add(items.size() + " " + kind + ": " + String.join(", ", shown) + rest);
    }

    /** Text from a file, fit to be shown: in quotes, shortened, and without characters that steer a terminal. */
    static String quote(String text) {
        StringBuilder shown = new StringBuilder("\"");
        for (int i = 0; i < Math.min(text.length(), LONGEST_QUOTE); i++) {
            char c = text.charAt(i);
            if (Character.isISOControl(c)) {
                shown.append(String.format("\\u%04x", (int) c));
            } else {
                shown.append(c);
            }
        }
        return shown.append(text.length() > LONGEST_QUOTE ? "...\"" : "\"").toString();
    }
}
