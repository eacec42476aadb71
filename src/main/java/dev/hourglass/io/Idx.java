package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Images and labels in the IDX format of MNIST, plain or gzipped; which of the two is told by the first bytes, not by
 * the name. Only unsigned bytes are read: {@code idx3-ubyte} (images) and {@code idx1-ubyte} (labels).
 *
 * @see <a href="http://yann.lecun.com/exdb/mnist/">the format</a>
 */
public final class Idx {

    private static final int IMAGES = 0x0803;
    private static final int LABELS = 0x0801;
    private static final int CHUNK = 1 << 16;

    private Idx() {}

    /**
     * Reads an {@code idx3-ubyte} file.
     *
     * @return {@code [N, H, W, 1]}, to be closed by the caller
     * @throws HourglassException when the file is missing, damaged, cut short, too long, empty, or no IDX image file
     */
    public static ImageBytes readImages(Path file) {
        try {
            IdxSource source = IdxSource.open(file);
            long[] dims = source.readHeader(IMAGES);
            ImageBytes images = ImageBytes.open((int) dims[0], (int) dims[1], (int) dims[2], 1);
            boolean complete = false;
            try {
                fill(source, images.pixels());
                complete = true;
                return images;
            } finally {
                if (!complete) {
                    images.close();
                }
            }
        } catch (IOException e) {
            throw Problems.unreadable(file, e);
        }
    }

    /**
     * Reads an {@code idx1-ubyte} file.
     *
     * @return one unsigned byte for each image
     * @throws HourglassException as {@link #readImages}
     */
    public static byte[] readLabels(Path file) {
        try {
            IdxSource source = IdxSource.open(file);
            byte[] labels = new byte[(int) source.readHeader(LABELS)[0]];
            fill(source, MemorySegment.ofArray(labels));
            return labels;
        } catch (IOException e) {
            throw Problems.unreadable(file, e);
        }
    }

    /**
     * Finds the images of a split in a folder, under one of the names MNIST is spread by.
     *
     * @param split {@code "train"} or {@code "t10k"}
     * @throws HourglassException when the folder is missing or holds none of the names, which the error lists
     */
    public static Path findImages(Path folder, String split) {
        return find(folder, imageNames(split));
    }

    /** Finds the labels of a split, as {@link #findImages} does the images. */
    public static Path findLabels(Path folder, String split) {
        return find(folder, names(split + "-labels", "idx1-ubyte"));
    }

    /** The labels' file that lies beside an images' file, named like it, plain or gzipped. */
    static Path labelsBeside(Path images) {
        String name = images.getFileName().toString().replaceFirst("\\.gz$", "");
        String labels = name.replace("images", "labels").replace("idx3", "idx1");
        Path folder = images.toAbsolutePath().getParent();
        if (labels.equals(name)) {
            throw HourglassException.what("no labels can be found for the images")
                    .where(images)
                    .expected("a name like train-images-idx3-ubyte, whose labels are in train-labels-idx1-ubyte")
                    .found(name)
                    .mend("rename the files, or name a folder that holds both")
                    .build();
        }
        return find(folder, List.of(labels, labels + ".gz"));
    }

    /** The names that a split's images may have. */
    static List<String> imageNames(String split) {
        return names(split + "-images", "idx3-ubyte");
    }

    /** The first of these names that is a file in the folder. */
    static Optional<Path> lookFor(Path folder, List<String> names) {
        return names.stream().map(folder::resolve).filter(Files::isRegularFile).findFirst();
    }

    private static Path find(Path folder, List<String> names) {
        Problems.requireFolder(folder, "a folder of IDX files");
        return lookFor(folder, names)
                .orElseThrow(() -> HourglassException.what("no such IDX file in the folder")
                        .where(folder)
                        .expected("one of " + String.join(", ", names))
                        .found("none of them")
                        .mend("check the folder, or fetch the file")
                        .build());
    }

    private static List<String> names(String stem, String type) {
        return List.of(stem + "-" + type, stem + "-" + type + ".gz", stem + "." + type, stem + "." + type + ".gz");
    }

    private static void fill(IdxSource source, MemorySegment target) throws IOException {
        byte[] chunk = new byte[CHUNK];
        try (InputStream in = source.data()) {
            for (long done = 0; done < target.byteSize(); ) {
                int n = in.readNBytes(chunk, 0, (int) Math.min(chunk.length, target.byteSize() - done));
                if (n == 0) {
                    throw new IOException("the file changed while it was being read");
                }
                MemorySegment.copy(chunk, 0, target, ValueLayout.JAVA_BYTE, done, n);
                done += n;
            }
        }
    }
}
