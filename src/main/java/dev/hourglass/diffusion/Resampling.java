package dev.hourglass.diffusion;

import dev.hourglass.error.HourglassException;
import java.util.stream.IntStream;

/**
 * How often stretches of steps are taken while a part of an image is drawn anew (RePaint, arXiv 2201.09865, section 4.2): each time but
 * the last the image gets as much noise again as the stretch took away, so that what is drawn comes to fit what is kept.
 *
 * @param times how often each stretch is taken, at least 1; once is no resampling
 * @param jump steps of a stretch, at least 1
 */
public record Resampling(int times, int jump) {

    /** Every step once. */
    public static final Resampling NONE = new Resampling(1, 1);

    /** Streams of random numbers count steps in so many bits. */
    private static final int MOST_STEPS = 1 << Streams.STEP_BITS;

    /** Checks the numbers. */
    public Resampling {
        if (times < 1 || jump < 1) {
            throw HourglassException.what("no way to resample")
                    .expected("stretches of at least 1 step, taken at least once")
                    .found("stretches of " + jump + ", taken " + times + " times")
                    .build();
        }
    }

    /**
     * The steps in the order in which they are taken; one that is not greater than the one before follows on going back. Stretches end
     * where diffusers' {@code RePaintScheduler} ends them: at multiples of the jump, counted from the last step.
     *
     * @param first the first step
     * @param steps the number of all steps
     * @throws HourglassException when there is no such stretch, or there would be too many steps
     */
    int[] walk(int first, int steps) {
        if (times == 1) {
            return IntStream.range(first, steps).toArray();
        }
        int count = steps - first;
        if (jump >= count) {
            throw HourglassException.what("there are too few steps to resample")
                    .expected("more than " + jump + " steps, for stretches of " + jump)
                    .found(count)
                    .mend("take more steps, or shorter stretches")
                    .build();
        }
        int[] again = new int[count]; // by the steps left after a stretch
        for (int left = 0; left < count - jump; left += jump) {
            again[left] = times - 1;
        }
        long all = count + (long) jump * IntStream.of(again).asLongStream().sum();
        if (all >= MOST_STEPS) {
            throw HourglassException.what("resampling would take too many steps")
                    .expected("fewer than " + MOST_STEPS)
                    .found(all)
                    .mend("resample less often")
                    .build();
        }
        int[] walk = new int[(int) all];
        int left = count;
        for (int k = 0; k < walk.length; k++) {
            left--;
            walk[k] = steps - 1 - left;
            if (again[left] > 0) {
                again[left]--;
                left += jump;
            }
        }
        return walk;
    }
}
