package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** Images to train on, in whichever form they lie there. */
public final class ImageData {

    private ImageData() {}

    /**
     * Reads the training images of a folder: {@link #open(Path, String)} with {@code "train"}.
     *
     * @return {@code [N, H, W, C]}, to be closed by the caller
     */
    public static ImageBytes open(Path path) {
        return open(path, "train");
    }

    /**
     * Reads an IDX file, or from a folder the IDX images of a split, or its PNG pictures where there is no IDX file.
     *
     * @param split {@code "train"} or {@code "t10k"}; PNG folders have no splits
     * @return {@code [N, H, W, C]}, to be closed by the caller
     * @throws HourglassException when there is nothing to read, with what was looked for, or what is there cannot be
     *     read
     */
    public static ImageBytes open(Path path, String split) {
        if (Files.isRegularFile(path)) {
            return Idx.readImages(path);
        }
        Problems.requireFolder(path, "a folder of images, or an IDX file");
        List<String> names = Idx.imageNames(split);
        Optional<Path> idx = Idx.lookFor(path, names);
        if (idx.isPresent()) {
            return Idx.readImages(idx.get());
        }
        if (PngFolder.list(path).isEmpty()) {
            throw HourglassException.what("no images in the folder")
                    .where(path)
                    .expected("an IDX file (" + String.join(", ", names) + ") or pictures (*.png)")
                    .found("neither")
                    .mend("check the folder; subfolders are not searched")
                    .build();
        }
        return PngFolder.read(path);
    }

    /**
     * Reads images and their classes: an IDX file of images with the labels' file beside it, a folder with both of a split, or a folder
     * with a sub-folder of PNG pictures for each class (numbered in the order of their names, or by their names where all are whole
     * numbers).
     *
     * @param split {@code "train"} or {@code "t10k"}; folders of pictures have no splits
     * @return to be closed by the caller
     * @throws HourglassException as {@link #open(Path, String)}, and when labels are missing or are not as many as the images
     */
    public static LabelledImages openLabelled(Path path, String split) {
        if (Files.isRegularFile(path)) {
            return labelled(path, Idx.labelsBeside(path));
        }
        Problems.requireFolder(path, "a folder of images with labels, or an IDX file of images");
        Optional<Path> idx = Idx.lookFor(path, Idx.imageNames(split));
        return idx.isPresent() ? labelled(idx.get(), Idx.findLabels(path, split)) : ClassFolders.read(path);
    }

    private static LabelledImages labelled(Path imageFile, Path labelFile) {
        byte[] labels = Idx.readLabels(labelFile);
        ImageBytes images = Idx.readImages(imageFile);
        if (images.count() != labels.length) {
            int count = images.count();
            images.close();
            throw HourglassException.what("the labels are not those of the images")
                    .where(labelFile)
                    .expected(count + " labels, one for each image of " + imageFile.getFileName())
                    .found(labels.length)
                    .mend("fetch both files from one place")
                    .build();
        }
        return new LabelledImages(
                images,
                IntStream.range(0, labels.length)
                        .mapToObj(k -> labels[k] & 0xff)
                        .toList());
    }
}
