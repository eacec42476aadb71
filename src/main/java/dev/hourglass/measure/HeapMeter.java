package dev.hourglass.measure;

import com.sun.management.ThreadMXBean;
import dev.hourglass.parallel.Workers;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Objects;

/** Counts the heap bytes that the calling thread and the workers that exist now allocate; a progress bar's thread is not among them. */
final class HeapMeter {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private final long[] ids = Arrays.stream(THREADS.getThreadInfo(THREADS.getAllThreadIds()))
            .filter(Objects::nonNull)
            .filter(info -> info.getThreadId() == Thread.currentThread().threadId()
                    || info.getThreadName().startsWith(Workers.THREAD_NAME))
            .mapToLong(info -> info.getThreadId())
            .toArray();
    private long cost;
    private long begin;

    /** Begins to count. */
    void start() {
        // Asking allocates on the asking thread, which is one of those asked about: what it costs just now is taken
        // off.
        long before = allocated();
        begin = allocated();
        cost = begin - before;
    }

    /** The bytes since {@link #start}. */
    long bytes() {
        return Math.max(0, allocated() - begin - cost);
    }

    private long allocated() {
        long sum = 0;
        for (long id : ids) {
            sum += THREADS.getThreadAllocatedBytes(id);
        }
        return sum;
    }
}
