package dev.hourglass.memory;

import com.sun.management.OperatingSystemMXBean;
import dev.hourglass.error.HourglassException;
import java.lang.management.ManagementFactory;
import java.util.Locale;

/**
 * Whether a block of memory can be had, asked before anything is allocated: the system property {@code hourglass.memory.limit}
 * (bytes, or a number with k, m or g) where it is set, otherwise what the machine, or the container the JVM runs in, has in all.
 */
public final class MemoryBudget {

    /** The system property that caps the size of one slab. */
    public static final String LIMIT_PROPERTY = "hourglass.memory.limit";

    private MemoryBudget() {}

    /** The largest slab allowed, in bytes. */
    public static long limit() {
        String limit = System.getProperty(LIMIT_PROPERTY);
        if (limit != null) {
            return parse(limit);
        }
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getTotalMemorySize();
    }

    /** Throws unless {@code bytes} stay within {@link #limit}. */
    public static void require(String purpose, long bytes) {
        long limit = limit();
        if (bytes > limit) {
            throw refused(purpose, bytes, "at most " + format(limit) + " allowed");
        }
    }

    static HourglassException refused(String purpose, long bytes, String found) {
        return HourglassException.what("too little memory")
                .where(purpose)
                .expected(format(bytes) + " off-heap")
                .found(found)
                .mend("use a smaller batch or image, a machine with more memory, or raise -D" + LIMIT_PROPERTY
                        + " or -XX:MaxDirectMemorySize")
                .build();
    }

    /** A byte count for people: {@code 13.4 MiB}. */
    public static String format(long bytes) {
        if (bytes < 1024) {
            return bytes + " B";
        }
        double value = bytes;
        String[] units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
        int unit = 0;
        while (value >= 1024 && unit < units.length - 1) {
            value /= 1024;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
    }

    private static long parse(String limit) {
        String text = limit.trim().toLowerCase(Locale.ROOT);
        int shift = text.endsWith("k") ? 10 : text.endsWith("m") ? 20 : text.endsWith("g") ? 30 : 0;
        String digits = shift == 0 ? text : text.substring(0, text.length() - 1);
        try {
            return Math.multiplyExact(Long.parseLong(digits), 1L << shift);
        } catch (NumberFormatException | ArithmeticException e) {
            throw HourglassException.what("not a memory size")
                    .where("-D" + LIMIT_PROPERTY)
                    .expected("bytes, or a number with k, m or g, such as 2g")
                    .found(limit)
                    .build();
        }
    }
}
