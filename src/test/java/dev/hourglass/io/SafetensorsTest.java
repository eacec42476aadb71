package dev.hourglass.io;

import static dev.hourglass.io.RawSafetensors.entry;
import static dev.hourglass.io.RawSafetensors.littleEndian;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.hourglass.memory.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
class SafetensorsTest {

    private static final Path REFERENCE = Path.of("src/test/resources/parity/ops");

    @TempDir
    Path folder;

    @Test
    void readsWhatTheReferenceLibraryWrote() {
        try (Safetensors file = Safetensors.open(REFERENCE.resolve("activation.safetensors"))) {
            assertEquals("activation", file.metadata().get("op"));
            assertTrue(file.metadata().get("cases").contains("\"name\": \"c01\", \"kind\": \"relu\""));
            assertEquals("c00.grad_input", file.names().getFirst());
            assertEquals(Shape.of(117), file.entry("c01.input").shape());
            float[] input = file.floats("c01.input");
            float[] relu = file.floats("c01.output");
            float[] sigmoid = file.floats("c05.output");
            float[] sigmoidInput = file.floats("c05.input");
            for (int i = 0; i < 117; i++) {
                assertEquals(Math.max(0, input[i]), relu[i] + 0f);
                assertEquals(1 / (1 + Math.exp(-sigmoidInput[i])), sigmoid[i], 1e-7);
            }
        }
    }

    @Test
    void readsIntegersOfTheReferenceLibrary() {
        try (Safetensors file = Safetensors.open(REFERENCE.resolve("loss.safetensors"))) {
            assertEquals(StoredType.I64, file.entry("c03.target").type());
            float[] classes = file.floats("c03.target");
            assertEquals(2 * 9 * 7, classes.length);
            int used = 0;
            for (float value : classes) {
                assertEquals(Math.rint(value), value);
                assertTrue(value >= 0 && value < file.entry("c03.input").dims()[1], "class " + value);
                used |= 1 << (int) value;
            }
            assertTrue(Integer.bitCount(used) > 1, "more than one class");

            float[] input = file.floats("c01.input");
            float[] target = file.floats("c01.target");
            double sum = 0;
            for (int i = 0; i < input.length; i++) {
                sum += Math.abs((double) input[i] - target[i]);
            }
            assertEquals(sum / input.length, file.floats("c01.output")[0], 1e-6);
        }
    }

    @Test
    void writesTheBytesThatTheReferenceLibraryWrites() throws IOException {
        Path reference = REFERENCE.resolve("activation.safetensors");
        Path copy = folder.resolve("copy.safetensors");
        try (Safetensors file = Safetensors.open(reference)) {
            List<TensorData> tensors = new ArrayList<>();
            for (TensorEntry entry : file.entries()) {
                tensors.addFirst(TensorData.of(entry.name(), entry.shape(), file.floats(entry.name())));
            }
            SafetensorsWriter.write(copy, tensors, file.metadata());
        }
        assertEquals(-1, Files.mismatch(reference, copy));
    }

    @Test
    void returnsEveryBitThatWasWritten() {
        // Longer than the writer's buffer, with every kind of float in it.
        float[] large = new float[700_001];
        for (int i = 0; i < large.length; i++) {
            large[i] = Float.intBitsToFloat(i * 6101);
        }
        Path file = folder.resolve("weights.safetensors");
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment matrix = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1, 2, 3, 4, 5, 6);
            SafetensorsWriter.write(
                    file,
                    List.of(
                            TensorData.of("large", Shape.of(700_001), large),
                            TensorData.of("matrix", Shape.of(2, 3), matrix),
                            TensorData.of("scalar é", Shape.of(), -0f)),
                    Map.of("step", "7", "note", "\"quoted\"\nline"));
        }
        try (Safetensors read = Safetensors.open(file);
                Arena arena = Arena.ofConfined()) {
            assertEquals(Map.of("step", "7", "note", "\"quoted\"\nline"), read.metadata());
            assertEquals(List.of("large", "matrix", "scalar é"), read.names());
            assertArrayEquals(bits(large), bits(read.floats("large")));
            assertEquals(Shape.of(), read.entry("scalar é").shape());
            assertArrayEquals(new int[] {Float.floatToRawIntBits(-0f)}, bits(read.floats("scalar é")));
            MemorySegment target = arena.allocate(24, 4);
            read.copyFloats("matrix", target);
            assertArrayEquals(new float[] {1, 2, 3, 4, 5, 6}, target.toArray(ValueLayout.JAVA_FLOAT));
        }
    }

    @Test
    void anEmptyFileIsOneWithoutTensors() {
        Path file = folder.resolve("empty.safetensors");
        SafetensorsWriter.write(file, List.of(), Map.of());
        try (Safetensors read = Safetensors.open(file)) {
            assertTrue(read.names().isEmpty());
            assertTrue(read.metadata().isEmpty());
        }
    }

    @Test
    void convertsEveryStoredType() throws IOException {
        long big = 1L << 40;
        assertReads("F64", littleEndian(16).putDouble(0.1).putDouble(-1e300).array(), 0.1f, Float.NEGATIVE_INFINITY);
        assertReads("F32", littleEndian(8).putFloat(0.1f).putFloat(Float.NaN).array(), 0.1f, Float.NaN);
        assertReads(
                "F16",
                littleEndian(4).putShort((short) 0xc000).putShort((short) 1).array(),
                -2,
                0x1p-24f);
        assertReads(
                "BF16",
                littleEndian(4)
                        .putShort((short) 0x3f80)
                        .putShort((short) 0xff80)
                        .array(),
                1,
                Float.NEGATIVE_INFINITY);
        assertReads("I64", littleEndian(16).putLong(-big).putLong(999).array(), -big, 999);
        assertReads("I32", littleEndian(8).putInt(-5).putInt(1 << 30).array(), -5, 1 << 30);
        assertReads(
                "I16",
                littleEndian(4).putShort((short) -2).putShort((short) 300).array(),
                -2,
                300);
        assertReads("I8", new byte[] {-128, 127}, -128, 127);
        assertReads("U64", littleEndian(16).putLong(-1).putLong(3).array(), 0x1p64f, 3);
        assertReads("U32", littleEndian(8).putInt(-1).putInt(3).array(), 0x1p32f, 3);
        assertReads(
                "U16", littleEndian(4).putShort((short) -1).putShort((short) 3).array(), 65535, 3);
        assertReads("U8", new byte[] {-1, 3}, 255, 3);
        assertReads("BOOL", new byte[] {1, 0}, 1, 0);
    }

    @Test
    void convertsEveryHalfPrecisionNumberExactly() throws IOException {
        byte[] data = new byte[1 << 17];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) (i % 2 == 0 ? i / 2 : i / 2 >> 8);
        }
        for (String type : List.of("F16", "BF16")) {
            String header = "{" + entry("x", type, "[65536]", 0, data.length) + "}";
            Path file = RawSafetensors.write(folder.resolve(type), header.getBytes(StandardCharsets.UTF_8), data);
            float[] expected = PlainReader.read(file).tensors().get("x").floats();
            try (Safetensors read = Safetensors.open(file)) {
                float[] values = read.floats("x");
                // subnormals of both signs, both zeros, infinities and NaNs are among them
                for (int i = 0; i < values.length; i++) {
                    assertEquals(expected[i], values[i], type + " " + Integer.toHexString(i));
                }
            }
        }
    }

    @Test
    void convertsTensorsLongerThanOneChunk() throws IOException {
        int count = 10_001;
        byte[] data = new byte[count * 2];
        for (int i = 0; i < count; i++) {
            data[2 * i] = (byte) i;
            data[2 * i + 1] = (byte) (i >> 8);
        }
        String header = "{" + entry("x", "U16", "[" + count + "]", 0, data.length) + "}";
        Path file = RawSafetensors.write(folder.resolve("x"), header.getBytes(StandardCharsets.UTF_8), data);
        try (Safetensors read = Safetensors.open(file)) {
            float[] values = read.floats("x");
            for (int i = 0; i < count; i++) {
                assertEquals(i, values[i]);
            }
        }
    }

    @Test
    void copyingTakesNoHeapWhateverTheTensorsSize() throws IOException {
        int elements = 1 << 23;
        String header = "{" + entry("x", "F16", "[" + elements + "]", 0, 2L * elements) + "}";
        Path file = RawSafetensors.write(folder.resolve("x"), header, 2 * elements);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Safetensors read = Safetensors.open(file);
                Arena arena = Arena.ofConfined()) {
            MemorySegment target = arena.allocate(4L * elements, 4);
            read.copyFloats("x", target);
            long before = threads.getCurrentThreadAllocatedBytes();
            read.copyFloats("x", target);
            long bytes = threads.getCurrentThreadAllocatedBytes() - before;
            assertTrue(bytes < 1 << 20, bytes + " bytes for a tensor of " + 4L * elements);
        }
    }

    @Test
    void anEmptyTensorIsReadButHasNoShapeForAModel() throws IOException {
        String header = "{" + entry("none", "F32", "[3,0]", 0, 0) + "," + entry("one", "F32", "[1]", 0, 4) + "}";
        try (Safetensors read = Safetensors.open(RawSafetensors.write(folder.resolve("x"), header, 4))) {
            assertEquals(0, read.entry("none").elements());
            assertArrayEquals(new long[] {3, 0}, read.entry("none").dims());
            assertEquals(0, read.floats("none").length);
            Problem.expect(() -> read.entry("none").shape(), "\"none\"", "[3, 0]", "axes of length 1");
        }
    }

    @Test
    void aMissingTensorIsNamedWithWhatIsThere() {
        Path file = folder.resolve("weights.safetensors");
        SafetensorsWriter.write(file, List.of(TensorData.of("conv.weight", Shape.of(1), 1f)), Map.of());
        try (Safetensors read = Safetensors.open(file)) {
            assertFalse(read.contains("conv.bias"));
            Problem.expect(() -> read.floats("conv.bias"), file, "\"conv.bias\"", "1 tensors", "\"conv.weight\"");
        }
    }

    @Test
    void aTargetOfAnotherSizeIsRefused() {
        Path file = folder.resolve("weights.safetensors");
        SafetensorsWriter.write(file, List.of(TensorData.of("w", Shape.of(2), 1f, 2f)), Map.of());
        try (Safetensors read = Safetensors.open(file)) {
            Problem.expect(
                    () -> read.copyFloats("w", MemorySegment.ofArray(new float[3])),
                    file,
                    "\"w\"",
                    "3 elements",
                    "found: 2");
        }
    }

    @Test
    void readingAfterCloseIsAnErrorAndClosingTwiceIsNot() {
        Path file = folder.resolve("weights.safetensors");
        SafetensorsWriter.write(file, List.of(TensorData.of("w", Shape.of(1), 1f)), Map.of());
        Safetensors read = Safetensors.open(file);
        read.close();
        read.close();
        Problem.expect(() -> read.floats("w"), file, "closed", "open it again");
    }

    /** The thread stays interrupted, so that those who called notice, too. */
    @Test
    void anInterruptIsNotTakenForAChange() {
        Path file = folder.resolve("w.safetensors");
        SafetensorsWriter.write(file, List.of(TensorData.of("w", Shape.of(2), 1, 2)), Map.of());
        try (Safetensors read = Safetensors.open(file)) {
            Thread.currentThread().interrupt();
            Problem.expect(() -> read.floats("w"), file, "closed while it was being read", "an interrupt");
            assertTrue(Thread.currentThread().isInterrupted());
            Problem.expect(() -> Safetensors.open(file), file, "closed while it was being read", "an interrupt");
        } finally {
            assertTrue(Thread.interrupted());
        }
    }

    @Test
    void aFileCutShortWhileMappedIsAnErrorAndNoCrash() throws IOException {
        for (String type : List.of("F32", "F16")) {
            int bytes = 1 << 20;
            int elements = bytes / StoredType.valueOf(type).bytes();
            String header = "{" + entry("w", type, "[" + elements + "]", 0, bytes) + "}";
            Path file = RawSafetensors.write(folder.resolve(type), header, bytes);
            try (Safetensors read = Safetensors.open(file)) {
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                    channel.truncate(4096);
                }
                Problem.expect(() -> read.floats("w"), file, "changed while it was being read");
            }
        }
    }

    @Test
    void aFileWrittenOverWhileOpenIsAnError() throws IOException {
        Path file = folder.resolve("weights.safetensors");
        SafetensorsWriter.write(file, List.of(TensorData.of("w", Shape.of(2), 1f, 2f)), Map.of());
        try (Safetensors read = Safetensors.open(file)) {
            Files.setLastModifiedTime(file, FileTime.fromMillis(1));
            Problem.expect(() -> read.floats("w"), file, "changed while it was being read");
        }
    }

    /** The file that was opened lives on under no name. */
    @Test
    void aFileThatIsReplacedOrDeletedWhileOpenIsReadAsItWas() throws IOException {
        Path file = folder.resolve("weights.safetensors");
        SafetensorsWriter.write(file, List.of(TensorData.of("w", Shape.of(2), 1f, 2f)), Map.of());
        try (Safetensors read = Safetensors.open(file)) {
            SafetensorsWriter.write(file, List.of(TensorData.of("w", Shape.of(2), 3f, 4f)), Map.of());
            assertArrayEquals(new float[] {1, 2}, read.floats("w"));
            Files.delete(file);
            assertArrayEquals(new float[] {1, 2}, read.floats("w"));
        }
    }

    @Test
    void partsOfATensor() {
        Path file = folder.resolve("weights.safetensors");
        SafetensorsWriter.write(file, List.of(TensorData.of("w", Shape.of(4), 1f, 2f, 3f, 4f)), Map.of());
        try (Safetensors read = Safetensors.open(file)) {
            float[] part = new float[2];
            read.copyFloats("w", 1, MemorySegment.ofArray(part));
            assertArrayEquals(new float[] {2, 3}, part);
            Problem.expect(() -> read.copyFloats("w", 3, MemorySegment.ofArray(part)), file, "from 3 on, 2 in all");
        }
    }

    private void assertReads(String type, byte[] data, float... expected) throws IOException {
        String header = "{" + entry("x", type, "[2]", 0, data.length) + "}";
        Path file = RawSafetensors.write(folder.resolve(type), header.getBytes(StandardCharsets.UTF_8), data);
        try (Safetensors read = Safetensors.open(file)) {
            assertArrayEquals(expected, read.floats("x"), type);
        }
    }

    private static int[] bits(float[] values) {
        int[] bits = new int[values.length];
        for (int i = 0; i < bits.length; i++) {
            bits[i] = Float.floatToRawIntBits(values[i]);
        }
        return bits;
    }
}
