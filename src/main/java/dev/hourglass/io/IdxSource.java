package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * An IDX file, plain or gzipped, whose header is believed only after the data behind it has been counted. A gzipped
 * file is therefore unpacked twice, once to count and to check its sum, once to keep: MNIST takes a fraction of a
 * second each time, and nothing is allocated for a claim.
 */
final class IdxSource {

    private static final int CHUNK = 1 << 16;

    /** Deflate cannot make more than this many bytes of one. */
    private static final long BEST_RATIO = 1032;

    /** So many labels fit any heap; no data set comes near. */
    private static final int MOST_ITEMS = 100_000_000;

    private static final int GZIP_MAGIC = 0x1f8b;
    private static final String[] TYPES = new String[256];

    static {
        TYPES[0x08] = "unsigned bytes";
        TYPES[0x09] = "signed bytes";
        TYPES[0x0b] = "16-bit integers";
        TYPES[0x0c] = "32-bit integers";
        TYPES[0x0d] = "float32";
        TYPES[0x0e] = "float64";
    }

    private final Path file;
    private final boolean gzipped;
    private int headerBytes;

    private IdxSource(Path file, boolean gzipped) {
        this.file = file;
        this.gzipped = gzipped;
    }

    /** Finds out whether a file is gzipped. */
    static IdxSource open(Path file) throws IOException {
        Problems.requireFile(file, "an IDX file, plain or gzipped");
        try (InputStream in = Files.newInputStream(file)) {
            byte[] first = in.readNBytes(2);
            boolean gzipped = first.length == 2 && ((first[0] & 0xff) << 8 | first[1] & 0xff) == GZIP_MAGIC;
            return new IdxSource(file, gzipped);
        }
    }

    /**
     * Reads the header and holds it against the data.
     *
     * @param magic the magic number wanted: element type in the upper, number of axes in the lower byte
     * @return the axis lengths, each at least 1 and fitting an int
     */
    long[] readHeader(int magic) throws IOException {
        int axes = magic & 0xff;
        headerBytes = Integer.BYTES * (1 + axes);
        try (DataInputStream in = new DataInputStream(stream())) {
            int found;
            long[] dims = new long[axes];
            try {
                found = in.readInt();
                requireMagic(magic, found);
                for (int axis = 0; axis < axes; axis++) {
                    dims[axis] = Integer.toUnsignedLong(in.readInt());
                }
            } catch (EOFException e) {
                throw endsTooEarly("a header of " + headerBytes + " bytes", "fewer", e);
            } catch (ZipException e) {
                throw damaged(e);
            }
            requireCredible(dims);
            requireData(in, dims);
            return dims;
        }
    }

    /** The bytes after the header. */
    InputStream data() throws IOException {
        InputStream in = stream();
        in.skipNBytes(headerBytes);
        return in;
    }

    private InputStream stream() throws IOException {
        InputStream raw = Files.newInputStream(file);
        if (!gzipped) {
            return new BufferedInputStream(raw, CHUNK);
        }
        try {
            return new BufferedInputStream(new GZIPInputStream(raw, CHUNK), CHUNK);
        } catch (EOFException e) {
            raw.close();
            throw endsTooEarly("gzip data", "less than a gzip header", e);
        } catch (ZipException e) {
            raw.close();
            throw damaged(e);
        }
    }

    private void requireMagic(int wanted, int found) {
        if (found == wanted) {
            return;
        }
        throw HourglassException.what("not the kind of IDX file that is wanted")
                .where(file)
                .expected(meaning(wanted))
                .found(meaning(found))
                .mend("give an MNIST-style idx3-ubyte file for images, an idx1-ubyte file for labels")
                .build();
    }

    /** As in {@code 0x00000801 (1 axis of unsigned bytes: labels)}. */
    private static String meaning(int magic) {
        String number = String.format("0x%08x", magic);
        String type = magic >>> 16 == 0 ? TYPES[magic >>> 8 & 0xff] : null;
        int axes = magic & 0xff;
        if (type == null) {
            return number + " (no IDX file)";
        }
        String use = magic == 0x0803 ? ": images" : magic == 0x0801 ? ": labels" : "";
        return number + " (" + axes + (axes == 1 ? " axis of " : " axes of ") + type + use + ")";
    }

    private void requireCredible(long[] dims) {
        boolean empty = Arrays.stream(dims).anyMatch(dim -> dim == 0);
        boolean sides = dims.length == 1 || Math.max(dims[1], dims[2]) <= ImageBytes.LONGEST_SIDE;
        if (empty || !sides || dims[0] > MOST_ITEMS) {
            throw HourglassException.what(empty ? "the IDX file is empty" : "the IDX header claims an absurd size")
                    .where(file)
                    .expected("1 to " + MOST_ITEMS + " items"
                            + (dims.length == 1 ? "" : ", sides of 1 to " + ImageBytes.LONGEST_SIDE))
                    .found("axes " + Arrays.toString(dims))
                    .mend("the file is damaged or of another kind: fetch it again")
                    .build();
        }
    }

    private void requireData(InputStream in, long[] dims) throws IOException {
        long claimed = Arrays.stream(dims).reduce(1, (a, b) -> a * b);
        long size = Files.size(file);
        if (!gzipped) {
            requireCount(dims, claimed, size - headerBytes, "");
            return;
        }
        if (claimed / BEST_RATIO > size) {
            requireCount(dims, claimed, size * BEST_RATIO, "at most ");
        }
        long counted = 0;
        byte[] chunk = new byte[CHUNK];
        try {
            for (int n = in.read(chunk); n >= 0 && counted <= claimed; n = in.read(chunk)) {
                counted += n;
            }
        } catch (EOFException e) {
            throw endsTooEarly(claimed + " bytes of gzipped data", "about " + counted, e);
        } catch (ZipException e) {
            throw damaged(e);
        }
        requireCount(dims, claimed, counted, counted > claimed ? "at least " : "");
    }

    private void requireCount(long[] dims, long claimed, long counted, String bound) {
        if (claimed == counted) {
            return;
        }
        throw HourglassException.what(
                        counted < claimed ? "the IDX file ends too early" : "the IDX file goes on after its data")
                .where(file)
                .expected(claimed + " bytes after the header, for axes " + Arrays.toString(dims))
                .found(bound + counted)
                .mend("the file is damaged: fetch it again")
                .build();
    }

    private HourglassException endsTooEarly(String expected, String found, EOFException cause) {
        return HourglassException.what("the IDX file ends too early")
                .where(file)
                .expected(expected)
                .found(found)
                .mend("the file was cut short: fetch it again")
                .cause(cause)
                .build();
    }

    private HourglassException damaged(ZipException cause) {
        return HourglassException.what("the gzip data is damaged")
                .where(file)
                .expected("gzip data with the right check sum")
                .found(Problems.reason(cause))
                .mend("fetch the file again")
                .cause(cause)
                .build();
    }
}
