package dev.hourglass.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Memory that Linux backs with pages of 2 MiB. Convolutions walk through many places a few kilobytes apart, and with pages of 4 KiB the
 * processor's table of addresses is too small for them. Where the system has no such pages, or the application allows no native access
 * ({@code --enable-native-access}), or with {@code -Dhourglass.hugePages=false}, memory comes from the JDK.
 */
final class HugePages {

    /** The size of such a page on x86-64 and, in the usual configuration, on arm64. */
    static final long SIZE = 2L << 20;

    private static final int READ_WRITE = 3;
    private static final int PRIVATE_ANONYMOUS = 0x22;
    private static final int MADV_HUGEPAGE = 14;
    private static final long MAP_FAILED = -1;

    private static final boolean AVAILABLE = available();
    private static final MethodHandle MMAP = find(
            "mmap",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_LONG,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_INT,
                    ValueLayout.JAVA_LONG));
    private static final MethodHandle MADVISE = find(
            "madvise",
            FunctionDescriptor.of(
                    ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT));
    private static final MethodHandle MUNMAP =
            find("munmap", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));

    private HugePages() {}

    private static boolean available() {
        return Boolean.parseBoolean(System.getProperty("hourglass.hugePages", "true"))
                && System.getProperty("os.name").equals("Linux")
                && ValueLayout.ADDRESS.byteSize() == Long.BYTES
                && HugePages.class.getModule().isNativeAccessEnabled();
    }

    /** A function of the C library that the JVM itself runs on. */
    @SuppressWarnings("restricted")
    private static MethodHandle find(String name, FunctionDescriptor descriptor) {
        if (!AVAILABLE) {
            return null;
        }
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), descriptor);
    }

    /** Whether memory of this size comes from here: it fills a page, and the system is one that may have them. */
    static boolean suit(long bytes) {
        return AVAILABLE && bytes >= SIZE;
    }

    /**
     * Zeroed memory that begins with a page; the arena gives it back when it closes.
     *
     * @throws OutOfMemoryError when the system refuses it
     */
    @SuppressWarnings("restricted")
    static MemorySegment allocate(long bytes, Arena arena) {
        long mapped = bytes + SIZE;
        long from = map(mapped);
        long first = (from + SIZE - 1) / SIZE * SIZE;
        advise(first, bytes);
        return MemorySegment.ofAddress(first).reinterpret(bytes, arena, memory -> unmap(from, mapped));
    }

    private static long map(long bytes) {
        try {
            long address = (long) MMAP.invokeExact(0L, bytes, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0L);
            if (address == MAP_FAILED) {
                throw new OutOfMemoryError("the system gives no " + bytes + " bytes");
            }
            return address;
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** A wish: kernels without huge pages say no, and small ones do. */
    private static void advise(long address, long bytes) {
        try {
            int ignored = (int) MADVISE.invokeExact(address, bytes, MADV_HUGEPAGE);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static void unmap(long address, long bytes) {
        try {
            int ignored = (int) MUNMAP.invokeExact(address, bytes);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /** Handles declare everything and throw nothing but errors. */
    private static RuntimeException unexpected(Throwable e) {
        if (e instanceof Error error) {
            throw error;
        }
        return new IllegalStateException(e);
    }
}
