package dev.hourglass.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.awt.image.IndexColorModel;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
class PngFolderTest {

    @TempDir
    Path folder;

    @Test
    void grayPicturesKeepTheirExactBytesInTheOrderOfTheirNames() throws IOException {
        write("b.png", gray(2, 1, 100, 255));
        write("a.PNG", gray(2, 1, 0, 50));
        write(".hidden.png", gray(9, 9));
        Files.writeString(folder.resolve("._b.png"), "left by macOS");
        Files.writeString(folder.resolve("notes.txt"), "no picture");
        Files.createDirectory(folder.resolve("c.png"));
        try (ImageBytes images = PngFolder.read(folder)) {
            assertEquals("[2, 1, 2, 1]", images.tensor().shape().toString());
            assertArrayEquals(
                    new byte[] {0, 50, 100, (byte) 255}, images.pixels().toArray(ValueLayout.JAVA_BYTE));
        }
    }

    @Test
    void oneColouredPictureMakesAllOfThemColoured() throws IOException {
        write("a.png", gray(1, 2, 7, 9));
        BufferedImage rgb = new BufferedImage(1, 2, BufferedImage.TYPE_INT_RGB);
        rgb.setRGB(0, 0, 0x010203);
        rgb.setRGB(0, 1, 0xff8040);
        write("b.png", rgb);
        try (ImageBytes images = PngFolder.read(folder)) {
            assertEquals("[2, 2, 1, 3]", images.tensor().shape().toString());
            assertArrayEquals(
                    new byte[] {7, 7, 7, 9, 9, 9, 1, 2, 3, (byte) 255, (byte) 128, 64},
                    images.pixels().toArray(ValueLayout.JAVA_BYTE));
        }
    }

    @Test
    void transparencyIsDroppedAndPalettesAreColours() throws IOException {
        BufferedImage clear = new BufferedImage(1, 1, BufferedImage.TYPE_INT_ARGB);
        clear.setRGB(0, 0, 0x00102030);
        write("a.png", clear);
        byte[] reds = {0, 11};
        byte[] greens = {0, 22};
        byte[] blues = {0, 33};
        IndexColorModel palette = new IndexColorModel(8, 2, reds, greens, blues);
        BufferedImage indexed = new BufferedImage(1, 1, BufferedImage.TYPE_BYTE_INDEXED, palette);
        indexed.getRaster().setSample(0, 0, 0, 1);
        write("b.png", indexed);
        try (ImageBytes images = PngFolder.read(folder)) {
            assertArrayEquals(
                    new byte[] {16, 32, 48, 11, 22, 33}, images.pixels().toArray(ValueLayout.JAVA_BYTE));
        }
    }

    @Test
    void otherDepthsBecomeEightBits() throws IOException {
        BufferedImage deep = new BufferedImage(3, 1, BufferedImage.TYPE_USHORT_GRAY);
        deep.getRaster().setSamples(0, 0, 3, 1, 0, new int[] {0, 65535, 257 * 100});
        write("a.png", deep);
        BufferedImage black = new BufferedImage(3, 1, BufferedImage.TYPE_BYTE_BINARY);
        black.setRGB(1, 0, 0xffffff);
        write("b.png", black);
        try (ImageBytes images = PngFolder.read(folder)) {
            assertEquals(1, images.channels());
            assertArrayEquals(
                    new byte[] {0, (byte) 255, 100, 0, (byte) 255, 0},
                    images.pixels().toArray(ValueLayout.JAVA_BYTE));
        }
    }

    @Test
    void theOddSizeIsNamed() throws IOException {
        write("a.png", gray(4, 3));
        write("b.png", gray(4, 3));
        write("c.png", gray(3, 4));
        Problem.expect(() -> PngFolder.read(folder), folder.resolve("c.png"), "4x3 pixels, as a.png", "found: 3x4");
    }

    @Test
    void emptyAndMissingFolders() {
        Problem.expect(() -> PngFolder.read(folder), folder, "no pictures", "*.png");
        Problem.expect(() -> PngFolder.read(folder.resolve("none")), "none", "no such folder");
    }

    @Test
    void theFirstUnreadableFileIsNamed() throws IOException {
        write("a.png", gray(4, 3));
        Path text = Files.writeString(folder.resolve("b.png"), "this is no picture at all, but long enough to be one");
        Files.createFile(folder.resolve("c.png"));
        Problem.expect(() -> PngFolder.read(folder), text, "not a readable PNG", "signature");
        Files.delete(text);
        Problem.expect(() -> PngFolder.read(folder), folder.resolve("c.png"), "not a readable PNG");
    }

    @Test
    void aPictureCutShortAtAnyByteIsAnError() throws IOException {
        Path file = write("a.png", gray(8, 8, 1, 2, 3, 4, 5));
        byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length < whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            Problem.expect(() -> PngFolder.read(folder), file, "not a readable PNG");
        }
    }

    @Test
    void anyFlippedByteIsAnError() throws IOException {
        Path file = write("a.png", gray(8, 8, 1, 2, 3, 4, 5));
        byte[] whole = Files.readAllBytes(file);
        for (int at = 0; at < whole.length; at++) {
            byte[] damaged = whole.clone();
            damaged[at] ^= 0x10;
            Files.write(file, damaged);
            Problem.expect(() -> PngFolder.read(folder), file);
        }
    }

    @Test
    void sizesThatAFileCannotHoldTakeNoMemory() throws IOException {
        Path file = folder.resolve("bomb.png");
        Files.write(file, pngOf(8000, 8000, new byte[0]));
        Problem.expect(() -> PngFolder.read(folder), file, "8000x8000", "only");
        Files.write(file, pngOf(Integer.MAX_VALUE, 1, new byte[0]));
        Problem.expect(() -> PngFolder.read(folder), file, "sides of 1 to 16384", "2147483647x1");
        Files.write(file, pngOf(-1, 1, new byte[0]));
        Problem.expect(() -> PngFolder.read(folder), file, "4294967295x1");
        Files.write(file, pngOf(0, 1, new byte[0]));
        Problem.expect(() -> PngFolder.read(folder), file, "0x1");
    }

    @Test
    void rightCheckSumsAroundWrongPixelsAreAnError() throws IOException {
        Path file = folder.resolve("a.png");
        Files.write(file, pngOf(8, 8, "not deflated".getBytes(StandardCharsets.UTF_8)));
        Problem.expect(() -> PngFolder.read(folder), file, "not a readable PNG");
    }

    @Test
    void imageDataTakesIdxBeforePicturesAndSaysWhatItLookedFor() throws IOException {
        Problem.expect(() -> ImageData.open(folder), folder, "train-images-idx3-ubyte.gz", "*.png", "neither");
        Problem.expect(() -> ImageData.open(folder.resolve("none")), "none", "no such folder");
        write("a.png", gray(4, 3));
        try (ImageBytes images = ImageData.open(folder)) {
            assertEquals(4, images.width());
        }
        Path idx = Files.write(folder.resolve("train-images-idx3-ubyte"), IdxTest.idx(0x0803, "\1", 1, 1, 1));
        try (ImageBytes fromFolder = ImageData.open(folder);
                ImageBytes fromFile = ImageData.open(idx)) {
            assertEquals(1, fromFolder.width());
            assertTrue(fromFile.pixels().mismatch(fromFolder.pixels()) < 0);
        }
    }

    /** A PNG of 8-bit gray with right check sums and this as its deflated pixels. */
    private static byte[] pngOf(int width, int height, byte[] deflated) {
        ByteBuffer png = ByteBuffer.allocate(8 + 25 + 12 + deflated.length + 12).putLong(0x89504e470d0a1a0aL);
        chunk(
                png,
                "IHDR",
                ByteBuffer.allocate(13)
                        .putInt(width)
                        .putInt(height)
                        .put((byte) 8)
                        .array());
        chunk(png, "IDAT", deflated);
        chunk(png, "IEND", new byte[0]);
        return png.array();
    }

    private static void chunk(ByteBuffer png, String type, byte[] content) {
        CRC32 sum = new CRC32();
        sum.update(type.getBytes(StandardCharsets.US_ASCII));
        sum.update(content);
        png.putInt(content.length)
                .put(type.getBytes(StandardCharsets.US_ASCII))
                .put(content)
                .putInt((int) sum.getValue());
    }

    private static BufferedImage gray(int width, int height, int... samples) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_BYTE_GRAY);
        for (int i = 0; i < samples.length; i++) {
            image.getRaster().setSample(i % width, i / width, 0, samples[i]);
        }
        return image;
    }

    private Path write(String name, BufferedImage image) throws IOException {
        Path file = folder.resolve(name);
        assertTrue(ImageIO.write(image, "png", file.toFile()));
        return file;
    }
}
