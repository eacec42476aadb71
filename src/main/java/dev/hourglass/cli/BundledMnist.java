package dev.hourglass.cli;

import dev.hourglass.error.HourglassException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The MNIST files that come with the repository. */
final class BundledMnist {

    /** The system property with the repository's folder, set by the launcher. */
    static final String HOME_PROPERTY = "hourglass.home";

    private static final Path FOLDER = Path.of("data", "mnist");

    private BundledMnist() {}

    /** The folder with the IDX files. */
    static Path folder() {
        Path folder = Path.of(System.getProperty(HOME_PROPERTY, "")).resolve(FOLDER);
        if (!Files.isDirectory(folder)) {
            throw HourglassException.what("the bundled MNIST is not there")
                    .where(folder.toAbsolutePath())
                    .expected("the four IDX files of MNIST (train-images-idx3-ubyte.gz, ...)")
                    .found("no such folder")
                    .mend("run Hourglass from its repository, or say where that is: -D" + HOME_PROPERTY + "=DIR")
                    .build();
        }
        return folder;
    }
}
