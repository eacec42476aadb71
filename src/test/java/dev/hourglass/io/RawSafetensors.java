package dev.hourglass.io;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Safetensors files put together by hand, so that they can be wrong. */
final class RawSafetensors {

    private RawSafetensors() {}

    /** A file with this header, an honest header length, and this many zero bytes. */
    static Path write(Path file, String header, int dataBytes) throws IOException {
        return write(file, header.getBytes(StandardCharsets.UTF_8), new byte[dataBytes]);
    }

    /** A file with this header, an honest header length, and this data. */
    static Path write(Path file, byte[] header, byte[] data) throws IOException {
        return write(file, header.length, header, data);
    }

    /** A file that claims a header of {@code headerLength} bytes. */
    static Path write(Path file, long headerLength, byte[] header, byte[] data) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(littleEndian(Long.BYTES).putLong(headerLength).array());
        out.write(header);
        out.write(data);
        return Files.write(file, out.toByteArray());
    }

    /** The header entry of one tensor. */
    static String entry(String name, String dtype, String shape, long begin, long end) {
        return "\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}"
                .formatted(name, dtype, shape, begin, end);
    }

    static ByteBuffer littleEndian(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
}
