package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

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
}
