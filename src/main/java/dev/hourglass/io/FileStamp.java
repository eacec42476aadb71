package dev.hourglass.io;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.Objects;

/**
 * What tells an open file from itself after somebody has written to it.
 *
 * @param bytes its size
 * @param modified when it was last written to
 * @param key the file itself, whatever its name; {@code null} where the system does not say
 */
record FileStamp(long bytes, FileTime modified, Object key) {

    static FileStamp of(Path file, FileChannel open) throws IOException {
        BasicFileAttributes named = Files.readAttributes(file, BasicFileAttributes.class);
        return new FileStamp(open.size(), named.lastModifiedTime(), named.fileKey());
    }

    /**
     * Whether the open file is still as it was. Another file under its name does not matter, nor does none: the open one lives on
     * until it is closed.
     */
    boolean holds(Path file, FileChannel open) throws IOException {
        if (open.size() != bytes) {
            return false;
        }
        try {
            BasicFileAttributes named = Files.readAttributes(file, BasicFileAttributes.class);
            return !Objects.equals(named.fileKey(), key)
                    || named.lastModifiedTime().equals(modified);
        } catch (NoSuchFileException e) {
            return true;
        }
    }
}
