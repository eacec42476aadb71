package dev.hourglass.parallel;

import java.util.Arrays;

/**
 * Threads in teams of equal size: teams work on different items side by side, and the threads of a team help each other with one item.
 * Teams meet only at the end, which matters where their threads share no cache.
 */
public final class Teams implements AutoCloseable {

    private final Workers[] teams;
    private final Workers leaders;
    private final boolean ownsLeaders;

    /**
     * Divides threads; those that are left over idle.
     *
     * @param all whose threads these are; not to be used while teams are at work
     * @param count how many teams, from 1 to all threads
     */
    public Teams(Workers all, int count) {
        teams = new Workers[count];
        Arrays.setAll(teams, team -> count == 1 ? all : new Workers(all.threads() / count));
        ownsLeaders = count > 1 && count < all.threads();
        leaders = ownsLeaders ? new Workers(count) : all;
    }

    /** The number of teams. */
    public int count() {
        return teams.length;
    }

    /** The threads of one team. */
    public Workers team(int index) {
        return teams[index];
    }

    /** Does items 0 to {@code items}, exclusive, as {@link Workers#run} does, with the number of a team in place of a worker's. */
    public void run(Workers.Task task, int items) {
        if (teams.length > 1) {
            leaders.run(task, items);
            return;
        }
        for (int item = 0; item < items; item++) {
            task.run(item, 0);
        }
    }

    /** Ends the threads that were started here. Closing twice is harmless. */
    @Override
    public void close() {
        if (teams.length > 1) {
            for (Workers team : teams) {
                team.close();
            }
        }
        if (ownsLeaders) {
            leaders.close();
        }
    }
}
