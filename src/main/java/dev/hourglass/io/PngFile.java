package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import dev.hourglass.memory.MemoryBudget;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.CRC32;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * One PNG file, read in two steps: the header alone, which tells the size at no cost, and the picture, whose chunks and
 * check sums are verified before the JDK's decoder, which is lenient about both, sees it.
 */
final class PngFile {

    private static final long SIGNATURE = 0x89504e470d0a1a0aL;
    private static final int HEADER_BYTES = 33;
    private static final int CHUNK_FRAME = 12;
    private static final int IHDR = 0x49484452;
    private static final int IDAT = 0x49444154;
    private static final int IEND = 0x49454e44;
    private static final long LARGEST_FILE = 1L << 28;

    /** Deflate cannot make more than this many bytes of one. */
    private static final long BEST_RATIO = 1032;

    private PngFile() {}

    /**
     * What the first bytes of a file say.
     *
     * @param width columns
     * @param height rows
     * @param gray whether its colour type is gray, with or without transparency; a palette counts as colour
     * @param bitsPerPixel of the stored picture
     */
    record Header(int width, int height, boolean gray, int bitsPerPixel) {}

    /** Reads the header of a PNG file. */
    static Header header(Path file) {
        Problems.requireFile(file, "a PNG file");
        try (InputStream in = Files.newInputStream(file)) {
            return header(file, ByteBuffer.wrap(in.readNBytes(HEADER_BYTES)), Files.size(file));
        } catch (IOException e) {
            throw Problems.unreadable(file, e);
        }
    }

    /** Reads a PNG file. */
    static BufferedImage read(Path file) {
        Problems.requireFile(file, "a PNG file");
        try {
            long size = Files.size(file);
            if (size > LARGEST_FILE) {
                throw unreadable(file, "at most " + LARGEST_FILE + " bytes", size + " bytes", null);
            }
            byte[] content = Files.readAllBytes(file);
            header(file, ByteBuffer.wrap(content), content.length);
            requireWholeChunks(file, ByteBuffer.wrap(content));
            return decode(file, content);
        } catch (IOException e) {
            throw unreadable(file, "a PNG picture", Problems.reason(e), e);
        }
    }

    private static Header header(Path file, ByteBuffer bytes, long fileSize) {
        if (bytes.remaining() < HEADER_BYTES || bytes.getLong(0) != SIGNATURE || bytes.getInt(12) != IHDR) {
            throw unreadable(file, "a PNG signature and header", "something else", null);
        }
        int width = bytes.getInt(16);
        int height = bytes.getInt(20);
        int colourType = bytes.get(25);
        if (Math.min(width, height) < 1 || Math.max(width, height) > ImageBytes.LONGEST_SIDE) {
            String found = Integer.toUnsignedString(width) + "x" + Integer.toUnsignedString(height);
            throw unreadable(file, "sides of 1 to " + ImageBytes.LONGEST_SIDE + " pixels", found, null);
        }
        int samples = switch (colourType) {
            case 0, 3 -> 1;
            case 4 -> 2;
            case 2 -> 3;
            case 6 -> 4;
            default -> throw unreadable(file, "colour type 0, 2, 3, 4 or 6", colourType, null);
        };
        int bitsPerPixel = samples * bytes.get(24);
        requireAffordable(file, width, height, bitsPerPixel, fileSize);
        return new Header(width, height, colourType == 0 || colourType == 4, bitsPerPixel);
    }

    /**
     * The decoder takes memory for the claimed size at once: the claim must be possible for the file and fit the heap.
     */
    private static void requireAffordable(Path file, int width, int height, int bitsPerPixel, long fileSize) {
        long packed = (long) width * height * bitsPerPixel / Byte.SIZE;
        if (packed / BEST_RATIO > fileSize) {
            throw unreadable(
                    file, width + "x" + height + " pixels, as its header claims", "only " + fileSize + " bytes", null);
        }
        long decoded = (long) width * height * Math.max(1, bitsPerPixel / Byte.SIZE);
        long allowed = Runtime.getRuntime().maxMemory() / 4;
        if (decoded > allowed) {
            throw HourglassException.what("the picture is too large for the Java heap")
                    .where(file)
                    .expected("at most " + MemoryBudget.format(allowed) + ", a quarter of the heap")
                    .found(width + "x" + height + " pixels, " + MemoryBudget.format(decoded))
                    .mend("use a smaller picture, or raise -Xmx")
                    .build();
        }
    }

    private static void requireWholeChunks(Path file, ByteBuffer bytes) {
        CRC32 sum = new CRC32();
        bytes.position(Long.BYTES);
        boolean pixels = false;
        while (true) {
            int at = bytes.position();
            if (bytes.remaining() < CHUNK_FRAME) {
                throw unreadable(file, "an end mark", "the end of the file at byte " + bytes.limit(), null);
            }
            int length = bytes.getInt(at);
            int type = bytes.getInt(at + 4);
            if (length < 0 || length > bytes.remaining() - CHUNK_FRAME) {
                throw unreadable(
                        file,
                        "a chunk of " + Integer.toUnsignedString(length) + " bytes at byte " + at,
                        "the end of the file at byte " + bytes.limit(),
                        null);
            }
            sum.reset();
            sum.update(bytes.array(), at + 4, length + 4);
            if ((int) sum.getValue() != bytes.getInt(at + 8 + length)) {
                throw unreadable(file, "a right check sum of the chunk at byte " + at, "a wrong one", null);
            }
            pixels |= type == IDAT;
            if (type == IEND) {
                break;
            }
            bytes.position(at + CHUNK_FRAME + length);
        }
        if (!pixels) {
            throw unreadable(file, "pixels", "none", null);
        }
    }

    private static BufferedImage decode(Path file, byte[] content) throws IOException {
        ImageReader reader = ImageIO.getImageReadersByFormatName("png").next();
        try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(content))) {
            // Without metadata: text and colour profiles are where hostile lengths could hide.
            reader.setInput(in, true, true);
            return reader.read(0);
        } catch (RuntimeException e) {
            throw unreadable(file, "a PNG picture", e.toString(), e);
        } finally {
            reader.dispose();
        }
    }

    private static HourglassException unreadable(Path file, String expected, Object found, Exception cause) {
        return HourglassException.what("not a readable PNG picture")
                .where(file)
                .expected(expected)
                .found(found)
                .mend("save or fetch the picture again, or take it out of the folder")
                .cause(cause)
                .build();
    }
}
