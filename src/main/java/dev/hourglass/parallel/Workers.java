package dev.hourglass.parallel;

import dev.hourglass.error.HourglassException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/**
 * A fixed pool of threads that work on numbered items together with the caller. Which thread does which item is left to chance, what an
 * item is to the caller's shapes alone, so results do not depend on the number of threads. A dispatch allocates nothing; between
 * dispatches threads spin for a moment and then park.
 */
public final class Workers implements AutoCloseable {

    /** Work that comes in numbered items. */
    @FunctionalInterface
    public interface Task {

        /**
         * Does one item.
         *
         * @param item from 0 to the number of items, exclusive; each is done once
         * @param worker from 0 to {@link Workers#threads()}, exclusive; no two items run with the same number at once, so it picks
         *     scratch memory
         */
        void run(int item, int worker);
    }

    /** What the names of the pool's own threads begin with. */
    public static final String THREAD_NAME = "hourglass-worker-";

    private static final int SPINS = 20_000;
    private static final int CLOSED = Integer.MAX_VALUE;
    private static final VarHandle TICKET;
    private static final VarHandle DONE;

    static {
        try {
            MethodHandles.Lookup lookup = MethodHandles.lookup();
            TICKET = lookup.findVarHandle(Workers.class, "ticket", long.class);
            DONE = lookup.findVarHandle(Workers.class, "done", int.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Thread[] helpers;

    /**
     * The dispatch's number in the high half, its next item in the low half; {@link #CLOSED} there means that no item may be taken. A
     * helper that read the fields of one dispatch cannot take an item of another, because the number differs.
     */
    private volatile long ticket = CLOSED;

    private volatile int done;
    private volatile boolean stopped;
    private volatile boolean callerParked;
    private volatile Throwable failure;
    private Thread caller;
    private Task task;
    private int items;

    /**
     * Starts the pool.
     *
     * @param threads how many threads work, the caller of {@link #run} included; at least 1
     */
    public Workers(int threads) {
        if (threads < 1) {
            throw HourglassException.what("too few threads")
                    .expected("at least 1")
                    .found(threads)
                    .build();
        }
        helpers = new Thread[threads - 1];
        for (int k = 0; k < helpers.length; k++) {
            int worker = k + 1;
            helpers[k] = Thread.ofPlatform().daemon().name(THREAD_NAME + worker).start(() -> help(worker));
        }
    }

    /** One thread for each processor that the JVM may use. */
    public static int defaultThreads() {
        return Runtime.getRuntime().availableProcessors();
    }

    /** The number of threads, callers included. */
    public int threads() {
        return helpers.length + 1;
    }

    /**
     * Does items 0 to {@code items}, exclusive, and returns when all are done. Callers take turns. The first exception that an item
     * throws is thrown here, after the other items are done or skipped.
     */
    public synchronized void run(Task task, int items) {
        if (stopped) {
            throw new IllegalStateException("the workers are stopped");
        }
        if (helpers.length == 0 || items <= 1) {
            for (int item = 0; item < items; item++) {
                task.run(item, 0);
            }
            return;
        }
        long dispatch = (ticket >>> 32) + 1;
        this.task = task;
        this.items = items;
        caller = Thread.currentThread();
        failure = null;
        done = 0;
        ticket = dispatch << 32;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
        work(0);
        awaitDone(items);
        ticket = dispatch << 32 | CLOSED;
        this.task = null;
        rethrow();
    }

    private void awaitDone(int items) {
        for (int spin = 0; done < items && spin < SPINS; spin++) {
            Thread.onSpinWait();
        }
        callerParked = true;
        while (done < items) {
            LockSupport.park(this);
        }
        callerParked = false;
    }

    private void rethrow() {
        Throwable thrown = failure;
        if (thrown instanceof RuntimeException e) {
            throw e;
        }
        if (thrown instanceof Error e) {
            throw e;
        }
    }

    private void help(int worker) {
        long seen = ticket >>> 32;
        while (!stopped) {
            for (int spin = 0; ticket >>> 32 == seen && spin < SPINS; spin++) {
                Thread.onSpinWait();
            }
            while (ticket >>> 32 == seen && !stopped) {
                LockSupport.park(this);
            }
            seen = ticket >>> 32;
            work(worker);
        }
    }

    /** Takes items until none is left. */
    private void work(int worker) {
        while (true) {
            long now = ticket;
            int item = (int) now;
            Task current = task;
            int count = items;
            if (item >= count || current == null) {
                return;
            }
            // Succeeds only if the ticket is still that of the dispatch whose task and count were read.
            if (TICKET.compareAndSet(this, now, now + 1)) {
                perform(current, item, worker);
                if ((int) DONE.getAndAdd(this, 1) + 1 == count && callerParked) {
                    LockSupport.unpark(caller);
                }
            }
        }
    }

    private void perform(Task current, int item, int worker) {
        try {
            if (failure == null) {
                current.run(item, worker);
            }
        } catch (RuntimeException | Error e) {
            failure = e;
        }
    }

    /** Ends the threads. Closing twice is harmless. */
    @Override
    public synchronized void close() {
        stopped = true;
        for (Thread helper : helpers) {
            LockSupport.unpark(helper);
        }
    }
}
