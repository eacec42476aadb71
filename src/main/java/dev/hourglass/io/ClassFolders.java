package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/**
 * A folder with one sub-folder of PNG pictures for each class. Classes are numbered from 0 in the order of the sub-folders' names, or by
 * their names where all of them are whole numbers.
 */
final class ClassFolders {

    /** So long a number fits an int. */
    private static final String NUMBER = "[0-9]{1,9}";

    private ClassFolders() {}

    /**
     * Reads all pictures, ordered by class and name; see {@link PngFolder} for their size and channels.
     *
     * @return to be closed by the caller
     * @throws HourglassException when there are no sub-folders with pictures, or a picture is none of the same size
     */
    static LabelledImages read(Path folder) {
        List<Path> classes = classes(folder);
        boolean numbered = classes.stream().allMatch(each -> name(each).matches(NUMBER));
        List<Path> files = new ArrayList<>();
        List<Integer> labels = new ArrayList<>();
        for (int k = 0; k < classes.size(); k++) {
            List<Path> pictures = PngFolder.list(classes.get(k));
            files.addAll(pictures);
            int label = numbered ? Integer.parseInt(name(classes.get(k))) : k;
            labels.addAll(Collections.nCopies(pictures.size(), label));
        }
        if (files.isEmpty()) {
            throw HourglassException.what("no labelled images in the folder")
                    .where(folder)
                    .expected(
                            "an IDX file of images and one of labels, or a sub-folder of pictures (*.png) for each class")
                    .found(classes.size() + " sub-folders without pictures")
                    .mend("sort the pictures into sub-folders, one for each class")
                    .build();
        }
        return new LabelledImages(PngFolder.read(files), labels);
    }

    private static List<Path> classes(Path folder) {
        Problems.requireFolder(folder, "a folder with a sub-folder for each class");
        List<Path> classes = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(
                folder, each -> Files.isDirectory(each) && !name(each).startsWith("."))) {
            entries.forEach(classes::add);
        } catch (IOException e) {
            throw Problems.unreadable(folder, e);
        } catch (DirectoryIteratorException e) {
            throw Problems.unreadable(folder, e.getCause());
        }
        classes.sort(Comparator.comparing(ClassFolders::name));
        return classes;
    }

    private static String name(Path folder) {
        return folder.getFileName().toString();
    }
}
