package dev.hourglass.parallel;

import dev.hourglass.error.HourglassException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/**
 * A fixed pool of threads that work on numbered items together with the caller. Each thread begins with a share of its own, neighbouring
 * items, and then helps the others: from one dispatch to the next a thread mostly meets what it wrote itself, in its own caches. On
 * processors whose threads share no cache that halves the time of a pass. Who does an item never matters to the results. A
 * dispatch allocates nothing; between dispatches threads spin for a moment and then park.
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
    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

    /** Longs from one thread's numbers to the next's: two cache lines, because processors fetch them in pairs. */
    private static final int APART = 16;

    private final Thread[] helpers;

    /**
     * For each thread the dispatch's number in the high half and how many items of its share are taken in the low half; {@link #CLOSED}
     * there means that none may be taken. A helper that read the fields of one dispatch cannot take an item of another, because the
     * number differs.
     */
    private final long[] shares;

    /** How many items each thread has done, ever. Each writes its own number, so that threads do not wait for each other's cache lines. */
    private final long[] done;

    /**
     * For each thread 1 while it is parked, or about to look for the last time whether to park. Waking a thread takes longer than such a
     * look, and those that still spin need no waking. The helper writes here before it reads {@link #dispatch}, the caller the other way
     * round, so one of them sees the other.
     */
    private final long[] parked;

    private volatile long dispatch;
    private volatile boolean stopped;
    private volatile boolean callerParked;
    private volatile Throwable failure;
    private Thread caller;
    private Task task;
    private int items;
    private long asked; // items of all dispatches so far

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
        shares = new long[(threads + 1) * APART]; // the first numbers lie clear of the array's header
        done = new long[(threads + 1) * APART];
        parked = new long[(threads + 1) * APART];
        setShares(CLOSED);
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
        long number = dispatch + 1;
        this.task = task;
        this.items = items;
        caller = Thread.currentThread();
        failure = null;
        asked += items;
        setShares(number << 32);
        dispatch = number;
        wakeParked();
        work(0);
        awaitDone();
        setShares(number << 32 | CLOSED);
        this.task = null;
        rethrow();
    }

    private void wakeParked() {
        for (int k = 0; k < helpers.length; k++) {
            if ((long) LONGS.getVolatile(parked, at(k + 1)) != 0) {
                LockSupport.unpark(helpers[k]);
            }
        }
    }

    private void setShares(long value) {
        for (int k = 0; k < threads(); k++) {
            LONGS.setVolatile(shares, at(k), value);
        }
    }

    private void awaitDone() {
        for (int spin = 0; !allDone() && spin < SPINS; spin++) {
            Thread.onSpinWait();
        }
        callerParked = true;
        while (!allDone()) {
            LockSupport.park(this);
        }
        callerParked = false;
    }

    private boolean allDone() {
        long sum = 0;
        for (int k = 0; k < threads(); k++) {
            sum += (long) LONGS.getVolatile(done, at(k));
        }
        return sum == asked;
    }

    private static int at(int thread) {
        return (thread + 1) * APART;
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
        long seen = 0;
        while (!stopped) {
            for (int spin = 0; dispatch == seen && spin < SPINS; spin++) {
                Thread.onSpinWait();
            }
            if (dispatch == seen) {
                park(worker, seen);
            }
            seen = dispatch;
            work(worker);
        }
    }

    private void park(int worker, long seen) {
        LONGS.setVolatile(parked, at(worker), 1L);
        while (dispatch == seen && !stopped) {
            LockSupport.park(this);
        }
        LONGS.setVolatile(parked, at(worker), 0L);
    }

    /** Takes items of its own share until none is left, then of the others'. */
    private void work(int worker) {
        int threads = threads();
        for (int k = 0; k < threads; k++) {
            share((worker + k) % threads, threads, worker);
        }
        if (callerParked) {
            LockSupport.unpark(caller);
        }
    }

    /** Takes items of one share until none is left. */
    private void share(int share, int threads, int worker) {
        while (true) {
            long now = (long) LONGS.getVolatile(shares, at(share));
            Task current = task;
            int count = items;
            int first = (int) ((long) count * share / threads);
            int size = (int) ((long) count * (share + 1) / threads) - first;
            int taken = (int) now;
            if (taken >= size || current == null) {
                return;
            }
            // Succeeds only if the share is still that of the dispatch whose task and count were read.
            if (LONGS.compareAndSet(shares, at(share), now, now + 1)) {
                perform(current, first + taken, worker);
                LONGS.setVolatile(done, at(worker), (long) LONGS.get(done, at(worker)) + 1);
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
