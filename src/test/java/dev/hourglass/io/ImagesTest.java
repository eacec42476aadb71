package dev.hourglass.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.hourglass.memory.Shape;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
class ImagesTest {

    @TempDir
    Path folder;

    @Test
    void mapsMinusOneToOneOntoAllGraysAndClampsTheRest() {
        float[] values = {-1, 0, 1, -3, 5, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY, Float.NaN};
        BufferedImage picture = Images.grid(values, Shape.of(1, 1, 1, 8), ImageLayout.NCHW, 1, 0, 1);
        assertArrayEquals(
                new int[] {0x000000, 0x808080, 0xffffff, 0x000000, 0xffffff, 0x000000, 0xffffff, 0xff00ff},
                row(picture, 0));
    }

    @Test
    void bothLayoutsDrawTheSamePicture() {
        // Two images of 1 x 2 pixels in three channels.
        float[] nhwc = {-1, 0, 1, 1, 0, -1, 1, 1, 1, -1, -1, 1};
        float[] nchw = {-1, 1, 0, 0, 1, -1, 1, -1, 1, -1, 1, 1};
        int[] expected = {0x0080ff, 0xff8000, 0xffffff, 0x0000ff};
        assertArrayEquals(expected, row(Images.grid(nhwc, Shape.of(2, 1, 2, 3), ImageLayout.NHWC, 2, 0, 1), 0));
        assertArrayEquals(expected, row(Images.grid(nchw, Shape.of(2, 3, 1, 2), ImageLayout.NCHW, 2, 0, 1), 0));
    }

    @Test
    void laysImagesOutRowByRowWithGapsAndScale() {
        float[] three = {-1, -1, -1};
        BufferedImage picture = Images.grid(three, Shape.of(3, 1, 1, 1), ImageLayout.NHWC, 2, 1, 2);
        assertEquals(5, picture.getWidth());
        assertEquals(5, picture.getHeight());
        int b = 0x000000;
        int w = 0xffffff;
        assertArrayEquals(new int[] {b, b, w, b, b}, row(picture, 0));
        assertArrayEquals(new int[] {b, b, w, b, b}, row(picture, 1));
        assertArrayEquals(new int[] {w, w, w, w, w}, row(picture, 2));
        assertArrayEquals(new int[] {b, b, w, w, w}, row(picture, 3));
        assertArrayEquals(new int[] {b, b, w, w, w}, row(picture, 4));
    }

    @Test
    void fewerImagesThanColumnsMakeANarrowGrid() {
        BufferedImage picture = Images.grid(new float[2], Shape.of(2, 1, 1, 1), ImageLayout.NHWC, 8, 1, 1);
        assertEquals(3, picture.getWidth());
        assertEquals(1, picture.getHeight());
        int most = Integer.MAX_VALUE;
        BufferedImage one = Images.grid(new float[2], Shape.of(1, 2, 1, 1), ImageLayout.NHWC, most, most, 1);
        assertEquals(1, one.getWidth());
        assertEquals(0x808080, row(one, 1)[0]);
    }

    @Test
    void refusesWhatIsNoBatchOfImages() {
        expectRefused(new float[6], Shape.of(2, 3), "four axes");
        expectRefused(new float[5], Shape.of(1, 1, 2, 3), "[1, 1, 2, 3] and 5 floats");
        expectRefused(new float[2], Shape.of(1, 1, 1, 2), "one channel or three");
        Problem.expect(() -> Images.grid(new float[1], Shape.of(1, 1, 1, 1), ImageLayout.NHWC, 0, 0, 1), "columns 0");
        Problem.expect(
                () -> Images.grid(new float[1], Shape.of(1, 1, 1, 1), ImageLayout.NHWC, 1, 0, 1 << 20), "too large");
        Problem.expect(() -> Images.toFloats(new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB), 2), "1 (gray)");
    }

    @Test
    void picturesSurviveTheirFile() throws IOException {
        float[] values = new float[3 * 4 * 5];
        for (int i = 0; i < values.length; i++) {
            values[i] = i / 127.5f - 1;
        }
        Path file = folder.resolve("samples/grid.png");
        Images.writePng(file, Images.grid(values, Shape.of(1, 4, 5, 3), ImageLayout.NHWC, 1, 0, 1));
        assertArrayEquals(values, Images.toFloats(Images.readPng(file), 3), 1e-6f);
        assertEquals(List.of("grid.png"), Problem.namesIn(file.getParent()));
    }

    @Test
    void colourBecomesGrayAsPillowDoesIt() {
        BufferedImage picture = new BufferedImage(3, 1, BufferedImage.TYPE_INT_RGB);
        picture.setRGB(0, 0, 0xff0000);
        picture.setRGB(1, 0, 0x00ff00);
        picture.setRGB(2, 0, 0x0000ff);
        // PIL.Image.convert("L") of pure red, green and blue.
        assertArrayEquals(
                new float[] {76 / 127.5f - 1, 150 / 127.5f - 1, 29 / 127.5f - 1}, Images.toFloats(picture, 1), 1e-6f);
    }

    @Test
    void grayIsNotTakenForLinearLight() {
        BufferedImage picture = new BufferedImage(1, 1, BufferedImage.TYPE_BYTE_GRAY);
        picture.getRaster().setSample(0, 0, 0, 100);
        float expected = 100 / 127.5f - 1;
        assertArrayEquals(new float[] {expected}, Images.toFloats(picture, 1), 1e-6f);
        assertArrayEquals(new float[] {expected, expected, expected}, Images.toFloats(picture, 3), 1e-6f);
    }

    @Test
    void aPictureThatCannotBeWrittenLeavesTheOldOne() throws IOException {
        Path obstacle = Files.writeString(folder.resolve("taken"), "old");
        BufferedImage picture = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB);
        Problem.expect(() -> Images.writePng(obstacle.resolve("a.png"), picture), obstacle);
        assertEquals("old", Files.readString(obstacle));
        Problem.expect(() -> Images.readPng(obstacle), obstacle, "not a readable PNG");
    }

    private static void expectRefused(float[] data, Shape shape, String part) {
        Problem.expect(() -> Images.grid(data, shape, ImageLayout.NHWC, 1, 0, 1), part);
    }

    private static int[] row(BufferedImage picture, int y) {
        int[] row = picture.getRGB(0, y, picture.getWidth(), 1, null, 0, picture.getWidth());
        for (int x = 0; x < row.length; x++) {
            row[x] &= 0xffffff;
        }
        return row;
    }
}
