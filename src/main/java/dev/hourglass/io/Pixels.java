package dev.hourglass.io;

import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.IndexColorModel;
import java.awt.image.Raster;

/**
 * Samples of a picture as they are stored. {@code BufferedImage.getRGB} will not do: it takes gray for linear light and
 * changes every value on its way to sRGB.
 */
final class Pixels {

    private Pixels() {}

    /** The picture as bytes {@code [H, W, channels]}; transparency is dropped. */
    static byte[] toBytes(BufferedImage image, int channels) {
        int width = image.getWidth();
        byte[] bytes = new byte[Math.multiplyExact(Math.multiplyExact(image.getHeight(), width), channels)];
        int[] row = new int[width * 3];
        for (int y = 0; y < image.getHeight(); y++) {
            readRow(image, y, row);
            for (int x = 0; x < width; x++) {
                int to = (y * width + x) * channels;
                if (channels == 1) {
                    bytes[to] = (byte) luma(row[3 * x], row[3 * x + 1], row[3 * x + 2]);
                } else {
                    bytes[to] = (byte) row[3 * x];
                    bytes[to + 1] = (byte) row[3 * x + 1];
                    bytes[to + 2] = (byte) row[3 * x + 2];
                }
            }
        }
        return bytes;
    }

    /** One row as red, green and blue, each 0 to 255. */
    private static void readRow(BufferedImage image, int y, int[] row) {
        ColorModel colours = image.getColorModel();
        Raster raster = image.getRaster();
        int bands = raster.getNumBands();
        int[] samples = raster.getPixels(0, y, image.getWidth(), 1, (int[]) null);
        for (int x = 0; x < image.getWidth(); x++) {
            if (colours instanceof IndexColorModel palette) {
                int colour = palette.getRGB(samples[x]);
                row[3 * x] = colour >> 16 & 0xff;
                row[3 * x + 1] = colour >> 8 & 0xff;
                row[3 * x + 2] = colour & 0xff;
            } else {
                boolean gray = colours.getColorSpace().getType() == ColorSpace.TYPE_GRAY;
                for (int c = 0; c < 3; c++) {
                    int band = gray ? 0 : c;
                    row[3 * x + c] = eightBits(samples[x * bands + band], colours.getComponentSize(band));
                }
            }
        }
    }

    private static int eightBits(int sample, int bits) {
        int most = (1 << bits) - 1;
        return bits == Byte.SIZE ? sample : (int) ((sample * 255L + most / 2) / most);
    }

    /** ITU-R 601-2 as Pillow computes it; equal samples give that sample. */
    private static int luma(int red, int green, int blue) {
        return red * 19595 + green * 38470 + blue * 7471 + 0x8000 >> 16;
    }
}
