package dev.hourglass.cli;

import dev.hourglass.ImageSize;
import dev.hourglass.UNet;
import dev.hourglass.io.AtomicFiles;
import dev.hourglass.unet.TinyUNet;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/** Small inputs for commands. */
final class Samples {

    /** The size of the images of {@link #images}: as small as TinyUNet takes, one side odd. */
    static final ImageSize SIZE = new ImageSize(8, 9);

    private Samples() {}

    /** A folder like {@code data/mnist}, with few and small images: bright bars on black. */
    static Path images(Path folder, int train, int test) {
        AtomicFiles.write(folder.resolve("train-images-idx3-ubyte.gz"), gzip(idx(train, 1)));
        AtomicFiles.write(folder.resolve("t10k-images-idx3-ubyte.gz"), gzip(idx(test, 2)));
        return folder;
    }

    /** An IDX file of images. */
    static byte[] idx(int count, long seed) {
        int pixels = SIZE.height() * SIZE.width();
        ByteBuffer file = ByteBuffer.allocate(16 + count * pixels);
        file.putInt(0x0803).putInt(count).putInt(SIZE.height()).putInt(SIZE.width());
        Random random = new Random(seed);
        for (int image = 0; image < count; image++) {
            int column = random.nextInt(SIZE.width());
            for (int pixel = 0; pixel < pixels; pixel++) {
                file.put((byte) (pixel % SIZE.width() == column ? 255 : 0));
            }
        }
        return file.array();
    }

    /** Writes the classes of the test images of {@link #images}. */
    static void testLabels(Path folder, int... labels) {
        ByteBuffer file = ByteBuffer.allocate(8 + labels.length);
        file.putInt(0x0801).putInt(labels.length);
        for (int label : labels) {
            file.put((byte) label);
        }
        AtomicFiles.write(folder.resolve("t10k-labels-idx1-ubyte"), file.array());
    }

    static byte[] gzip(byte[] content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** A model folder with the random weights that training starts from. */
    static Path untrained(Path folder, ImageSize size) {
        try (UNet model = UNet.create(new TinyUNet(), size, 7)) {
            model.save(folder);
        }
        return folder;
    }

    /** The names of all files under a folder, hidden ones too; none when there is no such folder. */
    static List<String> namesUnder(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .map(file -> folder.relativize(file).toString())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
