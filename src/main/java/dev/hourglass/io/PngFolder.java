package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** A folder of PNG pictures, all of one size. Subfolders and hidden files are left alone. */
public final class PngFolder {

    private PngFolder() {}

    /**
     * Reads all {@code *.png} of a folder, ordered by name. The result is gray (C = 1) when every file is stored as
     * gray, otherwise red, green and blue (C = 3; gray files repeat their value); transparency is dropped; 16-bit
     * samples are rounded to 8.
     *
     * @return {@code [N, H, W, C]}, to be closed by the caller
     * @throws HourglassException when the folder is missing or has no pictures, and for the first file that is
     *     unreadable or of another size than the first
     */
    public static ImageBytes read(Path folder) {
        List<Path> files = list(folder);
        if (files.isEmpty()) {
            throw HourglassException.what("no pictures in the folder")
                    .where(folder)
                    .expected("files named *.png")
                    .found("none")
                    .mend("check the folder; subfolders are not searched")
                    .build();
        }
        return read(files);
    }

    /** Reads these pictures, at least one. */
    static ImageBytes read(List<Path> files) {
        PngFile.Header first = PngFile.header(files.getFirst());
        boolean gray = true;
        for (Path file : files) {
            PngFile.Header header = PngFile.header(file);
            requireSameSize(files.getFirst(), first, file, header);
            gray &= header.gray();
        }
        ImageBytes images = ImageBytes.open(files.size(), first.height(), first.width(), gray ? 1 : 3);
        boolean complete = false;
        try {
            for (int i = 0; i < files.size(); i++) {
                byte[] pixels = Pixels.toBytes(PngFile.read(files.get(i)), images.channels());
                // The file may have changed since its header was looked at.
                if (pixels.length != images.imageBytes()) {
                    throw Problems.unreadable(
                            files.get(i), new IOException("the file changed while it was being read"));
                }
                MemorySegment.copy(pixels, 0, images.image(i), ValueLayout.JAVA_BYTE, 0, pixels.length);
            }
            complete = true;
            return images;
        } finally {
            if (!complete) {
                images.close();
            }
        }
    }

    /** The pictures of a folder, ordered by name. */
    static List<Path> list(Path folder) {
        Problems.requireFolder(folder, "a folder of PNG pictures");
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, PngFolder::isPicture)) {
            entries.forEach(files::add);
        } catch (IOException e) {
            throw Problems.unreadable(folder, e);
        } catch (DirectoryIteratorException e) {
            throw Problems.unreadable(folder, e.getCause());
        }
        files.sort(Comparator.comparing(file -> file.getFileName().toString()));
        return files;
    }

    // macOS leaves "._name.png" files, which are no pictures, on foreign disks.
    private static boolean isPicture(Path file) {
        String name = file.getFileName().toString();
        return name.toLowerCase(Locale.ROOT).endsWith(".png") && !name.startsWith(".") && Files.isRegularFile(file);
    }

    private static void requireSameSize(Path firstFile, PngFile.Header first, Path file, PngFile.Header found) {
        if (found.width() != first.width() || found.height() != first.height()) {
            throw HourglassException.what("the pictures are not all of one size")
                    .where(file)
                    .expected(first.width() + "x" + first.height() + " pixels, as " + firstFile.getFileName())
                    .found(found.width() + "x" + found.height())
                    .mend("crop or scale the pictures to one size")
                    .build();
        }
    }
}
