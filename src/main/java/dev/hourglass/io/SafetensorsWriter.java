package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes float32 tensors as a safetensors file, byte for byte as the reference implementation does: tensors ordered by
 * name, the header padded with spaces so that the data begins at a multiple of 8. The data is streamed; the file
 * appears whole or not at all.
 */
public final class SafetensorsWriter {

    private static final int BUFFER_BYTES = 1 << 20;
    private static final int ALIGNMENT = 8;
    private static final ValueLayout.OfFloat SOURCE = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfFloat STORED = SOURCE.withOrder(ByteOrder.LITTLE_ENDIAN);

    private SafetensorsWriter() {}

    /**
     * Writes a file, in the place of an older one.
     *
     * @param tensors in any order, each name once
     * @param metadata free-form strings for the header, may be empty
     * @throws HourglassException when the file cannot be written, a name is taken twice, or a tensor's data has another
     *     size than its shape; what a tensor's supplier throws is passed on; an older file stays as it was in every
     *     case
     */
    public static void write(Path file, Collection<TensorData> tensors, Map<String, String> metadata) {
        AtomicFiles.write(file, body(file, tensors, metadata));
    }

    /** The content of the file, with everything checked that can be before the first byte is written. */
    static AtomicFiles.Body body(Path file, Collection<TensorData> tensors, Map<String, String> metadata) {
        List<TensorData> inOrder = new ArrayList<>(tensors);
        inOrder.sort(Comparator.comparing(TensorData::name));
        byte[] header = header(file, inOrder, metadata);
        return channel -> writeAll(file, channel, header, inOrder);
    }

    private static byte[] header(Path file, List<TensorData> tensors, Map<String, String> metadata) {
        Map<String, Object> header = new LinkedHashMap<>();
        if (!metadata.isEmpty()) {
            header.put(SafetensorsHeader.METADATA, metadata);
        }
        long position = 0;
        for (TensorData tensor : tensors) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("dtype", StoredType.F32.name());
            entry.put("shape", tensor.shape().toArray());
            entry.put(
                    "data_offsets",
                    new long[] {position, position + tensor.shape().floatBytes()});
            if (tensor.name().equals(SafetensorsHeader.METADATA) || header.put(tensor.name(), entry) != null) {
                throw HourglassException.what("the tensor's name is taken")
                        .where(file + ": tensor " + Problems.quote(tensor.name()))
                        .expected("every name once, and none " + SafetensorsHeader.METADATA)
                        .mend("rename the tensor")
                        .build();
            }
            position += tensor.shape().floatBytes();
        }
        byte[] json = Json.compact(header);
        int padded = (json.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        if (padded > SafetensorsHeader.LONGEST) {
            throw HourglassException.what("the header is too long to be read back")
                    .where(file)
                    .expected("at most " + SafetensorsHeader.LONGEST + " bytes")
                    .found(padded)
                    .mend("put less into the metadata")
                    .build();
        }
        byte[] bytes = Arrays.copyOf(json, padded);
        Arrays.fill(bytes, json.length, padded, (byte) ' ');
        return bytes;
    }

    private static void writeAll(Path file, FileChannel channel, byte[] header, List<TensorData> tensors)
            throws IOException {
        ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        AtomicFiles.writeFully(channel, buffer.putLong(header.length).flip());
        AtomicFiles.writeFully(channel, ByteBuffer.wrap(header));
        for (TensorData tensor : tensors) {
            MemorySegment floats = tensor.data().get();
            if (floats.byteSize() != tensor.shape().floatBytes()) {
                throw HourglassException.what("shape and data of the tensor disagree")
                        .where(file + ": tensor " + Problems.quote(tensor.name()))
                        .expected(tensor.shape().elements() + " floats for " + tensor.shape())
                        .found(floats.byteSize() / Float.BYTES)
                        .build();
            }
            writeFloats(channel, buffer, floats);
        }
    }

    private static void writeFloats(FileChannel channel, ByteBuffer buffer, MemorySegment floats) throws IOException {
        MemorySegment staging = MemorySegment.ofBuffer(buffer.clear());
        for (long done = 0; done < floats.byteSize(); done += staging.byteSize()) {
            long bytes = Math.min(staging.byteSize(), floats.byteSize() - done);
            MemorySegment.copy(floats, SOURCE, done, staging, STORED, 0, bytes / Float.BYTES);
            AtomicFiles.writeFully(channel, buffer.clear().limit((int) bytes));
        }
    }
}
