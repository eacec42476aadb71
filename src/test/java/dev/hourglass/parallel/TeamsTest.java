package dev.hourglass.parallel;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TeamsTest {

    @ParameterizedTest
    @CsvSource({"1,1", "2,1", "2,2", "4,2", "5,2", "6,3"})
    void everyTeamDoesItemsWithAllOfItsThreads(int threads, int count) {
        try (Workers all = new Workers(threads);
                Teams teams = new Teams(all, count)) {
            assertEquals(count, teams.count());
            AtomicIntegerArray done = new AtomicIntegerArray(7 * 11);
            for (int team = 0; team < count; team++) {
                assertEquals(threads / count, teams.team(team).threads());
            }
            teams.run(
                    (item, team) ->
                            teams.team(team).run((inner, worker) -> done.incrementAndGet(item * 11 + inner), 11),
                    7);
            int[] times = new int[done.length()];
            Arrays.setAll(times, done::get);
            int[] once = new int[times.length];
            Arrays.fill(once, 1);
            assertArrayEquals(once, times);
        }
    }

    /** Items that wait for each other end only if the teams, and in each team the threads, are at work at the same time. */
    @Test
    void teamsWorkAtTheSameTime() {
        try (Workers all = new Workers(4);
                Teams teams = new Teams(all, 2)) {
            CyclicBarrier meeting = new CyclicBarrier(4);
            teams.run((item, team) -> teams.team(team).run((inner, worker) -> await(meeting), 2), 2);
            assertEquals(0, meeting.getNumberWaiting());
        }
    }

    private static void await(CyclicBarrier meeting) {
        try {
            meeting.await(20, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whatAnItemThrowsArrives() {
        try (Workers all = new Workers(4);
                Teams teams = new Teams(all, 2)) {
            IllegalStateException thrown = assertThrows(
                    IllegalStateException.class,
                    () -> teams.run(
                            (item, team) -> teams.team(team)
                                    .run(
                                            (inner, worker) -> {
                                                throw new IllegalStateException("inside");
                                            },
                                            2),
                            2));
            assertTrue(thrown.getMessage().contains("inside"));
        }
    }
}
