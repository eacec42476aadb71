package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.UUID;

/**
 * Files that appear whole or not at all. The content goes into a temporary file in the same folder ({@code
 * .hourglass-*.tmp}), is forced to the disk, and then takes the final name in one atomic step; whatever fails before
 * that removes the temporary file and leaves an older file under the final name as it was. Missing folders on the way
 * are made.
 */
public final class AtomicFiles {

    private AtomicFiles() {}

    /** Writes the content of one file. */
    @FunctionalInterface
    public interface Body {

        /** Writes everything into an empty file, from its beginning. */
        void write(FileChannel channel) throws IOException;
    }

    /**
     * Writes a file from {@code body}. What the body throws is passed on, an {@link IOException} as a {@link
     * HourglassException}.
     *
     * @throws HourglassException when the file cannot be written, or the name belongs to something that is not a
     *     regular file
     */
    public static void write(Path target, Body body) {
        try (Staged staged = stage(target, body)) {
            staged.commit();
        }
    }

    /** Writes a file of these bytes. */
    public static void write(Path target, byte[] content) {
        try (Staged staged = stage(target, content)) {
            staged.commit();
        }
    }

    /**
     * Makes the folder where it is missing, and proves that files can be written into it by writing one, so that long
     * work is not begun when its result could not be kept.
     *
     * @throws HourglassException when the folder cannot be made or written into
     */
    public static void requireWritableFolder(Path folder) {
        makeFolder(folder);
        Path probe = temporaryIn(folder);
        try {
            Files.write(probe, new byte[1], StandardOpenOption.CREATE_NEW);
            Files.delete(probe);
        } catch (IOException e) {
            removeQuietly(probe);
            throw folderProblem(folder, e);
        }
    }

    /**
     * Throws unless a file can be written under this name, before long work for it is begun: makes its folder where it is
     * missing, and replaces nothing.
     */
    public static void requireWritable(Path target) {
        Path file = target.toAbsolutePath().normalize();
        requireReplaceable(file, target);
        requireWritableFolder(file.getParent());
    }

    /** Writes the whole content next to {@code target}; {@link Staged#commit} gives it the name. */
    static Staged stage(Path target, Body body) {
        Path file = target.toAbsolutePath().normalize();
        requireReplaceable(file, target);
        makeFolder(file.getParent());
        Path temporary = temporaryIn(file.getParent());
        boolean complete = false;
        // CREATE_NEW follows the umask; Files.createTempFile would leave the result readable by its owner only.
        try (FileChannel channel =
                FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            body.write(channel);
            channel.force(true);
            complete = true;
        } catch (IOException e) {
            throw Problems.unwritable(target, e);
        } finally {
            if (!complete) {
                removeQuietly(temporary);
            }
        }
        return new Staged(file, temporary);
    }

    /** Writes these bytes next to {@code target}. */
    static Staged stage(Path target, byte[] content) {
        return stage(target, channel -> writeFully(channel, ByteBuffer.wrap(content)));
    }

    /** Removes a file, lastingly, unless it holds exactly these bytes. */
    static void removeUnlessSame(Path file, byte[] content) {
        try {
            boolean same = Files.exists(file)
                    && Files.size(file) == content.length
                    && Arrays.equals(Files.readAllBytes(file), content);
            if (!same && Files.deleteIfExists(file)) {
                forceFolder(file.toAbsolutePath().getParent());
            }
        } catch (IOException e) {
            throw Problems.unwritable(file, e);
        }
    }

    /** Writes all that remains in {@code buffer}. */
    static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    /**
     * A file that is complete on the disk but has not got its name yet; closing it without {@link #commit} removes it.
     */
    static final class Staged implements AutoCloseable {

        private final Path target;
        private final Path temporary;

        private Staged(Path target, Path temporary) {
            this.target = target;
            this.temporary = temporary;
        }

        /** Puts the file under its final name, in the place of an older one. */
        void commit() {
            try {
                Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            } catch (IOException e) {
                throw Problems.unwritable(target, e);
            }
            forceFolder(target.getParent());
        }

        @Override
        public void close() {
            removeQuietly(temporary);
        }
    }

    private static Path temporaryIn(Path folder) {
        return folder.resolve(".hourglass-" + UUID.randomUUID() + ".tmp");
    }

    /** The rename would put a plain file in the place of a device such as /dev/null. */
    private static void requireReplaceable(Path file, Path target) {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw HourglassException.what("not a file that can be replaced")
                    .where(target)
                    .expected("a free name or an ordinary file")
                    .found(Files.isDirectory(file) ? "a folder" : "a special file")
                    .mend("choose another name")
                    .build();
        }
    }

    private static void makeFolder(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw folderProblem(folder, e);
        }
    }

    private static HourglassException folderProblem(Path folder, IOException cause) {
        return HourglassException.what("cannot write into this folder")
                .where(folder)
                .expected("a folder that you may write into, on a disk with free space")
                .found(Problems.reason(cause))
                .mend("choose another folder, or change this one's permissions")
                .cause(cause)
                .build();
    }

    /** Makes a rename last through a power cut. Windows cannot open a folder; there the rename is journaled anyway. */
    private static void forceFolder(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException e) {
            // The file is complete and has its name; only its durability in the next second is in doubt.
        }
    }

    private static void removeQuietly(Path temporary) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            // What went wrong first is what the caller needs to hear of.
        }
    }
}
