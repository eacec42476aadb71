package dev.hourglass.parallel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.hourglass.error.HourglassException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("once")
class WorkersTest {

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void everyItemIsDoneOnce(int threads) {
        try (Workers workers = new Workers(threads)) {
            for (int dispatch = 0; dispatch < 2000; dispatch++) {
                int items = dispatch % 37;
                AtomicIntegerArray done = new AtomicIntegerArray(Math.max(items, 1));
                workers.run((item, worker) -> done.incrementAndGet(item), items);
                for (int item = 0; item < items; item++) {
                    assertEquals(1, done.get(item), "dispatch " + dispatch + ", item " + item);
                }
            }
        }
    }

    @Test
    void noTwoItemsShareAWorkerAtOnce() {
        try (Workers workers = new Workers(4)) {
            AtomicIntegerArray busy = new AtomicIntegerArray(4);
            AtomicIntegerArray clashes = new AtomicIntegerArray(1);
            for (int dispatch = 0; dispatch < 200; dispatch++) {
                workers.run(
                        (item, worker) -> {
                            clashes.addAndGet(0, busy.incrementAndGet(worker) == 1 ? 0 : 1);
                            Thread.onSpinWait();
                            busy.decrementAndGet(worker);
                        },
                        64);
            }
            assertEquals(0, clashes.get(0));
        }
    }

    @Test
    void anItemsExceptionReachesTheCallerAndThePoolGoesOn() {
        try (Workers workers = new Workers(3)) {
            IllegalStateException broken = new IllegalStateException("item 5");
            IllegalStateException thrown = assertThrows(
                    IllegalStateException.class,
                    () -> workers.run(
                            (item, worker) -> {
                                if (item == 5) {
                                    throw broken;
                                }
                            },
                            20));
            assertSame(broken, thrown);
            AtomicIntegerArray done = new AtomicIntegerArray(20);
            workers.run((item, worker) -> done.incrementAndGet(item), 20);
            for (int item = 0; item < 20; item++) {
                assertEquals(1, done.get(item));
            }
        }
    }

    /** Items that wait for each other end only if every thread comes, after whatever pause: spinning, about to park, or parked. */
    @Test
    void noThreadSleepsThroughADispatch() {
        try (Workers workers = new Workers(3)) {
            for (int dispatch = 0; dispatch < 300; dispatch++) {
                LockSupport.parkNanos(dispatch * 20_000L);
                CountDownLatch all = new CountDownLatch(3);
                AtomicIntegerArray met = new AtomicIntegerArray(3);
                workers.run((item, worker) -> met.set(item, await(all) ? 1 : 0), 3);
                assertEquals("[1, 1, 1]", met.toString(), "dispatch " + dispatch);
            }
        }
    }

    private static boolean await(CountDownLatch all) {
        all.countDown();
        try {
            return all.await(20, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void refusesNoThreads() {
        assertTrue(assertThrows(HourglassException.class, () -> new Workers(0))
                .getMessage()
                .contains("at least 1"));
    }

    @Test
    void refusesWorkAfterClose() {
        Workers workers = new Workers(2);
        workers.close();
        assertThrows(IllegalStateException.class, () -> workers.run((item, worker) -> {}, 4));
    }
}
