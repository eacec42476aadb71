package dev.hourglass.io;

import dev.hourglass.error.HourglassException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;

/**
 * A safetensors file, checked whole before anything is read from it: 8 bytes little-endian header length, a JSON header,
 * then the data. What is asked for is mapped into memory for as long as it takes to convert it, so that a file of any size
 * weighs no more than what is being read. Safe to read from several threads.
 *
 * @see <a href="https://huggingface.co/docs/safetensors">the format</a>
 */
public final class Safetensors implements Tensors {

    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Path file;
    private final FileChannel channel;
    private final FileStamp stamp;
    private final long dataBegin;
    private final SafetensorsHeader header;

    private Safetensors(Path file, FileChannel channel, FileStamp stamp, long dataBegin, SafetensorsHeader header) {
        this.file = file;
        this.channel = channel;
        this.stamp = stamp;
        this.dataBegin = dataBegin;
        this.header = header;
    }

    /**
     * Opens a file and checks its header.
     *
     * @throws HourglassException when the file is missing, unreadable, cut short, damaged, or of a type not known
     */
    public static Safetensors open(Path file) {
        Problems.requireFile(file, "a safetensors file");
        FileChannel channel = null;
        try {
            channel = FileChannel.open(file, StandardOpenOption.READ);
            FileStamp stamp = FileStamp.of(file, channel);
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment all = channel.map(FileChannel.MapMode.READ_ONLY, 0, stamp.bytes(), arena);
                long headerBytes = headerLength(file, all);
                long dataBegin = Long.BYTES + headerBytes;
                byte[] json = all.asSlice(Long.BYTES, headerBytes).toArray(ValueLayout.JAVA_BYTE);
                SafetensorsHeader header = SafetensorsHeader.parse(file, json, stamp.bytes() - dataBegin);
                return new Safetensors(file, channel, stamp, dataBegin, header);
            }
        } catch (ClosedByInterruptException e) {
            throw cutOff(file, e);
        } catch (IOException e) {
            release(channel);
            throw Problems.unreadable(file, e);
        } catch (RuntimeException e) {
            release(channel);
            throw e;
        }
    }

    private static void release(FileChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            // a file that was only read loses nothing when closing it fails
        }
    }

    @Override
    public Path file() {
        return file;
    }

    @Override
    public Path file(String name) {
        entry(name);
        return file;
    }

    /** The names of all tensors, in the order of the header. */
    public List<String> names() {
        return List.copyOf(header.entries().keySet());
    }

    /** The free-form strings of the header, in file order; empty where there are none. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /** All tensors, in the order of the header. */
    @Override
    public List<TensorEntry> entries() {
        return List.copyOf(header.entries().values());
    }

    @Override
    public boolean contains(String name) {
        return header.entries().containsKey(name);
    }

    @Override
    public TensorEntry entry(String name) {
        TensorEntry entry = header.entries().get(name);
        if (entry == null) {
            throw Problems.noTensor(file, name, header.entries().keySet());
        }
        return entry;
    }

    @Override
    public void copyFloats(String name, long first, MemorySegment target) {
        TensorEntry entry = entry(name);
        long count = target.byteSize() / Float.BYTES;
        if (first < 0 || count > entry.elements() - first) {
            throw HourglassException.what("the tensor has fewer elements than are asked for")
                    .where(file + ": tensor " + entry)
                    .expected("elements from " + first + " on, " + count + " in all")
                    .found(entry.elements())
                    .mend("check that the file belongs to this model")
                    .build();
        }
        requireOpen();
        requireUnchanged(name);
        long begin = dataBegin + entry.begin() + first * entry.type().bytes();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment source = channel.map(
                    FileChannel.MapMode.READ_ONLY, begin, count * entry.type().bytes(), arena);
            FloatDecoder.decode(entry.type(), source, target, count);
        } catch (ClosedChannelException e) {
            throw cutOff(file, e);
        } catch (IOException e) {
            throw changed(name, e);
        } catch (InternalError e) {
            // How the JVM reports a mapped page that is gone; it may also come late, which is why the file is looked at
            // first.
            throw changed(name, e);
        }
    }

    /** Touching pages of a file that someone has cut short since it was opened is an error of the JVM: ask first. */
    private void requireUnchanged(String name) {
        try {
            if (!stamp.holds(file, channel)) {
                throw changed(name, null);
            }
        } catch (ClosedChannelException e) {
            throw cutOff(file, e);
        } catch (IOException e) {
            throw changed(name, e);
        }
    }

    /** An interrupt closes the channel that its thread reads from, for all threads; the thread stays interrupted. */
    private static HourglassException cutOff(Path file, ClosedChannelException cause) {
        return HourglassException.what("the file was closed while it was being read")
                .where(file)
                .found(
                        cause instanceof ClosedByInterruptException
                                ? "an interrupt of the thread that reads"
                                : "another thread, or an interrupt of one")
                .mend("open it again; let nobody close or interrupt what still reads")
                .cause(cause)
                .build();
    }

    private HourglassException changed(String name, Throwable cause) {
        return HourglassException.what("the file changed while it was being read")
                .where(file + ": tensor " + Problems.quote(name))
                .mend("open it again when nothing writes to it any more")
                .cause(cause)
                .build();
    }

    @Override
    public void close() {
        release(channel);
    }

    private void requireOpen() {
        if (!channel.isOpen()) {
            throw HourglassException.what("the file has been closed")
                    .where(file)
                    .mend("read from it before closing it, or open it again")
                    .build();
        }
    }

    private static long headerLength(Path file, MemorySegment all) {
        if (all.byteSize() < Long.BYTES) {
            throw cutShort(file, "at least 8 bytes", all.byteSize() + " bytes");
        }
        long length = all.get(LENGTH, 0);
        // A negative number is one of 2^63 or more: the field is unsigned.
        if (length < 0 || length > SafetensorsHeader.LONGEST) {
            throw HourglassException.what("not a safetensors file, or a damaged one")
                    .where(file)
                    .expected("a header of at most " + SafetensorsHeader.LONGEST + " bytes")
                    .found("a header length of " + Long.toUnsignedString(length))
                    .mend("check that this is the file you meant; a PyTorch .bin or .pt must be converted first")
                    .build();
        }
        if (length > all.byteSize() - Long.BYTES) {
            throw cutShort(file, "a header of " + length + " bytes", all.byteSize() + " bytes in all");
        }
        return length;
    }

    private static HourglassException cutShort(Path file, String expected, String found) {
        return HourglassException.what("the safetensors file ends too early")
                .where(file)
                .expected(expected)
                .found(found)
                .mend("the file was cut short: fetch it again")
                .build();
    }
}
