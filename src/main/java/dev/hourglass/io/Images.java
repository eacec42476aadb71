package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import dev.hourglass.memory.Shape;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.Arrays;
import javax.imageio.ImageIO;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Between batches of floats in [-1, 1] and pictures. */
public final class Images {

    private static final int BACKGROUND = 0xffffff;
    private static final int NOT_A_NUMBER = 0xff00ff;
    /** The most pixels a picture may have. */
    public static final long MOST_PIXELS = 1L << 28;

    private Images() {}

    /**
     * Draws a batch as a grid, row by row. Values from -1 to 1 become 0 to 255, values beyond are clamped, and a pixel
     * with a NaN is magenta: a picture of a broken model is worth having.
     *
     * @param data {@code shape.elements()} floats in the machine's byte order
     * @param shape {@code [N, C, H, W]} or {@code [N, H, W, C]}, with 1 (gray) or 3 channels
     * @param columns images in a row
     * @param gap white pixels between images, in pixels of the result
     * @param scale pixels of the result for one pixel of an image, along each side
     * @throws HourglassException when the shape is none of images, or the picture would have more than 2^28 pixels
     */
    public static BufferedImage grid(
            MemorySegment data, Shape shape, ImageLayout layout, int columns, int gap, int scale) {
        if (columns < 1 || gap < 0 || scale < 1) {
            throw HourglassException.what("a grid cannot be drawn like this")
                    .expected("at least one column, a gap of at least 0, a scale of at least 1")
                    .found("columns " + columns + ", gap " + gap + ", scale " + scale)
                    .build();
        }
        Batch batch = Batch.of(data, shape, layout);
        int across = Math.min(columns, batch.count);
        int down = Math.ceilDiv(batch.count, across);
        long width = across * ((long) batch.width * scale + gap) - gap;
        long height = down * ((long) batch.height * scale + gap) - gap;
        if (width > MOST_PIXELS || height > MOST_PIXELS || width * height > MOST_PIXELS) {
            throw HourglassException.what("the picture would be too large")
                    .expected("at most " + MOST_PIXELS + " pixels")
                    .found(width + "x" + height + " for images " + shape)
                    .mend("draw fewer images, or at a smaller scale")
                    .build();
        }
        BufferedImage picture = new BufferedImage((int) width, (int) height, BufferedImage.TYPE_INT_RGB);
        int[] row = new int[(int) width];
        long cellHeight = (long) batch.height * scale + gap;
        for (int y = 0; y < height; y++) {
            int inCell = (int) (y % cellHeight);
            Arrays.fill(row, BACKGROUND);
            if (inCell < batch.height * scale) {
                batch.drawRow(row, (int) (y / cellHeight) * across, across, inCell / scale, gap, scale);
            }
            picture.setRGB(0, y, (int) width, 1, row, 0, (int) width);
        }
        return picture;
    }

    /** Draws a batch from an array, as {@link #grid(MemorySegment, Shape, ImageLayout, int, int, int)}. */
    public static BufferedImage grid(float[] data, Shape shape, ImageLayout layout, int columns, int gap, int scale) {
        return grid(MemorySegment.ofArray(data), shape, layout, columns, gap, scale);
    }

    /**
     * Writes a picture as PNG, atomically.
     *
     * @throws HourglassException when the file cannot be written
     */
    public static void writePng(Path file, BufferedImage picture) {
        AtomicFiles.write(file, channel -> {
            try (ImageOutputStream out = new MemoryCacheImageOutputStream(Channels.newOutputStream(channel))) {
                if (!ImageIO.write(picture, "png", out)) {
                    throw new IOException("the JDK has no PNG writer for this kind of picture");
                }
            }
        });
    }

    /**
     * Reads a PNG file.
     *
     * @throws HourglassException when it is missing, damaged, no PNG, or too large
     */
    public static BufferedImage readPng(Path file) {
        return PngFile.read(file);
    }

    /**
     * A picture as floats in [-1, 1], {@code [H, W, channels]}: gray (ITU-R 601 where the picture has colour) for 1
     * channel, red, green and blue for 3. Transparency is dropped.
     */
    public static float[] toFloats(BufferedImage picture, int channels) {
        requireChannels(channels, channels);
        byte[] bytes = Pixels.toBytes(picture, channels);
        float[] floats = new float[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            floats[i] = (bytes[i] & 0xff) / 127.5f - 1;
        }
        return floats;
    }

    private static void requireChannels(int channels, Object found) {
        if (channels != 1 && channels != 3) {
            throw HourglassException.what("images have one channel or three")
                    .expected("1 (gray) or 3 (red, green, blue)")
                    .found(found)
                    .build();
        }
    }

    /** A batch of images and the distances in memory, in floats, between neighbours along each axis. */
    private record Batch(
            MemorySegment data,
            int count,
            int channels,
            int height,
            int width,
            long imageStride,
            long channelStride,
            long rowStride,
            long columnStride) {

        static Batch of(MemorySegment data, Shape shape, ImageLayout layout) {
            if (shape.rank() != 4 || data.byteSize() != shape.floatBytes()) {
                throw HourglassException.what("not a batch of images")
                        .expected("four axes, " + layout + ", and as many floats")
                        .found(shape + " and " + data.byteSize() / Float.BYTES + " floats")
                        .build();
            }
            boolean last = layout == ImageLayout.NHWC;
            int channels = shape.dim(last ? 3 : 1);
            int height = shape.dim(last ? 1 : 2);
            int width = shape.dim(last ? 2 : 3);
            requireChannels(channels, layout + " " + shape);
            long area = (long) height * width;
            return last
                    ? new Batch(
                            data,
                            shape.dim(0),
                            channels,
                            height,
                            width,
                            area * channels,
                            1,
                            (long) width * channels,
                            channels)
                    : new Batch(data, shape.dim(0), channels, height, width, area * channels, area, width, 1);
        }

        /** Draws row {@code imageRow} of the images from {@code first} on side by side. */
        void drawRow(int[] row, int first, int across, int imageRow, int gap, int scale) {
            for (int column = 0; column < across && first + column < count; column++) {
                int left = column * (width * scale + gap);
                for (int x = 0; x < width; x++) {
                    Arrays.fill(row, left + x * scale, left + (x + 1) * scale, colour(first + column, imageRow, x));
                }
            }
        }

        private int colour(int image, int y, int x) {
            int colour = 0;
            for (int channel = 0; channel < 3; channel++) {
                long at = image * imageStride
                        + (channels == 1 ? 0 : channel * channelStride)
                        + y * rowStride
                        + x * columnStride;
                float value = data.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at * Float.BYTES);
                if (Float.isNaN(value)) {
                    return NOT_A_NUMBER;
                }
                colour = colour << 8 | Math.clamp(Math.round((value + 1) * 127.5f), 0, 255);
            }
            return colour;
        }
    }
}
