package dev.hourglass.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.memory.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@Tag("once")
class AtomicFilesTest {

    @TempDir
    Path folder;

    @Test
    void writesReplacesAndLeavesNothingElse() throws IOException {
        Path file = folder.resolve("new/folder/a.txt");
        AtomicFiles.write(file, bytes("first and longer"));
        AtomicFiles.write(file, bytes("second"));
        assertEquals("second", Files.readString(file));
        assertEquals(List.of("a.txt"), Problem.namesIn(file.getParent()));
    }

    @Test
    void theOldFileIsThereUntilTheNewOneIsComplete() throws IOException {
        Path file = Files.writeString(folder.resolve("a.txt"), "old");
        AtomicFiles.write(file, channel -> {
            channel.write(ByteBuffer.wrap(bytes("ne")));
            assertEquals("old", Files.readString(file));
            channel.write(ByteBuffer.wrap(bytes("w")));
        });
        assertEquals("new", Files.readString(file));
    }

    @Test
    void aFailureMidwayLeavesTheOldFileAndNoTemporaryOne() throws IOException {
        Path file = Files.writeString(folder.resolve("a.txt"), "old");
        Problem.expect(
                () -> AtomicFiles.write(file, channel -> {
                    channel.write(ByteBuffer.wrap(bytes("half")));
                    throw new IOException("No space left on device");
                }),
                file,
                "could not be written",
                "No space left on device",
                "free space");
        assertThrows(
                ArithmeticException.class,
                () -> AtomicFiles.write(file, channel -> {
                    channel.write(ByteBuffer.wrap(bytes("half")));
                    throw new ArithmeticException();
                }));
        assertEquals("old", Files.readString(file));
        assertEquals(List.of("a.txt"), Problem.namesIn(folder));
    }

    @Test
    void aTensorThatFailsMidwayLeavesTheOldModelAndNoTemporaryFile() throws IOException {
        Path file = folder.resolve("weights.safetensors");
        SafetensorsWriter.write(file, List.of(TensorData.of("a", Shape.of(1), 1f)), Map.of());
        byte[] old = Files.readAllBytes(file);
        TensorData good = TensorData.of("a", Shape.of(2), 1f, 2f);
        TensorData throwing = new TensorData("b", Shape.of(2), () -> {
            throw new IllegalStateException("the model is closed");
        });
        TensorData wrong = TensorData.of("b", Shape.of(2), 1f, 2f, 3f);

        assertThrows(
                IllegalStateException.class, () -> SafetensorsWriter.write(file, List.of(good, throwing), Map.of()));
        Problem.expect(
                () -> SafetensorsWriter.write(file, List.of(good, wrong), Map.of()),
                file,
                "\"b\"",
                "2 floats for [2]",
                "found: 3");
        Problem.expect(() -> SafetensorsWriter.write(file, List.of(good, good), Map.of()), file, "\"a\"", "taken");
        Problem.expect(
                () -> SafetensorsWriter.write(file, List.of(TensorData.of("__metadata__", Shape.of(1), 1f)), Map.of()),
                "__metadata__",
                "taken");

        assertEquals(-1, ByteBuffer.wrap(old).mismatch(ByteBuffer.wrap(Files.readAllBytes(file))));
        assertEquals(List.of("weights.safetensors"), Problem.namesIn(folder));
    }

    @Test
    void dataIsAskedForOneTensorAtATime() {
        Path file = folder.resolve("weights.safetensors");
        float[] shared = new float[1];
        TensorData first = new TensorData("a", Shape.of(1), () -> filled(shared, 1));
        TensorData second = new TensorData("b", Shape.of(1), () -> filled(shared, 2));
        SafetensorsWriter.write(file, List.of(second, first), Map.of());
        try (Safetensors read = Safetensors.open(file)) {
            assertEquals(1, read.floats("a")[0]);
            assertEquals(2, read.floats("b")[0]);
        }
    }

    @Test
    void aFolderBelowAFileIsRefused() throws IOException {
        Path obstacle = Files.writeString(folder.resolve("taken"), "old");
        Path below = obstacle.resolve("runs");
        Problem.expect(
                () -> AtomicFiles.requireWritableFolder(below),
                below,
                "cannot write into this folder",
                "choose another");
        Problem.expect(() -> AtomicFiles.requireWritableFolder(obstacle), obstacle, "cannot write into this folder");
        Problem.expect(() -> AtomicFiles.write(below.resolve("a.txt"), bytes("x")), below, "cannot write into");
        assertEquals("old", Files.readString(obstacle));
        assertEquals(List.of("taken"), Problem.namesIn(folder));
    }

    @Test
    void aWritableFolderIsMadeAndLeftEmpty() throws IOException {
        Path runs = folder.resolve("runs/first");
        AtomicFiles.requireWritableFolder(runs);
        AtomicFiles.requireWritableFolder(runs);
        assertTrue(Problem.namesIn(runs).isEmpty());
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void aFolderThatTheSystemForbidsIsRefused() {
        // Nobody, not even root, makes files here.
        Path forbidden = Path.of("/proc/self/fd");
        if (Files.isDirectory(forbidden)) {
            Problem.expect(
                    () -> AtomicFiles.requireWritableFolder(forbidden), forbidden, "cannot write into this folder");
        }
    }

    @Test
    void aNameThatIsTooLongLeavesNothing() throws IOException {
        Path file = folder.resolve("x".repeat(300));
        Problem.expect(() -> AtomicFiles.write(file, bytes("x")), "could not be written", "xxx");
        assertTrue(Problem.namesIn(folder).isEmpty());
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void devicesAndFoldersAreNotReplaced() throws IOException {
        Path device = Path.of("/dev/full");
        Problem.expect(
                () -> AtomicFiles.write(device, bytes("x")), device, "not a file that can be replaced", "special");
        assertFalse(Files.isRegularFile(device));
        Path other = Files.createDirectory(folder.resolve("other"));
        Problem.expect(() -> AtomicFiles.write(other, bytes("x")), other, "found: a folder");
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void othersMayReadTheFileAsFarAsTheUmaskAllows() throws IOException {
        Path ordinary = Files.writeString(folder.resolve("ordinary"), "x");
        Path atomic = folder.resolve("atomic");
        AtomicFiles.write(atomic, bytes("x"));
        assertEquals(Files.getPosixFilePermissions(ordinary), Files.getPosixFilePermissions(atomic));
    }

    private static MemorySegment filled(float[] array, float value) {
        array[0] = value;
        return MemorySegment.ofArray(array);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
