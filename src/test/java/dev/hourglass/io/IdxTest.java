package dev.hourglass.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("once")
class IdxTest {

    private static final Path MNIST = Path.of("data/mnist");

    @TempDir
    Path folder;

    private Path file;

    @BeforeEach
    void nameTheFile() {
        file = folder.resolve("images");
    }

    @Test
    void readsTheTrainingSetOfMnist() {
        try (ImageBytes images = Idx.readImages(Idx.findImages(MNIST, "train"))) {
            assertEquals(60_000, images.count());
            assertEquals(28, images.height());
            assertEquals(28, images.width());
            assertEquals(1, images.channels());
            assertEquals(60_000L * 28 * 28, images.pixels().byteSize());
            long sum = 0;
            for (byte pixel : images.pixels().toArray(ValueLayout.JAVA_BYTE)) {
                sum += pixel & 0xff;
            }
            assertEquals(0.1307, sum / 255.0 / (60_000 * 28 * 28), 0.00005);
        }
        int[] counts = new int[10];
        for (byte label : Idx.readLabels(Idx.findLabels(MNIST, "train"))) {
            counts[label]++;
        }
        assertArrayEquals(new int[] {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}, counts);
    }

    @Test
    void readsTheTestSetOfMnist() {
        try (ImageBytes images = ImageData.open(MNIST, "t10k")) {
            assertEquals(10_000, images.count());
            assertEquals(28 * 28, images.image(9_999).byteSize());
        }
        byte[] labels = Idx.readLabels(Idx.findLabels(MNIST, "t10k"));
        assertEquals(10_000, labels.length);
        assertArrayEquals(new byte[] {7, 2, 1, 0, 4}, Arrays.copyOf(labels, 5));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void readsPlainAndGzippedWhateverTheName(boolean gzipped) throws IOException {
        byte[] content = idx(0x0803, "\1\2\3\4\5\6\7\u0008\11\12\13\14", 2, 3, 2);
        Files.write(file, gzipped ? gzip(content) : content);
        try (ImageBytes images = Idx.readImages(file)) {
            assertEquals(2, images.count());
            assertEquals(3, images.height());
            assertEquals(2, images.width());
            assertEquals("[2, 3, 2, 1]", images.tensor().shape().toString());
            assertArrayEquals(new byte[] {7, 8, 9, 10, 11, 12}, images.image(1).toArray(ValueLayout.JAVA_BYTE));
        }
        byte[] labels = idx(0x0801, "\1\2\3", 3);
        Files.write(file, gzipped ? gzip(labels) : labels);
        assertArrayEquals(new byte[] {1, 2, 3}, Idx.readLabels(file));
    }

    @Test
    void findsEveryUsualNameAndListsThemWhenThereIsNone() throws IOException {
        String[] names = {
            "train-images-idx3-ubyte",
            "train-images-idx3-ubyte.gz",
            "train-images.idx3-ubyte",
            "train-images.idx3-ubyte.gz"
        };
        Problem.expect(() -> Idx.findImages(folder, "train"), folder, names[0], names[1], names[2], names[3]);
        Problem.expect(() -> Idx.findLabels(folder, "t10k"), folder, "t10k-labels-idx1-ubyte.gz");
        Problem.expect(() -> Idx.findImages(file, "train"), file, "no such folder");
        for (String name : names) {
            Path found = Files.createFile(folder.resolve(name));
            assertEquals(found, Idx.findImages(folder, "train"));
            Files.delete(found);
        }
    }

    @Test
    void aWrongMagicNumberIsExplained() throws IOException {
        Files.write(file, idx(0x0801, "\1", 1));
        expect("0x00000803 (3 axes of unsigned bytes: images)", "0x00000801 (1 axis of unsigned bytes: labels)");
        Problem.expect(
                () -> Idx.readLabels(Files.write(file, idx(0x0803, "\1", 1, 1, 1))), "found: 0x00000803", "images");
        Files.write(file, idx(0x0d03, "\1", 1, 1, 1));
        expect("0x00000d03 (3 axes of float32)");
        Files.write(file, idx(0x89504e47, "\1", 1, 1, 1));
        expect("0x89504e47 (no IDX file)");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 4, 15})
    void aHeaderCutShort(int bytes) throws IOException {
        byte[] content = Arrays.copyOf(idx(0x0803, "\1", 1, 1, 1), bytes);
        Files.write(file, content);
        expect("ends too early", "a header of 16 bytes");
        Files.write(file, gzip(content));
        expect("ends too early", "a header of 16 bytes");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void fewerOrMoreBytesThanClaimed(boolean gzipped) throws IOException {
        byte[] few = idx(0x0803, "\1\2\3", 1, 2, 2);
        Files.write(file, gzipped ? gzip(few) : few);
        expect("ends too early", "4 bytes after the header, for axes [1, 2, 2]", "found: 3");
        byte[] many = idx(0x0803, "\1\2\3\4\5", 1, 2, 2);
        Files.write(file, gzipped ? gzip(many) : many);
        expect("goes on after its data", "4 bytes after the header", gzipped ? "at least 5" : "found: 5");
    }

    @ParameterizedTest
    @CsvSource({"0,28,28", "1,0,28", "1,28,0"})
    void emptySets(int count, int height, int width) throws IOException {
        Files.write(file, idx(0x0803, "", count, height, width));
        expect("is empty", "axes [" + count + ", " + height + ", " + width + "]");
    }

    @ParameterizedTest
    @CsvSource({"-1,28,28", "100000001,1,1", "1,16385,1", "1,1,-1", "-1,-1,-1"})
    void absurdSizes(int count, int height, int width) throws IOException {
        Files.write(file, idx(0x0803, "x", count, height, width));
        expect("absurd size", Integer.toUnsignedString(count) + ", " + Integer.toUnsignedString(height));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aClaimBeyondTheFileTakesNoMemory(boolean gzipped) throws IOException {
        byte[] content = idx(0x0803, "\1", 100_000_000, 16_384, 16_384);
        Files.write(file, gzipped ? gzip(content) : content);
        expect("ends too early", "26843545600000000 bytes", gzipped ? "at most" : "found: 1");
        byte[] labels = idx(0x0801, "\1", 100_000_000);
        Files.write(file, gzipped ? gzip(labels) : labels);
        Problem.expect(() -> Idx.readLabels(file), file, "ends too early", "100000000 bytes");
    }

    @Test
    void gzipCutShortAtEveryByte() throws IOException {
        byte[] whole = gzip(idx(0x0803, "\1\2\3\4", 1, 2, 2));
        for (int length = 2; length < whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            expect("ends too early");
        }
    }

    @Test
    void gzipWithAWrongSumOrLength() throws IOException {
        byte[] whole = gzip(idx(0x0803, "\1\2\3\4", 1, 2, 2));
        for (int fromEnd : new int[] {8, 4}) {
            byte[] damaged = whole.clone();
            damaged[damaged.length - fromEnd] ^= 1;
            Files.write(file, damaged);
            expect("gzip data is damaged", "check sum", "fetch the file again");
        }
        whole[10] = (byte) 0xff;
        Files.write(file, whole);
        expect("gzip data is damaged");
    }

    @Test
    void missingFilesAndFolders() {
        expect("no such file");
        Problem.expect(() -> Idx.readImages(folder), folder, "not a file");
    }

    @Test
    void closedImagesAreNotRead() throws IOException {
        Files.write(file, idx(0x0803, "\1", 1, 1, 1));
        ImageBytes images = Idx.readImages(file);
        images.close();
        images.close();
        assertThrows(IllegalStateException.class, images::pixels);
    }

    private void expect(Object... parts) {
        Problem.expect(() -> Idx.readImages(file), file);
        Problem.expect(() -> Idx.readImages(file), parts);
    }

    static byte[] idx(int magic, String data, int... dims) {
        ByteBuffer bytes =
                ByteBuffer.allocate(4 + 4 * dims.length + data.length()).putInt(magic);
        for (int dim : dims) {
            bytes.putInt(dim);
        }
        data.chars().forEach(c -> bytes.put((byte) c));
        return bytes.array();
    }

    static byte[] gzip(byte[] content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(bytes)) {
            out.write(content);
        }
        return bytes.toByteArray();
    }

    @Test
    void labelsLieBesideTheImages() {
        try (LabelledImages fromFolder = ImageData.openLabelled(MNIST, "t10k");
                LabelledImages fromFile = ImageData.openLabelled(MNIST.resolve("t10k-images-idx3-ubyte.gz"), "train")) {
            assertEquals(fromFolder.labels(), fromFile.labels());
            assertEquals(10_000, fromFolder.labels().size());
            assertEquals(7, fromFolder.labels().getFirst());
        }
    }
}
