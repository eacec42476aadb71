package dev.hourglass.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Small slabs come from the JDK, large ones in huge pages where there are any: both are zeroed, aligned, whole and given back. */
class SlabTest {

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 4_000, HugePages.SIZE - 1, HugePages.SIZE, 3 * HugePages.SIZE + 4})
    void memoryIsZeroedAlignedAndWhole(long bytes) {
        try (Slab slab = Slab.open("a test", bytes)) {
            MemorySegment memory = slab.slice(0, slab.bytes());
            assertTrue(memory.byteSize() >= bytes);
            assertEquals(0, memory.address() % Slab.ALIGNMENT);
            assertEquals(-1, memory.mismatch(MemorySegment.ofArray(new byte[Math.toIntExact(memory.byteSize())])));
            memory.fill((byte) 7);
            assertEquals(7, memory.get(ValueLayout.JAVA_BYTE, memory.byteSize() - 1));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {4_000, 3 * HugePages.SIZE})
    void aClosedSlabIsRefusedAndItsMemoryIsGone(long bytes) {
        Slab slab = Slab.open("a test", bytes);
        MemorySegment memory = slab.slice(0, bytes);
        slab.close();
        assertThrows(IllegalStateException.class, () -> memory.get(ValueLayout.JAVA_BYTE, 0));
    }

    /** What the mission's speed is measured with: where Linux has huge pages for those who ask, tensors stand in them. */
    @Test
    void largeSlabsStandInHugePages() throws IOException {
        assumeTrue(HugePages.suit(64 * HugePages.SIZE), "no huge pages on this system, or no native access");
        Path setting = Path.of("/sys/kernel/mm/transparent_hugepage/enabled");
        assumeTrue(
                Files.exists(setting) && !Files.readString(setting).contains("[never]"),
                "this kernel has no huge pages");
        try (Slab slab = Slab.open("a test", 64 * HugePages.SIZE)) {
            MemorySegment memory = slab.slice(0, slab.bytes());
            memory.fill((byte) 1);
            assertTrue((mapping(memory.address(), "VmFlags:") + " ").contains(" hg "), "huge pages were asked for");
            long huge =
                    Long.parseLong(mapping(memory.address(), "AnonHugePages:").replaceAll("\\D", ""));
            assumeTrue(huge > 0, "the system has no huge page left");
            assertTrue(huge >= 63 * HugePages.SIZE / 1024 / 2, huge + " KiB in huge pages");
        }
    }

    /** A line from the kernel's list of this process's mappings: each begins with a line of its addresses. */
    private static String mapping(long address, String key) throws IOException {
        List<String> lines = Files.readAllLines(Path.of("/proc/self/smaps"));
        boolean inside = false;
        for (String line : lines) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                String[] ends = line.substring(0, line.indexOf(' ')).split("-");
                inside = Long.parseUnsignedLong(ends[0], 16) <= address
                        && Long.compareUnsigned(address, Long.parseUnsignedLong(ends[1], 16)) < 0;
            } else if (inside && line.startsWith(key)) {
                return line;
            }
        }
        throw new IllegalStateException("no mapping holds the address");
    }
}
